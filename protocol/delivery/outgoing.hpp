// What messages have to be said on a connection.

#pragma once

#include <cstddef>
#include <variant>

#include <node_proxy/protocol/delivery/outbox.hpp>
#include <node_proxy/protocol/wire/chunk_list.hpp>
#include <node_proxy/protocol/wire/control.hpp>

namespace node_proxy::internal {

/// How much of that a connection takes at present.
struct transmit_room {
  /// Whether it takes control frames that answer messages.
  bool control = false;
  /// Bytes of chunk list that fit a `node_msg` frame, and an `unreliable` one;
  /// 0 if there is no room for messages.
  std::size_t messages = 0;
  std::size_t unreliable = 0;
};

/// The chunks of an `unreliable` frame. They live until the next are polled.
struct unreliable_chunks {
  chunk_list chunks;
};

/// One frame to be sealed.
using outgoing = std::variant<control::frame, chunk_batch, unreliable_chunks>;

} // namespace node_proxy::internal
