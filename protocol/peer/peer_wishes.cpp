#include <node_proxy/protocol/peer/peer_wishes.hpp>

namespace node_proxy::internal {

bool peer_wishes::wants_connection() const {
  auto has_messages = delivery_.has_messages();
  if (stopping_)
    return stopping_->draining && has_messages;
  return permanent_ || wanted_once_ || has_messages;
}

bool peer_wishes::drains(steady_time now) const {
  return stopping_ && stopping_->draining && now < stopping_->deadline
         && delivery_.has_messages()
         && (connections_.holds_or_tries()
             || (may_dial() && connections_.has_addresses()));
}

std::optional<steady_time> peer_wishes::dormant_from() const {
  if (stopping_ || !connections_.at_rest() || wants_connection()
      || !delivery_.at_rest())
    return std::nullopt;
  // Whoever sends again and again does not have it dialled at once each time.
  if (finished() && connections_.rebuffed())
    return connections_.pace().not_before;
  return steady_time{};
}

} // namespace node_proxy::internal
