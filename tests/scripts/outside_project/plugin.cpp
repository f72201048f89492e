#include <node_proxy/actors/key_file.hpp>
#include <node_proxy/actors/node.hpp>

#include "plugin.hpp"

bool run_node() {
  caf::actor_system_config config;
  node_proxy::init(config);
  caf::actor_system system{config};
  node_proxy::node_config its_config;
  its_config.self =
    std::make_shared<node_proxy::identity>(node_proxy::make_identity());
  return static_cast<bool>(
    node_proxy::spawn_node(system, std::move(its_config)));
}
