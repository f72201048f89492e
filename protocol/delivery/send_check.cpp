#include <node_proxy/protocol/delivery/send_check.hpp>

namespace node_proxy::internal {

expected<deadline, send_error>
check_send(const node_out_msg& msg,
           const expected<message_data, bare_error>& encoded,
           const send_way& way, timestamp now, time_limit limit) {
  const auto& sender = msg.msg.sender;
  const auto& target = msg.msg.target;
  if (sender.node && *sender.node != way.from)
    return unexpected{send_error::wrong_sender};
  if (target.node && *target.node != way.to)
    return unexpected{send_error::wrong_target};
  auto expires = deadline_of(msg.expiry, now, limit);
  if (!expires)
    return unexpected{send_error::bad_expiry};
  if (!encoded || !is_engine_name(target.name))
    return unexpected{send_error::malformed};
  auto size = encoded->size();
  if (size > way.max_message.value_or(size) || size + way.overhead > way.room)
    return unexpected{send_error::too_large};
  if (has_passed(*expires, now))
    return unexpected{send_error::expired};
  return *expires;
}

} // namespace node_proxy::internal
