#include "nodes/setup.hpp"

#include <memory>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <node_proxy/actors/key_file.hpp>
#include <node_proxy/actors/node.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

namespace bench {

node_system_config::node_system_config(bool sharing) {
  // Standard output is for results.
  spdlog::set_default_logger(spdlog::stderr_color_mt("node"));
  spdlog::set_level(spdlog::level::warn);
  node_proxy::init(*this);
  if (sharing)
    node_proxy::use_sharing_scheduler(*this);
}

node_proxy::node_config make_node_config() {
  node_proxy::node_config result;
  result.logger = spdlog::default_logger();
  result.self =
    std::make_shared<node_proxy::identity>(node_proxy::make_identity());
  result.listen = {node_proxy::parse_address("tcp://127.0.0.1:0").value()};
  return result;
}

} // namespace bench
