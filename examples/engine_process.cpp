// An engine in a process of its own, which may crash without that of its node.
#include <iostream>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

#include <node_proxy/actors/caf/remoting.hpp>
#include <node_proxy/actors/key_file.hpp>
#include <node_proxy/actors/node_event.hpp>
#include <node_proxy/actors/typed_engine.hpp>

using namespace node_proxy;

using echo_actor = actor_interface<std::string(std::string)>;

echo_actor::behavior_type echo() {
  return {[](const std::string& text) {
    return text + ", says process " + std::to_string(::getpid());
  }};
}

struct process_config : caf::actor_system_config {
  process_config() {
    load_middleman(*this);
    init(*this);
  }
};

// Serves until the process of the node ends.
int serve_engine(std::uint16_t port) {
  process_config config;
  caf::actor_system system{config};
  auto router =
    system.middleman().remote_actor<router_actor>("127.0.0.1", port);
  if (!router)
    return 1;
  auto access = access_node(system, *router);
  if (!access || !access->serve("echo", system.spawn(echo)))
    return 1;
  caf::scoped_actor self{system};
  self->wait_for(*router);
  return 0;
}

// Asks as soon as somebody serves.
int run_node(int port_to) {
  process_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  node_config nodes;
  nodes.self = std::make_shared<identity>(make_identity());
  nodes.observer = caf::actor_cast<caf::actor>(self);
  auto node = spawn_node(system, std::move(nodes));
  if (!node)
    return 1;
  auto port = system.middleman().publish(node->router(), 0, "127.0.0.1");
  if (!port || ::write(port_to, &*port, sizeof(*port)) != sizeof(*port))
    return 1;
  self->receive([](const node_event&) {}); // there is an engine
  auto echo = node->remote<echo_actor>({node->id(), "echo"});
  auto status = 1;
  self->request(echo, caf::infinite, "Hi")
    .receive(
      [&](const std::string& x) { status = !(std::cout << x << std::endl); },
      [](const caf::error& e) { std::cerr << describe(e); });
  return status;
}

int main() {
  int ends[2];
  if (::pipe(ends) != 0)
    return 1;
  if (std::uint16_t port = 0; ::fork() == 0)
    return ::read(ends[0], &port, sizeof(port)) > 0 ? serve_engine(port) : 1;
  auto status = run_node(ends[1]);
  ::wait(nullptr);
  return status;
}
