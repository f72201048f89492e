// Control frames: what two connected nodes tell each other besides messages
// (PROTOCOL.md, "Control frames").

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <node_proxy/messages/limits.hpp>
#include <node_proxy/messages/node_advert.hpp>
#include <node_proxy/messages/transport_prefs.hpp>
#include <node_proxy/protocol/wire/bare.hpp>

namespace node_proxy::internal::control {

/// Which numbers of an epoch have arrived.
struct received_state {
  std::uint64_t epoch = 0;
  /// The lowest number that has not arrived.
  std::uint64_t next = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(cereal::make_nvp("epoch", fixed_u64{epoch}), CEREAL_NVP(next));
  }

  friend bool operator==(const received_state&,
                         const received_state&) = default;
};

/// The first sealed frame in each direction: where to go on.
struct resume {
  /// The lowest number that this side may still send.
  std::uint64_t first = 0;
  /// What this side has of the other's numbers.
  std::optional<received_state> received;
  /// What each channel may have outstanding here from its beginning on, see
  /// `channel_ack::window`; at least `limits::min_channel_window`.
  std::uint64_t window = limits::min_channel_window;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(first), CEREAL_NVP(received), CEREAL_NVP(window));
  }

  friend bool operator==(const resume&, const resume&) = default;
};

/// Why a message does not count as taken by an engine.
enum class reject_reason : std::uint8_t {
  unknown_engine,
  malformed,
  engine_gone,
  engine_failed,
};

/// A message that no engine has taken.
struct reject {
  /// The first number of the message.
  std::uint64_t seq = 0;
  reject_reason reason = reject_reason::unknown_engine;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(seq), CEREAL_NVP(reason));
  }

  friend bool operator==(const reject&, const reject&) = default;
};

/// Acknowledges consumed messages of a channel, and says how many more there
/// may be.
struct channel_ack {
  std::uint64_t channel = 0;
  /// Messages of the channel with numbers below it are consumed.
  std::uint64_t next = 0;
  /// Bytes of messages of the channel that may be outstanding from `next` on.
  std::uint64_t window = 0;
  /// All rejects of the channel that are not settled, ascending.
  std::vector<reject> rejects;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(
      CEREAL_NVP(channel), CEREAL_NVP(next), CEREAL_NVP(window),
      cereal::make_nvp("rejects", bounded<limits::unsettled_rejects>(rejects)));
  }

  friend bool operator==(const channel_ack&, const channel_ack&) = default;
};

/// What is new of channels.
struct ack {
  std::vector<channel_ack> channels;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(cereal::make_nvp("channels", bounded<limits::channels>(channels)));
  }

  friend bool operator==(const ack&, const ack&) = default;
};

/// The sender has noted all rejects of a channel below `next`.
struct settled {
  std::uint64_t channel = 0;
  std::uint64_t next = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(channel), CEREAL_NVP(next));
  }

  friend bool operator==(const settled&, const settled&) = default;
};

/// The numbers from `from` up to but without `to` will never be sent.
struct void_range {
  std::uint64_t from = 0;
  std::uint64_t to = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(from), CEREAL_NVP(to));
  }

  friend bool operator==(const void_range&, const void_range&) = default;
};

/// A sign of life.
struct heartbeat {
  template <class Archive>
  void serialize(Archive&) {}

  friend bool operator==(heartbeat, heartbeat) = default;
};

/// The last frame under the present key of its direction.
struct rekey {
  template <class Archive>
  void serialize(Archive&) {}

  friend bool operator==(rekey, rekey) = default;
};

/// Why a connection ends. On the wire a number; unknown numbers read as
/// `other`, which is never sent.
enum class goodbye_reason : std::uint8_t {
  shutdown,
  idle,
  superseded,
  over_capacity,
  denied,
  protocol_error,
  limit,
  displaced,
  other,
};

/// The last frame of a direction.
struct goodbye {
  std::uint64_t reason = 0;
  /// This side has nothing queued and nothing unacknowledged.
  bool finished = false;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(reason), CEREAL_NVP(finished));
  }

  friend bool operator==(const goodbye&, const goodbye&) = default;
};

/// The reason that `number` stands for.
[[nodiscard]] goodbye_reason goodbye_reason_of(std::uint64_t number);

/// A frame of a later version that this one may ignore (tag 128 or above).
struct unknown {
  std::uint64_t tag = 0;
};

/// From now on `channel` names the messages to one engine. Numbers of channels
/// ascend by one on each connection, from 0.
struct open {
  std::uint64_t channel = 0;
  /// The engine.
  std::string target;
  /// Channels to one engine differ in it.
  transport_ordering ordering = transport_ordering::ordered;
  /// What the other side has said last about the channel's window, on whichever
  /// connection, or its `resume::window`.
  std::uint64_t window = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(channel),
            cereal::make_nvp("target", bounded<limits::engine_name>(target)),
            CEREAL_NVP(ordering), CEREAL_NVP(window));
  }

  friend bool operator==(const open&, const open&) = default;
};

/// All channels in which something is not acknowledged are open. Of others
/// nothing needs to be remembered.
struct reopened {
  template <class Archive>
  void serialize(Archive&) {}

  friend bool operator==(reopened, reopened) = default;
};

/// Nothing more comes in a channel, in which all is acknowledged and settled.
struct close {
  std::uint64_t channel = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(channel));
  }

  friend bool operator==(const close&, const close&) = default;
};

/// The rest of a message does not come any more.
struct abort {
  std::uint64_t channel = 0;
  /// The message's first number.
  std::uint64_t first = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(channel), CEREAL_NVP(first));
  }

  friend bool operator==(const abort&, const abort&) = default;
};

/// Any control frame, tags in this order from 0; `unknown` has no tag.
using frame =
  std::variant<resume, open, reopened, close, abort, void_range, ack, settled,
               node_advert, heartbeat, rekey, goodbye, unknown>;

/// The plaintext of a control frame. Must not be called with `unknown`.
[[nodiscard]] bytes encode_frame(const frame& x);

/// Reads the plaintext of a control frame.
/// @returns `bad_tag` for an unknown tag below 128, `too_long` beyond
///          `limits::control_body`, or the error of the frame's own fields.
[[nodiscard]] expected<frame, bare_error> decode_frame(bytes_view plaintext);

} // namespace node_proxy::internal::control

namespace node_proxy {

template <>
inline constexpr std::array<std::string_view, 4>
  enum_names<internal::control::reject_reason>{"unknown_engine", "malformed",
                                               "engine_gone", "engine_failed"};

template <>
inline constexpr std::array<std::string_view, 9>
  enum_names<internal::control::goodbye_reason>{
    "shutdown",       "idle",  "superseded", "over_capacity", "denied",
    "protocol_error", "limit", "displaced",  "other"};

} // namespace node_proxy
