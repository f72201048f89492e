#include "worker_place.hpp"

#include <variant>

#include <node_proxy/actors/caf/remoting.hpp>
#include <node_proxy/actors/error.hpp>
#include <node_proxy/protocol/wire/address_kind.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

namespace node_proxy::tools {

std::string worker_place::text() const {
  auto is_v6 = ip.find(':') != std::string::npos;
  return (is_v6 ? '[' + ip + ']' : ip) + ':' + std::to_string(port);
}

tl::expected<worker_place, std::string>
parse_worker_place(std::string_view text) {
  auto parsed = parse_address("tcp://" + std::string{text});
  auto tcp = parsed ? std::get_if<tcp_addr>(&*parsed) : nullptr;
  if (!tcp)
    return tl::unexpected{"'" + std::string{text}
                          + "' is no place for workers and their coordinator: "
                            "expected IP:PORT, such as 127.0.0.1:9200"};
  return worker_place{to_string(tcp->ip), tcp->port,
                      internal::kind_of(tcp->ip)
                        == internal::host_kind::loopback};
}

tl::expected<std::uint16_t, std::string>
publish_to_workers(caf::actor_system& system, const router_actor& router,
                   const worker_place& where) {
  auto port =
    system.middleman().publish(router, where.port, where.ip.c_str(), true);
  if (!port)
    return tl::unexpected{"cannot listen for workers at " + where.text() + ": "
                          + describe(port.error())};
  return *port;
}

tl::expected<router_actor, std::string>
find_coordinator(caf::actor_system& system, const worker_place& where) {
  auto found =
    system.middleman().remote_actor<router_actor>(where.ip, where.port);
  if (!found)
    return tl::unexpected{"there is no coordinator at " + where.text() + ": "
                          + describe(found.error())
                          + ". Is it a node that was run with --workers-at?"};
  return *found;
}

} // namespace node_proxy::tools
