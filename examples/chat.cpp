// A chat: a room, and members on other nodes who are told what anybody says.
// Who it was is certain: his node has proven it.
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>

#include <node_proxy/actors/key_file.hpp>
#include <node_proxy/actors/typed_engine.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

using namespace node_proxy;

// Is told who has said what.
using member_actor = actor_interface<void(std::string, std::string)>;

// Somebody joins: his name, and the engine that is told. Somebody says this.
using room_actor = actor_interface<void(asker, std::string, std::string),
                                   void(asker, std::string)>;

room_actor::behavior_type room(room_actor::pointer self, node_access access) {
  struct member {
    std::string name;
    member_actor handle;
  };
  auto members = std::make_shared<std::map<node_id, member>>();
  return {
    [=](const asker& who, const std::string& name, const std::string& engine) {
      auto id = *who.engine.node;
      (*members)[id] = {name, access.remote<member_actor>({id, engine})};
    },
    [=](const asker& who, const std::string& text) {
      if (auto known = members->find(*who.engine.node); known != members->end())
        for (const auto& [id, x] : *members)
          self->send(x.handle, known->second.name, text);
    },
  };
}

member_actor::behavior_type screen(const std::string& owner, caf::actor log) {
  return {[=](const std::string& who, const std::string& text) {
    caf::anon_send(log, owner + " reads what " + who + " says: " + text);
  }};
}

node spawn(caf::actor_system& system, std::vector<node_advert> known = {}) {
  node_config config;
  config.self = std::make_shared<identity>(make_identity());
  config.listen = {parse_address("tcp://127.0.0.1:0").value()};
  config.adverts = std::move(known);
  auto result = spawn_node(system, std::move(config));
  if (!result)
    throw std::runtime_error{describe(result.error())};
  return std::move(*result);
}

int main() {
  caf::actor_system_config config;
  init(config);
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  auto bob = spawn(system);
  if (!bob.serve("room", system.spawn(room, bob.access())))
    return 1;
  std::vector<node> nodes;
  for (std::string name : {"Alice", "Carol"}) {
    const auto& own = nodes.emplace_back(spawn(system, {bob.advert()}));
    auto log = caf::actor_cast<caf::actor>(self);
    if (!own.serve("screen", system.spawn(screen, name, log)))
      return 1;
    auto there = own.remote<room_actor>({bob.id(), "room"});
    self->request(there, caf::infinite, name, "screen")
      .receive([] {}, [](const caf::error& e) { std::cerr << describe(e); });
    self->send(there, "I am here.");
  }
  auto read = 0; // what Carol says they both read, besides what Alice says
  self->receive_for(read, 3)(
    [](const std::string& line) { std::cout << line << std::endl; });
}
