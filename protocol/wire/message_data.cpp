#include <node_proxy/protocol/wire/message_data.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

#include <node_proxy/protocol/wire/bare.hpp>

namespace node_proxy::internal {

// -- encoding -----------------------------------------------------------------

expected<message_data, bare_error>
message_codec::encode(const engine_msg& msg) {
  if (!encoder_)
    encoder_ = std::make_unique<encoder>();
  if (!is_like_last(*encoder_, msg))
    if (auto ok = encode_head(*encoder_, msg); !ok)
      return unexpected{ok.error()};
  return message_data{encoder_->head, msg.msg};
}

bool message_codec::is_like_last(const encoder& x, const engine_msg& msg) {
  return !x.head.empty() && x.last.payload_size == msg.msg.size()
         && x.last.sender == msg.sender.name && x.last.mailbox == msg.mailbox;
}

expected<void, bare_error> message_codec::encode_head(encoder& x,
                                                      const engine_msg& msg) {
  constexpr std::size_t other_fields = 32;
  x.head = {};
  bytes head;
  head.reserve(msg.sender.name.size() + other_fields);
  auto& archive = x.archive;
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
  x.last = {msg.sender.name, msg.mailbox, msg.msg.size()};
  x.head = shared_bytes{std::move(head)};
  return {};
}

// -- decoding -----------------------------------------------------------------

expected<message_view, bare_error>
message_codec::decode(bytes_view serialized) {
  if (!decoder_)
    decoder_ = std::make_unique<decoder>();
  auto& x = *decoder_;
  // The same octets in front of as many others mean the same.
  auto head = x.head.size();
  auto is_like_last =
    head > 0 && serialized.size() == head + x.last.payload_size
    && std::memcmp(serialized.data(), x.head.data(), head) == 0;
  auto payload = serialized.subspan(std::min(head, serialized.size()));
  if (!is_like_last) {
    auto decoded = decode_fields(x, serialized);
    if (!decoded)
      return unexpected{decoded.error()};
    payload = *decoded;
  }
  return message_view{x.last.sender, x.last.mailbox, payload};
}

/// @returns the payload.
expected<bytes_view, bare_error>
message_codec::decode_fields(decoder& x, bytes_view serialized) {
  x.head.clear();
  bytes_view bare;
  auto& archive = x.archive;
  archive.restart(serialized);
  archive(sole_alternative{bare});
  if (!archive.error() && !archive.rest().empty())
    return unexpected{bare_error::trailing_bytes};
  bytes_view payload;
  if (!archive.error()) {
    archive.restart(bare);
    archive(bounded<limits::engine_name>(x.last.sender), x.last.mailbox,
            payload);
  }
  if (archive.error())
    return unexpected{*archive.error()};
  if (!archive.rest().empty())
    return unexpected{bare_error::trailing_bytes};
  x.last.payload_size = payload.size();
  auto head = serialized.first(serialized.size() - payload.size());
  x.head.assign(head.begin(), head.end());
  return payload;
}

} // namespace node_proxy::internal
