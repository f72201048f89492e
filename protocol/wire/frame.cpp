#include <node_proxy/protocol/wire/frame.hpp>

#include <algorithm>
#include <cassert>
#include <utility>

#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/wire/bare_types.hpp>

namespace node_proxy::internal {

namespace {

std::uint32_t decode_length(bytes_view front) noexcept {
  std::uint32_t result = 0;
  for (auto i = frame_length_size; i-- > 0;)
    result = result << 8 | std::to_integer<std::uint32_t>(front[i]);
  return result;
}

} // namespace

void deframer::handle_input(bytes_view input) {
  if (error_)
    return;
  keep_rest();
  input_ = input;
}

void deframer::keep_rest() {
  if (!in_buffer_) {
    buffer_.assign(rest_.begin(), rest_.end());
    rest_ = buffer_;
    in_buffer_ = true;
  }
  take_over(input_.size());
  if (rest_.empty())
    buffer_ = block_vector<std::byte>{};
}

/// Adds the next `size` octets of the input to the rest in the buffer.
void deframer::take_over(std::size_t size) {
  if (size == 0)
    return;
  auto whole = rest_.size() + size;
  make_room(size);
  buffer_.insert(buffer_.end(), input_.begin(),
                 input_.begin() + static_cast<std::ptrdiff_t>(size));
  rest_ = bytes_view{buffer_}.last(whole);
  input_ = input_.subspan(size);
}

// Makes room for `size` more octets. What was taken out is closed up when that
// moves no more than it frees, or else before the buffer has to grow. As bodies
// are taken out after each input, what moves is less than a frame, at most
// twice per frame, however small the inputs and the frames are.
void deframer::make_room(std::size_t size) {
  auto begin = buffer_.size() - rest_.size();
  if (begin >= rest_.size() || buffer_.size() + size > buffer_.capacity())
    buffer_.erase(buffer_.begin(),
                  buffer_.begin() + static_cast<std::ptrdiff_t>(begin));
  auto needed = buffer_.size() + size;
  if (needed > buffer_.capacity())
    buffer_.reserve(needed + std::min(needed, max_body_ + frame_length_size));
}

expected<std::optional<bytes_view>, frame_error> deframer::poll_body() {
  for (;;) {
    auto size = next_size();
    if (!size)
      return unexpected{size.error()};
    if (rest_.size() >= *size && *size > frame_length_size) {
      auto body = rest_.first(*size).subspan(frame_length_size);
      rest_ = rest_.subspan(*size);
      return body;
    }
    if (input_.empty()) {
      keep_rest();
      return std::nullopt;
    }
    if (rest_.empty()) {
      // What lies in the input in one piece stays there.
      rest_ = std::exchange(input_, {});
      in_buffer_ = false;
    } else {
      take_over(std::min(*size - rest_.size(), input_.size()));
    }
  }
}

/// The size of the next frame; that of its length as long as this is not there.
expected<std::size_t, frame_error> deframer::next_size() {
  if (!error_) {
    if (rest_.size() < frame_length_size)
      return frame_length_size;
    auto length = decode_length(rest_);
    if (length > 0 && length <= max_body_)
      return frame_length_size + length;
    error_ =
      length == 0 ? frame_error::length_zero : frame_error::length_over_limit;
    rest_ = {};
    input_ = {};
    // Nor is the buffer needed any more.
    keep_rest();
  }
  return unexpected{*error_};
}

void append_frame_length(bytes& out, std::size_t body_size) {
  assert(body_size > 0 && body_size <= limits::frame_body);
  for (std::size_t i = 0; i < frame_length_size; ++i)
    out.push_back(static_cast<std::byte>(body_size >> (8 * i)));
}

void append_handshake_frame(bytes& out, frame_kind kind, bytes_view message) {
  assert(!is_sealed(kind));
  // union tag | data
  append_frame_length(out, 1 + uint_size(message.size()) + message.size());
  append_uint(out, static_cast<std::uint64_t>(kind));
  append_uint(out, message.size());
  append(out, message);
}

expected<parsed_body, frame_error> parse_body(bytes_view body) {
  constexpr auto malformed = unexpected{frame_error::malformed};
  auto rest = body;
  // union tag
  auto tag = take_uint(rest);
  if (!tag)
    return malformed;
  if (*tag >= enum_names<frame_kind>.size())
    return unexpected{frame_error::unknown_kind};
  parsed_body result;
  result.kind = static_cast<frame_kind>(*tag);
  if (is_sealed(result.kind)) {
    // seq or counter
    auto number = take_uint(rest);
    if (!number)
      return malformed;
    if (*number >= limits::sequence_end)
      return unexpected{frame_error::number_too_large};
    result.number = *number;
    // union tag of encrypted_msg
    auto cipher = take_uint(rest);
    if (!cipher)
      return malformed;
    if (*cipher == 0)
      return unexpected{frame_error::null_cipher};
    auto suite = cipher_suite_of(*cipher);
    if (!suite)
      return unexpected{frame_error::unknown_cipher};
    result.cipher = *suite;
  }
  // data
  auto size = take_uint(rest);
  if (!size || *size != rest.size())
    return malformed;
  if (!is_sealed(result.kind)) {
    result.payload = rest;
    return result;
  }
  if (rest.size() < aead_tag_size)
    return malformed;
  result.associated_data = body.first(body.size() - rest.size());
  result.ciphertext = rest;
  return result;
}

} // namespace node_proxy::internal
