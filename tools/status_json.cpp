#include "status_json.hpp"

#include <node_proxy/base/hex.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

#include "json.hpp"

namespace node_proxy::tools {

namespace {

json to_json(const std::vector<reason_count>& counts) {
  auto result = json::object();
  for (const auto& x : counts)
    result[x.reason] = x.count;
  return result;
}

json to_json(const backlog& x) {
  return {
    {"messages", x.messages}, {"bytes", x.bytes}, {"oldest_ms", x.oldest_ms}};
}

json to_json(const engine_backlog& x) {
  json result{{"engine", x.engine}};
  result.update(to_json(x.waiting));
  return result;
}

template <class Status>
void add_place(json& to, const Status& x) {
  if (x.address)
    to["address"] = to_string(*x.address);
  if (x.name)
    to["name"] = *x.name;
}

json to_json(const connection_status& x) {
  json result{{"direction", to_string(x.direction)}};
  add_place(result, x);
  result["proto_ver"] = x.proto_ver;
  result["cipher"] = x.cipher;
  result["age_ms"] = x.age_ms;
  if (x.round_trip_us)
    result["round_trip_us"] = *x.round_trip_us;
  return result;
}

json to_json(const failed_attempt& x) {
  json result{{"reason", x.reason}};
  add_place(result, x);
  result["ago_ms"] = x.ago_ms;
  return result;
}

json to_json(const dial_obstacle& x) {
  json result{{"reason", to_string(x.reason)}};
  auto& addresses = result["addresses"] = json::array();
  for (const auto& y : x.addresses)
    addresses.push_back(
      {{"address", to_string(y.address)}, {"reason", to_string(y.reason)}});
  return result;
}

json to_json(const connection_end& x) {
  return {{"reason", x.reason}, {"ago_ms", x.ago_ms}};
}

void add_node(json& to, const node_id& id, const node_names& names) {
  auto text = to_hex(id.data);
  to["node"] = text;
  if (auto name = names.name_of(text); !name.empty())
    to["name"] = name;
}

void add_traffic(json& to, const peer_traffic& x) {
  to["messages_in"] = x.messages_in;
  to["bytes_in"] = x.bytes_in;
  to["rejected"] = x.rejected;
  to["dropped"] = x.dropped;
  to["messages_out"] = x.messages_out;
  to["bytes_out"] = x.bytes_out;
  to["delivered"] = x.delivered;
  to["failed"] = to_json(x.failed);
}

json to_json(const peer_status& x, const node_names& names) {
  json result;
  add_node(result, x.node, names);
  result["state"] = to_string(x.state);
  result["text"] = describe(x);
  result["permanent"] = x.permanent;
  if (x.retry_ms)
    result["retry_ms"] = *x.retry_ms;
  if (x.refusal)
    result["refusal"] = to_string(*x.refusal);
  if (x.refused_by)
    result["refused_by"] = to_string(*x.refused_by);
  if (x.failure)
    result["failure"] = to_json(*x.failure);
  if (x.obstacle)
    result["obstacle"] = to_json(*x.obstacle);
  if (x.last_end)
    result["last_end"] = to_json(*x.last_end);
  if (x.connection)
    result["connection"] = to_json(*x.connection);
  add_traffic(result, x.traffic);
  result["waiting"] = to_json(x.waiting);
  auto& engines = result["waiting"]["engines"] = json::array();
  for (const auto& y : x.waiting_for)
    engines.push_back(to_json(y));
  result["untaken"] = x.untaken;
  auto& takers = result["untaken_by"] = json::array();
  for (const auto& y : x.untaken_by)
    takers.push_back(to_json(y));
  return result;
}

json to_json(const std::vector<transport_address>& x) {
  auto result = json::array();
  for (const auto& y : x)
    result.push_back(to_string(y));
  return result;
}

json to_json(const worker_status& x) {
  json result{{"worker", x.number},
              {"addresses", to_json(x.addresses)},
              {"peers", x.peers},
              {"age_ms", x.age_ms},
              {"state", to_string(x.state)}};
  if (x.silent_ms)
    result["silent_ms"] = *x.silent_ms;
  return result;
}

json to_json(const limit_status& x) {
  json result{{"name", x.name}, {"used", x.used}, {"max", x.max}};
  if (x.worker)
    result["worker"] = *x.worker;
  return result;
}

} // namespace

json to_json(const node_status& x, const node_names& names) {
  json result;
  add_node(result, x.node, names);
  result["age_ms"] = x.age_ms;
  result["addresses"] = to_json(x.addresses);
  auto& peers = result["peers"] = json::array();
  for (const auto& y : x.peers)
    peers.push_back(to_json(y, names));
  auto& engines = result["engines"] = json::array();
  for (const auto& y : x.engines)
    engines.push_back(
      {{"name", y.name}, {"typed", y.typed}, {"untaken", y.untaken}});
  auto& named = result["names"] = json::object();
  for (const auto& [id, name] : names.all())
    named[id] = name;
  result["known_adverts"] = x.known_adverts;
  result["remembered_peers"] = x.remembered_peers;
  auto& limits = result["limits"] = json::array();
  for (const auto& y : x.limits)
    limits.push_back(to_json(y));
  auto& workers = result["workers"] = json::array();
  for (const auto& y : x.workers)
    workers.push_back(to_json(y));
  return result;
}

} // namespace node_proxy::tools
