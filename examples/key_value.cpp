// An engine that keeps values by key, and somebody on another node who asks it.
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include <node_proxy/actors/key_file.hpp>
#include <node_proxy/actors/typed_engine.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

using namespace node_proxy;

// Asked for a key it answers with a value; a key and a value it keeps.
using kv_actor =
  actor_interface<std::string(std::string), void(std::string, std::string)>;

kv_actor::behavior_type key_value_engine() {
  auto values = std::make_shared<std::map<std::string, std::string>>();
  return {
    [values](const std::string& key) -> caf::result<std::string> {
      auto known = values->find(key);
      if (known == values->end())
        return caf::make_error(caf::sec::invalid_argument, key);
      return known->second;
    },
    [values](const std::string& key, const std::string& value) {
      values->insert_or_assign(key, value);
    },
  };
}

node spawn_bob(caf::actor_system& system) {
  node_config config;
  config.self = std::make_shared<identity>(make_identity());
  config.listen = {parse_address("tcp://127.0.0.1:0").value()};
  config.engines = {served("kv", system.spawn(key_value_engine))};
  auto result = spawn_node(system, std::move(config));
  if (!result)
    throw std::runtime_error{describe(result.error())};
  return std::move(*result);
}

node spawn_alice(caf::actor_system& system, const node& bob) {
  node_config config;
  config.self = std::make_shared<identity>(make_identity());
  config.adverts = {bob.advert()};
  auto result = spawn_node(system, std::move(config));
  if (!result)
    throw std::runtime_error{describe(result.error())};
  return std::move(*result);
}

int main() {
  caf::actor_system_config config;
  init(config);
  caf::actor_system system{config};
  auto bob = spawn_bob(system);
  auto alice = spawn_alice(system, bob);
  auto kv = alice.remote<kv_actor>({bob.id(), "kv"});
  caf::scoped_actor self{system};
  auto fail = [](const caf::error& e) {
    std::cerr << describe(e) << '\n';
  };
  auto status = 1;
  self->send(kv, "answer", "42");
  self->request(kv, caf::infinite, "answer")
    .receive(
      [&](const std::string& value) {
        std::cout << "the answer is " << value << std::endl;
        status = 0;
      },
      fail);
  self->request(kv, caf::infinite, "question")
    .receive([&](const std::string&) { status = 1; }, fail);
  return status;
}
