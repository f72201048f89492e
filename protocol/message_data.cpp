#include <node_proxy/protocol/message_data.hpp>

#include <algorithm>

#include <node_proxy/protocol/bare.hpp>

namespace node_proxy {

expected<message_data, bare_error>
message_codec::encode(const engine_msg& msg) {
  constexpr std::size_t other_fields = 64;
  message_data result;
  auto& head = result.head;
  head.reserve(msg.sender.name.size() + msg.target.name.size() + other_fields);
  auto& archive = archives_->output;
  archive.restart(head);
  std::optional<node_id> known_to_both;
  archive(known_to_both, bounded<limits::engine_name>(msg.sender.name),
          known_to_both, bounded<limits::engine_name>(msg.target.name),
          msg.mailbox);
  if (archive.error())
    return unexpected{*archive.error()};
  append_uint(head, msg.msg.size());
  // In front of the fields come the tag of the `serialized_msg` and the length
  // of its data, which is known only now.
  auto fields = head.size();
  append_uint(head, 0);
  append_uint(head, fields + msg.msg.size());
  std::ranges::rotate(head, head.begin() + static_cast<std::ptrdiff_t>(fields));
  result.payload = msg.msg;
  return result;
}

expected<message_view, bare_error>
message_codec::decode(bytes_view serialized) {
  bytes_view bare;
  auto& archive = archives_->input;
  archive.restart(serialized);
  archive(sole_alternative{bare});
  if (!archive.error() && !archive.rest().empty())
    return unexpected{bare_error::trailing_bytes};
  message_view result;
  if (!archive.error()) {
    archive.restart(bare);
    archive(result.sender, result.target, result.mailbox, result.payload);
  }
  if (archive.error())
    return unexpected{*archive.error()};
  if (!archive.rest().empty())
    return unexpected{bare_error::trailing_bytes};
  return result;
}

} // namespace node_proxy
