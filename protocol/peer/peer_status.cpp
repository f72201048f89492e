// What a peer says of itself to operators.

#include <node_proxy/protocol/peer/peer.hpp>

#include <node_proxy/protocol/crypto/cipher_suite.hpp>

namespace node_proxy::internal {

namespace {

template <class Status>
void name_place(Status& to, const std::optional<destination>& place) {
  if (!place)
    return;
  to.address = place->address;
  if (!place->name.empty())
    to.name = place->name;
}

} // namespace

peer_status peer::status(timestamp now) const {
  peer_status result;
  result.node = remote();
  result.state = state();
  result.permanent = wishes_.permanent();
  auto wanted =
    !connected() && !wishes_.stops_at() && wishes_.wants_connection();
  if (wanted && wishes_.may_dial() && connections_.has_addresses())
    result.retry_ms = milliseconds(connections_.pace().not_before - now.steady);
  result.refusal = connections_.refusal();
  if (result.refusal)
    result.refused_by = refusing_side::peer;
  if (!connected() && !connections_.holds_or_tries())
    result.obstacle = obstacles_.current();
  if (const auto& x = connections_.last_failure()) {
    auto& failure = result.failure.emplace();
    name_place(failure, x->to);
    failure.reason = to_string(x->reason);
    failure.ago_ms = milliseconds(now.steady - x->at);
  }
  if (const auto& x = connections_.last_end())
    result.last_end = connection_end{std::string{to_string(x->reason)},
                                     milliseconds(now.steady - x->at)};
  result.connection = connection(now);
  result.traffic = traffic();
  result.waiting = delivery_.waiting(now.steady);
  result.waiting_for = delivery_.waiting_for(now.steady);
  result.untaken = delivery_.untaken();
  result.untaken_by = delivery_.untaken_by(now.steady);
  return result;
}

peer_state peer::state() const {
  if (connected())
    return peer_state::connected;
  if (wishes_.stops_at())
    return peer_state::stopping;
  if (connections_.holds_or_tries())
    return peer_state::connecting;
  if (connections_.refusal())
    return peer_state::refused;
  if (!wishes_.wants_connection())
    return peer_state::idle;
  return wishes_.may_dial() && connections_.has_addresses()
           ? peer_state::retrying
           : peer_state::waiting;
}

std::optional<connection_status> peer::connection(timestamp now) const {
  auto x = connections_.active();
  if (!x)
    return std::nullopt;
  connection_status result;
  result.direction = x->terms().role == connection_role::initiator
                       ? connection_direction::out
                       : connection_direction::in;
  name_place(result, x->place());
  result.proto_ver = x->terms().proto_ver;
  result.cipher = name(x->terms().cipher);
  result.age_ms = milliseconds(now.steady - x->begun());
  if (auto measured = delivery_.measured().smoothed())
    result.round_trip_us = microseconds(*measured);
  return result;
}

peer_traffic peer::traffic() const {
  const auto& handled = delivery_.metrics();
  peer_traffic result;
  result.messages_in = handled.messages_in;
  result.bytes_in = handled.bytes_in;
  result.rejected = handled.messages_rejected;
  result.dropped = handled.unreliable_dropped;
  result.messages_out = handled.messages_out;
  result.bytes_out = handled.bytes_out;
  result.delivered = counted_.messages_delivered;
  for (const auto& [reason, count] : counted_.messages_failed)
    result.failed.push_back({std::string{reason}, count});
  return result;
}

} // namespace node_proxy::internal
