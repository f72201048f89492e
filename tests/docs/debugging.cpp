// What docs/DEBUGGING.md shows, and a node that cannot be reached.
#include <iostream>
#include <string>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <node_proxy/actors/key_file.hpp>
#include <node_proxy/actors/node.hpp>
#include <node_proxy/actors/node_event.hpp>
#include <node_proxy/actors/node_status.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

using namespace node_proxy;

caf::behavior event_printer() {
  return {[](const node_event& event) {
    std::cout << caf::deep_to_string(event) << std::endl;
  }};
}

node_config talkative(caf::actor_system& system) {
  node_config config;
  config.self = std::make_shared<identity>(make_identity());
  config.logger = spdlog::stderr_color_mt("node");
  config.logger->set_level(spdlog::level::debug);
  config.observer = system.spawn(event_printer);
  return config;
}

void print_status(caf::actor_system& system, const node& mine) {
  caf::scoped_actor self{system};
  self->request(mine.router(), caf::infinite, get_node_status{})
    .receive(
      [](const node_status& status) {
        for (const auto& peer : status.peers)
          std::cout << to_string(peer.node) << ": " << describe(peer) << '\n';
        for (const auto& engine : status.engines)
          std::cout << engine.name << ": " << engine.untaken << " untaken\n";
        for (const auto& limit : status.limits)
          std::cout << limit.name << ": " << limit.used << " of " << limit.max
                    << '\n';
      },
      [](const caf::error& e) { std::cerr << describe(e) << '\n'; });
}

std::string outcome_of_hello(caf::actor_system& system, const node& mine,
                             const node_id& whom) {
  std::string result;
  engine_msg hello{
    {mine.id(), "me"}, {whom, "x"}, std::nullopt, to_bytes("hello")};
  caf::scoped_actor self{system};
  self
    ->request(mine.router(), caf::infinite,
              node_out_msg{{}, rel_time{1}, hello})
    .receive([&](delivered) { result = "delivered"; },
             [&](const caf::error& e) { result = describe(e); });
  return result;
}

int main() {
  caf::actor_system_config config;
  init(config);
  caf::actor_system system{config};
  auto settings = talkative(system);
  // Of somebody who is not there any more.
  node_config gone;
  gone.self = std::make_shared<identity>(make_identity());
  gone.listen = {parse_address("tcp://127.0.0.1:0").value()};
  settings.adverts = {spawn_node(system, gone)->advert()};
  auto whom = settings.adverts.front().id;
  auto mine = std::move(*spawn_node(system, settings));
  auto outcome = outcome_of_hello(system, mine, whom);
  print_status(system, mine);
  std::cout << outcome << std::endl;
  return outcome == "expired" ? 0 : 1;
}
