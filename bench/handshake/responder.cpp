#include "handshake/responder.hpp"

#include <string>

#include <node_proxy/actors/node.hpp>

#include "nodes/ask.hpp"
#include "nodes/setup.hpp"
#include "support/advert_text.hpp"
#include "support/cpu_time.hpp"
#include "support/descriptors.hpp"
#include "support/program.hpp"
#include "support/report.hpp"

namespace bench {

namespace {

/// What arrives is taken; nothing is done with it.
caf::behavior sink() {
  return {[](const node_proxy::engine_msg&) {
  }};
}

} // namespace

void respond(std::size_t peers) {
  make_room_for(peers);
  node_system_config system_config;
  caf::actor_system system{system_config};
  auto config = make_node_config();
  config.max_peers = peers;
  config.engines = {{"sink", system.spawn(sink)}};
  auto node = value_of(node_proxy::spawn_node(system, std::move(config)));
  say(to_text(node.advert()));
  serve_requests([](const std::string&) { return json(cpu_seconds()).dump(); });
}

} // namespace bench
