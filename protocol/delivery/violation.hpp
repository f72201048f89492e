// How a peer can break the rules of an established connection.

#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <node_proxy/messages/field.hpp>

namespace node_proxy::internal {

/// A rule that a peer broke with a frame that was opened (PROTOCOL.md,
/// "Errors"). The connection is of no use after any of them.
enum class violation : std::uint8_t {
  // -- of a connection --------------------------------------------------------
  /// The first frame is no `control::resume`.
  no_resume,
  /// A `control::resume` that is not the first frame.
  second_resume,
  /// More adverts than may be sent.
  too_many_adverts,
  /// Numbers were left out, of chunks or of channels.
  out_of_order,

  // -- of sending -------------------------------------------------------------
  /// A channel that is not open.
  unknown_channel,
  /// A channel to an engine to which one is open, or more than
  /// `limits::channels`.
  bad_open,
  /// Something in the channel is not acknowledged or not settled.
  bad_close,
  /// A chunk without a byte.
  empty_chunk,
  /// A fragment that is not the last has another size than `limits::fragment`,
  /// or a message another one than it announced.
  bad_fragment,
  /// A message that is longer than what is taken.
  message_too_long,
  /// More bytes are outstanding than a window allows.
  beyond_window,
  /// A range of numbers without a number in it, or beyond
  /// `limits::sequence_end`.
  bad_range,
  /// A claim that what is here and not consumed was acknowledged, or that more
  /// is settled than was consumed.
  beyond_received,

  // -- of acknowledgement -----------------------------------------------------
  /// A window without room for one chunk.
  bad_window,
  /// It claims to have what was never sent.
  beyond_sent,
  /// It acknowledges half of a message.
  inside_message,
  /// It rejects what is no message, or is none any more.
  bad_reject,
};

} // namespace node_proxy::internal

namespace node_proxy {

template <>
inline constexpr std::array<std::string_view, 17>
  enum_names<internal::violation>{
    "no_resume",       "second_resume",    "too_many_adverts", "out_of_order",
    "unknown_channel", "bad_open",         "bad_close",        "empty_chunk",
    "bad_fragment",    "message_too_long", "beyond_window",    "bad_range",
    "beyond_received", "bad_window",       "beyond_sent",      "inside_message",
    "bad_reject"};

} // namespace node_proxy
