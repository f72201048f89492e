// A node that is started again: its key is in a file, and whom it knows is in
// its directory.
#include <filesystem>
#include <iostream>
#include <stdexcept>

#include <unistd.h>

#include <node_proxy/actors/key_file.hpp>
#include <node_proxy/actors/node.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

using namespace node_proxy;

caf::behavior greeter() {
  return {[](const engine_msg& msg) {
    std::cout << as_text(msg.msg) << std::endl;
  }};
}

// The node of this folder; it is made if it has never been there.
node spawn(caf::actor_system& system, const std::filesystem::path& folder,
           std::vector<node_advert> known = {}) {
  auto key = (folder / "key").string();
  if (!std::filesystem::exists(key) && !save_identity(key, make_identity()))
    throw std::runtime_error{"cannot write " + key};
  node_config config;
  config.self = std::make_shared<identity>(load_identity(key).value());
  config.state = (folder / "state").string();
  config.adverts = std::move(known);
  auto result = spawn_node(system, std::move(config));
  if (!result)
    throw std::runtime_error{describe(result.error())};
  return std::move(*result);
}

bool greet(caf::actor_system& system, const node& from, const node_id& to,
           const std::string& text) {
  auto arrived = false;
  engine_msg hello{{from.id(), "main"}, {to, "greeter"}, {}, to_bytes(text)};
  caf::scoped_actor {
    system
    } -> request(from.router(), caf::infinite,
                 node_out_msg{{}, rel_time{10}, hello})
      .receive([&](delivered) { arrived = true; },
               [](const caf::error& e) { std::cerr << describe(e) << '\n'; });
  return arrived;
}

int main() {
  caf::actor_system_config config;
  init(config);
  caf::actor_system system{config};
  node_config bobs;
  bobs.self = std::make_shared<identity>(make_identity());
  bobs.listen = {parse_address("tcp://127.0.0.1:0").value()};
  bobs.engines = {{"greeter", system.spawn(greeter)}};
  auto bob = spawn_node(system, std::move(bobs));
  if (!bob)
    return 1;
  auto folder =
    (std::filesystem::temp_directory_path() / "node_proxy_XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr)
    return 1;
  auto first = spawn(system, folder, {bob->advert()});
  auto id = first.id();
  auto ok = greet(system, first, bob->id(), "Hello, Bob!");
  first.shutdown();
  // Nobody tells it of Bob this time.
  auto second = spawn(system, folder);
  ok = ok && second.id() == id && greet(system, second, bob->id(), "Me again.");
  second.shutdown();
  std::filesystem::remove_all(folder);
  return ok ? 0 : 1;
}
