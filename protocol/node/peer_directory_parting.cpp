// Peers that an operator wants disconnected or forgotten.

#include <node_proxy/protocol/node/peer_directory.hpp>

namespace node_proxy::internal {

parting_result peer_directory::disconnection(const node_id& id,
                                             steady_time now) {
  if (!knows(id, now))
    return parting_result::unknown;
  return permanent_.contains(id) ? parting_result::permanent
                                 : parting_result::ok;
}

node_parting peer_directory::loss(const node_id& id, steady_time now) {
  node_parting result;
  if (!knows(id, now)) {
    result.result = parting_result::unknown;
    return result;
  }
  // It was told the epoch of what would be forgotten.
  if (!served_.find(id) && requests_.contain(id))
    result.result = parting_result::under_way;
  result.advert = adverts_.find(id) != nullptr;
  result.permanence = permanent_.contains(id);
  result.record = served_.find(id) || record(id, now);
  return result;
}

void peer_directory::handle_forgotten(const node_id& id) {
  handle_permanence(id, connection_permanence::ephemeral);
  if (served_.find(id))
    to_forget_.insert(id);
  else
    drop(id);
}

void peer_directory::handle_forget_answer(const node_id& id, bool agreed) {
  auto is_same = asked_to_forget_.erase(id) > 0;
  if (agreed && is_same)
    handle_forgotten(id);
  else if (agreed)
    handle_permanence(id, connection_permanence::ephemeral);
}

bool peer_directory::knows(const node_id& id, steady_time now) {
  return id != self_->id() && (served_.find(id) || has_way_to(id, now));
}

/// Nothing is left of a peer that is not served.
void peer_directory::drop(const node_id& id) {
  book_.erase(id);
  adverts_.handle_forgotten(id);
  troubles_.handle_forgotten(id);
  turned_away_.handle_forgotten(id);
  forget_connected(id);
  drop_forgotten();
}

} // namespace node_proxy::internal
