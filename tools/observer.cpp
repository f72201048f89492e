#include "observer.hpp"

#include <node_proxy/actors/node_event.hpp>
#include <node_proxy/actors/node_proxy.hpp>
#include <node_proxy/base/hex.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

namespace node_proxy::tools {

namespace {

json to_line(const listening_event& event) {
  return {{"event", "listening"}, {"address", to_string(event.address)}};
}

json to_line(const connected_event& event) {
  return {{"event", "connected"},
          {"node", to_hex(event.node.data)},
          {"proto_ver", event.proto_ver},
          {"direction", to_string(event.direction)}};
}

json to_line(const resumed_event& event) {
  return {{"event", "resumed"},
          {"node", to_hex(event.node.data)},
          {"resent", event.resent}};
}

json to_line(const disconnected_event& event) {
  return {{"event", "disconnected"},
          {"node", to_hex(event.node.data)},
          {"reason", event.reason}};
}

json to_line(const refused_event& event) {
  return {{"event", "refused"},
          {"reason", to_string(event.reason)},
          {"by", to_string(event.by)},
          {"node", to_hex(event.node.data)}};
}

json to_line(const key_shared_event& event) {
  return {{"event", "key_shared"}, {"node", to_hex(event.node.data)}};
}

json to_line(const advert_event& event) {
  return {{"event", "advert"},
          {"node", to_hex(event.node.data)},
          {"version", event.version}};
}

json to_line(const left_out_event& event) {
  return {{"event", "left_out"}, {"events", event.events}};
}

json to_line(const connect_failed_event& event) {
  json result{{"event", "connect_failed"},
              {"node", to_hex(event.node.data)},
              {"reason", event.reason}};
  if (event.address)
    result["address"] = to_string(*event.address);
  return result;
}

json to_line(const engine_registered_event& event) {
  return {{"event", "engine_registered"}, {"engine", event.engine}};
}

json to_line(const engine_gone_event& event) {
  return {{"event", "engine_gone"},
          {"engine", event.engine},
          {"reason", to_string(event.reason)}};
}

json to_line(const node_proxy_ended_event& event) {
  return {{"event", "node_proxy_ended"}, {"node", to_hex(event.node.data)}};
}

json to_line(const limit_event& event) {
  json result{{"event", "limit"}, {"limit", event.limit}, {"max", event.max}};
  if (event.worker)
    result["worker"] = *event.worker;
  return result;
}

json to_line(const missed_event& event) {
  return {{"event", "missed"}, {"events", event.events}};
}

/// Adds the name of the node that the event is about.
void add_name(json& line, const node_names& names) {
  if (auto node = line.find("node"); node != line.end())
    if (auto name = names.name_of(node->get<std::string>()); !name.empty())
      line["name"] = name;
}

} // namespace

caf::actor spawn_observer(caf::actor_system& system, json_lines& out,
                          recent_events& events, node_names names) {
  auto handle = [&out, &events,
                 names = std::move(names)](const node_event& event) {
    auto line =
      std::visit([](const auto& x) { return to_line(x); }, event.what);
    out.offer(line);
    add_name(line, names);
    events.add(line.dump(-1, ' ', false, json::error_handler_t::replace));
  };
  return system.spawn([handle](caf::event_based_actor* self) -> caf::behavior {
    return {handle, [self](caf::flush_atom) {
              self->quit();
            }};
  });
}

} // namespace node_proxy::tools
