// Two nodes. One has an engine, the other one sends it a message.
#include <iostream>
#include <stdexcept>

#include <node_proxy/actors/key_file.hpp>
#include <node_proxy/actors/node.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

caf::behavior greeter() {
  return {[](const node_proxy::engine_msg& msg) {
    std::cout << "received: " << node_proxy::as_text(msg.msg) << std::endl;
  }};
}

node_proxy::node spawn(caf::actor_system& system,
                       node_proxy::node_config config) {
  auto result = node_proxy::spawn_node(system, std::move(config));
  if (!result)
    throw std::runtime_error{node_proxy::describe(result.error())};
  return std::move(*result);
}

int main() {
  using namespace node_proxy;
  caf::actor_system_config config;
  init(config);
  caf::actor_system system{config};
  node_config bobs;
  bobs.self = std::make_shared<identity>(make_identity());
  bobs.listen = {parse_address("tcp://127.0.0.1:0").value()};
  bobs.engines = {{"greeter", system.spawn(greeter)}};
  auto bob = spawn(system, std::move(bobs));
  node_config alices;
  alices.self = std::make_shared<identity>(make_identity());
  alices.adverts = {bob.advert()};
  auto alice = spawn(system, std::move(alices));
  engine_msg hello{{alice.id(), "main"},
                   {bob.id(), "greeter"},
                   std::nullopt,
                   to_bytes("Hello, Bob!")};
  caf::scoped_actor self{system};
  int status = 1;
  self
    ->request(alice.router(), caf::infinite,
              node_out_msg{{}, rel_time{10}, hello})
    .receive([&](delivered) { status = 0; },
             [](const caf::error& e) { std::cerr << describe(e) << '\n'; });
  return status;
}
