// Code that is no actor asks an engine: a class that hides all of it, used by
// several threads.
#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <node_proxy/actors/key_file.hpp>
#include <node_proxy/actors/typed_engine.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

using namespace node_proxy;

using counter_actor = actor_interface<std::uint64_t(std::uint64_t)>;

counter_actor::behavior_type counter() {
  return {[sum = std::uint64_t{0}](std::uint64_t x) mutable {
    return sum += x;
  }};
}

// What the rest of a program sees. It knows neither nodes nor actors.
class remote_counter {
public:
  remote_counter(caf::actor_system& system, counter_actor whom)
    : system_{system}, whom_{std::move(whom)} {}

  // Waits for the answer; throws if there is none.
  std::uint64_t add(std::uint64_t x) const {
    std::uint64_t result = 0;
    caf::scoped_actor {
      system_
      } -> request(whom_, caf::infinite, x)
        .receive(
          [&](std::uint64_t sum) { result = sum; },
          [](const caf::error& e) { throw std::runtime_error{describe(e)}; });
    return result;
  }

  // Does not wait for anything.
  void add_later(std::uint64_t x) const { caf::anon_send(whom_, x); }

private:
  caf::actor_system& system_;
  counter_actor whom_;
};

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
  if (!bob.serve("counter", system.spawn(counter)))
    return 1;
  remote_counter sum{system,
                     alice.remote<counter_actor>({bob.id(), "counter"})};
  std::vector<std::thread> threads;
  for (std::uint64_t i = 1; i <= 4; ++i)
    threads.emplace_back([&sum, i] { sum.add(i); });
  for (auto& x : threads)
    x.join();
  sum.add_later(100);
  std::cout << sum.add(0) << std::endl;
  return sum.add(0) == 110 ? 0 : 1;
}
