// Frames: how a stream of octets is cut into bodies, and what a body is
// (PROTOCOL.md, "Frames").

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <node_proxy/base/block_allocator.hpp>
#include <node_proxy/messages/basics.hpp>
#include <node_proxy/messages/field.hpp>
#include <node_proxy/protocol/crypto/cipher_suite.hpp>

namespace node_proxy::internal {

/// The kinds of frames. The values are the tags on the wire.
enum class frame_kind : std::uint8_t {
  handshake_init,
  handshake_reply,
  node_msg,
  unreliable,
  control,
};

/// Whether the frames of this kind are sealed; the others are of the handshake.
[[nodiscard]] constexpr bool is_sealed(frame_kind kind) noexcept {
  return kind >= frame_kind::node_msg;
}

/// What the peer did wrong.
enum class frame_error : std::uint8_t {
  length_zero,
  /// The length exceeds what is allowed at this time.
  length_over_limit,
  unknown_kind,
  /// The message is not encrypted.
  null_cipher,
  unknown_cipher,
  /// The number is not below `limits::sequence_end`.
  number_too_large,
  /// The body ends early, goes on after its end, or is not canonical BARE.
  malformed,
};

/// The octets of the length in front of each body: u32, little-endian.
inline constexpr std::size_t frame_length_size = 4;

/// Cuts a stream into bodies. Those that lie in one input are found there; only
/// a frame that several inputs have parts of is copied, and beyond that it
/// allocates at most one more frame. Take out all there is after each input.
class deframer {
public:
  /// Bodies have at most `max_body` octets.
  explicit deframer(std::size_t max_body) noexcept : max_body_{max_body} {}

  /// Another limit, for the lengths that have not been read yet.
  void set_max_body(std::size_t max_body) noexcept { max_body_ = max_body; }

  /// Takes the next octets of the stream, which must stay until all that is
  /// there was taken out or `keep_rest` was called. After an error nothing
  /// happens.
  void handle_input(bytes_view input);

  /// Copies what was not taken out, as the last input is about to go.
  void keep_rest();

  /// Takes out the next body if it is complete. It lives until the next call of
  /// whatever function. Errors: length_zero, length_over_limit, as soon as the
  /// length is there; an error stays.
  [[nodiscard]] expected<std::optional<bytes_view>, frame_error> poll_body();

  /// How many octets of the stream were not taken out. If this is not zero
  /// after everything was polled, a frame is unfinished.
  [[nodiscard]] std::size_t buffered() const noexcept {
    return rest_.size() + input_.size();
  }

private:
  expected<std::size_t, frame_error> next_size();
  void take_over(std::size_t size);
  void make_room(std::size_t size);

  block_vector<std::byte> buffer_;
  // What comes next: the end of `buffer_`, or of the last input.
  bytes_view rest_;
  bool in_buffer_ = true;
  // What comes after a rest in `buffer_`.
  bytes_view input_;
  std::size_t max_body_;
  std::optional<frame_error> error_;
};

/// Appends the length of a body, which has 1 to `limits::frame_body` octets.
void append_frame_length(bytes& out, std::size_t body_size);

/// Appends a message of the handshake as a frame of that kind.
void append_handshake_frame(bytes& out, frame_kind kind, bytes_view message);

/// A body, taken apart. All views refer to the body.
struct parsed_body {
  frame_kind kind = frame_kind::handshake_init;
  /// Of the handshake: the Noise message. Empty if sealed.
  bytes_view payload;
  /// Of a sealed frame: its number in the space that `kind` names.
  std::uint64_t number = 0;
  cipher_suite cipher = cipher_suite::chacha20_poly1305;
  /// All octets before the ciphertext, which its tag covers, too.
  bytes_view associated_data;
  /// With the tag, thus at least `aead_tag_size` octets.
  bytes_view ciphertext;
};

/// Takes a body apart, canonical encodings only. Errors: unknown_kind,
/// null_cipher, unknown_cipher, number_too_large, malformed.
[[nodiscard]] expected<parsed_body, frame_error> parse_body(bytes_view body);

} // namespace node_proxy::internal

namespace node_proxy {

template <>
inline constexpr std::array<std::string_view, 5>
  enum_names<internal::frame_kind>{"handshake_init", "handshake_reply",
                                   "node_msg", "unreliable", "control"};

template <>
inline constexpr std::array<std::string_view, 7>
  enum_names<internal::frame_error>{
    "length_zero",    "length_over_limit", "unknown_kind", "null_cipher",
    "unknown_cipher", "number_too_large",  "malformed"};

} // namespace node_proxy
