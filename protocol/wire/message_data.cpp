#include <node_proxy/protocol/wire/message_data.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

#include <node_proxy/protocol/wire/bare.hpp>

namespace node_proxy::internal {

message_codec::archives& message_codec::both() {
  if (!archives_)
    archives_ = std::make_unique<archives>();
  return *archives_;
}

// -- encoding -----------------------------------------------------------------

expected<message_data, bare_error>
message_codec::encode(const engine_msg& msg) {
  if (!is_like_last(msg))
    if (auto ok = encode_head(msg); !ok)
      return unexpected{ok.error()};
  return message_data{encoded_head_, msg.msg};
}

bool message_codec::is_like_last(const engine_msg& msg) const {
  return !encoded_head_.empty() && encoded_.payload_size == msg.msg.size()
         && encoded_.sender == msg.sender.name
         && encoded_.mailbox == msg.mailbox;
}

expected<void, bare_error> message_codec::encode_head(const engine_msg& msg) {
  constexpr std::size_t other_fields = 32;
  encoded_head_ = {};
  bytes head;
  head.reserve(msg.sender.name.size() + other_fields);
  auto& archive = both().output;
  archive.restart(head);
  archive(bounded<limits::engine_name>(msg.sender.name), msg.mailbox);
  if (archive.error())
    return unexpected{*archive.error()};
  append_uint(head, msg.msg.size());
  // In front of the fields come the tag of the `serialized_msg` and the length
  // of its data, which is known only now.
  auto fields_size = head.size();
  append_uint(head, 0);
  append_uint(head, fields_size + msg.msg.size());
  std::rotate(head.begin(),
              head.begin() + static_cast<std::ptrdiff_t>(fields_size),
              head.end());
  encoded_ = {msg.sender.name, msg.mailbox, msg.msg.size()};
  encoded_head_ = shared_bytes{std::move(head)};
  return {};
}

// -- decoding -----------------------------------------------------------------

expected<message_view, bare_error>
message_codec::decode(bytes_view serialized) {
  // The same octets in front of as many others mean the same.
  auto head = decoded_head_.size();
  auto is_like_last =
    head > 0 && serialized.size() == head + decoded_.payload_size
    && std::memcmp(serialized.data(), decoded_head_.data(), head) == 0;
  auto payload = serialized.subspan(std::min(head, serialized.size()));
  if (!is_like_last) {
    auto decoded = decode_fields(serialized);
    if (!decoded)
      return unexpected{decoded.error()};
    payload = *decoded;
  }
  return message_view{decoded_.sender, decoded_.mailbox, payload};
}

/// @returns the payload.
expected<bytes_view, bare_error>
message_codec::decode_fields(bytes_view serialized) {
  decoded_head_.clear();
  bytes_view bare;
  auto& archive = both().input;
  archive.restart(serialized);
  archive(sole_alternative{bare});
  if (!archive.error() && !archive.rest().empty())
    return unexpected{bare_error::trailing_bytes};
  bytes_view payload;
  if (!archive.error()) {
    archive.restart(bare);
    archive(bounded<limits::engine_name>(decoded_.sender), decoded_.mailbox,
            payload);
  }
  if (archive.error())
    return unexpected{*archive.error()};
  if (!archive.rest().empty())
    return unexpected{bare_error::trailing_bytes};
  decoded_.payload_size = payload.size();
  auto head = serialized.first(serialized.size() - payload.size());
  decoded_head_.assign(head.begin(), head.end());
  return payload;
}

} // namespace node_proxy::internal
