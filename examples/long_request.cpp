// A request that takes long: the engine promises an answer, and goes on with
// what others ask meanwhile.
#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include <node_proxy/actors/key_file.hpp>
#include <node_proxy/actors/typed_engine.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

using namespace node_proxy;

// A number is an order of so many cakes. With a text the oven is told what is
// ready: it keeps its promises.
using oven_actor =
  actor_interface<std::string(std::uint64_t), void(std::string)>;

oven_actor::behavior_type oven(oven_actor::pointer self) {
  auto orders = std::make_shared<std::vector<promise<std::string>>>();
  return {
    [self, orders](std::uint64_t count) {
      std::cout << count << " ordered" << std::endl;
      orders->push_back(self->make_response_promise<std::string>());
      return orders->back();
    },
    [orders](const std::string& ready) {
      for (auto& order : *orders)
        fulfil(order, ready);
      orders->clear();
    },
  };
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
  auto bob = spawn(system);
  auto alice = spawn(system, {bob.advert()});
  if (!bob.serve("oven", system.spawn(oven)))
    return 1;
  // What takes longer than this gets caf::sec::request_timeout.
  auto bobs_oven =
    alice.remote<oven_actor>({bob.id(), "oven"}, {std::chrono::minutes{5}});
  caf::scoped_actor self{system};
  auto two = self->request(bobs_oven, caf::infinite, std::uint64_t{2});
  auto three = self->request(bobs_oven, caf::infinite, std::uint64_t{3});
  // Nobody waits for these two: the oven takes what comes next.
  self->send(bobs_oven, std::string{"fresh from the oven"});
  auto status = 0;
  for (auto* order : {&two, &three})
    order->receive(
      [](const std::string& cakes) { std::cout << cakes << std::endl; },
      [&](const caf::error& e) {
        std::cerr << describe(e) << '\n';
        status = 1;
      });
  return status;
}
