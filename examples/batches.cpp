// Many small messages: batches on both ends, and one answer for each batch.
#include <iostream>
#include <stdexcept>

#include <node_proxy/actors/key_file.hpp>
#include <node_proxy/actors/node.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

using namespace node_proxy;

constexpr std::size_t batch_size = 1'000;
constexpr std::size_t batches = 100;

// Gets what has come, as many at once as there are.
caf::behavior adder(std::shared_ptr<std::size_t> octets) {
  return {[octets](const engine_msg_batch& batch) {
    for (const auto& x : batch.msgs)
      *octets += x.msg.size();
  }};
}

node_out_batch make_batch(const node_id& from, const node_id& to) {
  node_out_batch result;
  result.msgs.reserve(batch_size);
  for (std::size_t i = 0; i < batch_size; ++i)
    result.msgs.push_back({{},
                           rel_time{10},
                           {{from, "main"},
                            {to, "adder"},
                            std::nullopt,
                            to_bytes("twenty octets of text")}});
  return result;
}

node spawn(caf::actor_system& system, node_config config) {
  auto result = spawn_node(system, std::move(config));
  if (!result)
    throw std::runtime_error{describe(result.error())};
  return std::move(*result);
}

int main() {
  caf::actor_system_config config;
  init(config);
  caf::actor_system system{config};
  auto octets = std::make_shared<std::size_t>(0);
  node_config bobs;
  bobs.self = std::make_shared<identity>(make_identity());
  bobs.listen = {parse_address("tcp://127.0.0.1:0").value()};
  bobs.engines = {{"adder", system.spawn(adder, octets), true}};
  auto bob = spawn(system, std::move(bobs));
  node_config alices;
  alices.self = std::make_shared<identity>(make_identity());
  alices.adverts = {bob.advert()};
  auto alice = spawn(system, std::move(alices));
  caf::scoped_actor self{system};
  std::size_t taken = 0;
  for (std::size_t i = 0; i < batches; ++i)
    self
      ->request(alice.router(), caf::infinite, make_batch(alice.id(), bob.id()))
      .receive(
        [&](const batch_outcome& outcome) {
          taken += outcome.delivered;
          for (const auto& x : outcome.failures)
            std::cerr << x.index << ": " << to_string(x.error) << '\n';
        },
        [](const caf::error& e) { std::cerr << describe(e) << '\n'; });
  std::cout << taken << " messages, " << *octets << " octets" << std::endl;
  return taken == batches * batch_size ? 0 : 1;
}
