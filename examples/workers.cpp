// A node of two processes: what an engine of the one says to another node goes
// over a connection of the other. Here both are actor systems of one program,
// which CAF's middleman joins as it would join two programs.
#include <iostream>
#include <stdexcept>

#include <node_proxy/actors/caf/remoting.hpp>
#include <node_proxy/actors/key_file.hpp>
#include <node_proxy/actors/node.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

using namespace node_proxy;

/// An actor system with CAF's middleman, which has to be loaded before `init`.
struct process_config : caf::actor_system_config {
  process_config() {
    load_middleman(*this);
    init(*this);
  }
};

struct process {
  process_config config;
  caf::actor_system system{config};
  node spawn(node_config x) {
    auto result = spawn_node(system, std::move(x));
    if (!result)
      throw std::runtime_error{describe(result.error())};
    return std::move(*result);
  }
};

caf::behavior greeter() {
  return {[](const engine_msg& msg) {
    std::cout << "received: " << as_text(msg.msg) << std::endl;
  }};
}

int main() {
  auto any_port = parse_address("tcp://127.0.0.1:0").value();
  process others;
  node_config bobs;
  bobs.self = std::make_shared<identity>(make_identity());
  bobs.listen = {any_port};
  bobs.engines = {{"greeter", others.system.spawn(greeter)}};
  auto bob = others.spawn(std::move(bobs));

  // The coordinator has the engines, and knows other nodes.
  process first;
  node_config alices;
  alices.self = std::make_shared<identity>(make_identity());
  alices.adverts = {bob.advert()};
  alices.max_workers = 1;
  auto alice = first.spawn(alices);
  // Only for this host: what goes there is not encrypted.
  auto port = *first.system.middleman().publish(alice.router(), 0, "127.0.0.1");

  // The worker has the connections. It reads the key from a file of its own.
  process second;
  node_config workers;
  workers.self = alices.self;
  workers.listen = {any_port};
  workers.coordinator =
    *second.system.middleman().remote_actor<router_actor>("127.0.0.1", port);
  auto worker = second.spawn(std::move(workers));
  engine_msg hello{{alice.id(), "main"},
                   {bob.id(), "greeter"},
                   std::nullopt,
                   to_bytes("Hello, Bob!")};
  caf::scoped_actor self{first.system};
  int status = 1;
  self
    ->request(alice.router(), caf::infinite,
              node_out_msg{{}, rel_time{10}, hello})
    .receive([&](delivered) { status = 0; },
             [](const caf::error& e) { std::cerr << describe(e) << '\n'; });
  worker.shutdown();
  return status;
}
