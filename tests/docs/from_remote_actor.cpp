// What docs/FROM_REMOTE_ACTOR.md shows: the same program by CAF's middleman,
// and by nodes.
#include <iostream>
#include <string>

#include <node_proxy/actors/caf/remoting.hpp>
#include <node_proxy/actors/key_file.hpp>
#include <node_proxy/actors/typed_engine.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

using namespace node_proxy;

using calculator = actor_interface<double(double, double)>;

calculator::behavior_type adder() {
  return {[](double x, double y) {
    return x + y;
  }};
}

std::uint16_t publish_it(caf::actor_system& system) {
  auto sum = system.spawn(adder);
  return *system.middleman().publish(sum, 0, "127.0.0.1");
}

calculator find_it(caf::actor_system& system, const std::string& host,
                   std::uint16_t port) {
  return *system.middleman().remote_actor<calculator>(host, port);
}

caf::expected<node> serve_it(caf::actor_system& system) {
  node_config config;
  config.self = std::make_shared<identity>(make_identity());
  config.listen = {parse_address("tcp://127.0.0.1:0").value()};
  config.engines = {served("sum", system.spawn(adder))};
  return spawn_node(system, config);
}

caf::expected<node> know_it(caf::actor_system& system,
                            const node_advert& whom) {
  node_config config;
  config.self = std::make_shared<identity>(make_identity());
  config.adverts = {whom};
  return spawn_node(system, config);
}

calculator handle_of(const node& mine, const node_id& whom) {
  return mine.remote<calculator>({whom, "sum"});
}

double ask(caf::actor_system& system, const calculator& sum) {
  double result = 0;
  caf::scoped_actor self{system};
  self->request(sum, std::chrono::seconds{10}, 1.0, 2.0)
    .receive([&](double answer) { result = answer; },
             [](const caf::error& e) { std::cerr << describe(e) << '\n'; });
  return result;
}

int main() {
  caf::actor_system_config config;
  load_middleman(config);
  init(config);
  caf::actor_system system{config};
  auto found = find_it(system, "127.0.0.1", publish_it(system));
  auto before = ask(system, found);
  // The middleman keeps what is published.
  caf::anon_send_exit(found, caf::exit_reason::user_shutdown);
  auto bob = std::move(*serve_it(system));
  auto alice = std::move(*know_it(system, bob.advert()));
  auto after = ask(system, handle_of(alice, bob.id()));
  return before == 3 && after == 3 ? 0 : 1;
}
