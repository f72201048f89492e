#include <node_proxy/actors/router/proxy_spawner.hpp>

#include <utility>

#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/loop/os_random.hpp>

namespace node_proxy::internal {

proxy_spawner::proxy_spawner(router_service::pointer self)
  : self_(self), random_(os_random_key()) {
  // nop
}

void proxy_spawner::start(const node_config& config,
                          const router_dependencies& services,
                          std::shared_ptr<engine_directory> engines) {
  loops_ = services.loops;
  node_proxy_dependencies common;
  common.self = config.self;
  common.settings = std::make_shared<peer_settings>(config.settings);
  common.transport = services.transport;
  common.router = caf::actor_cast<node_proxy_supervisor>(self_);
  common.engines = std::move(engines);
  common.log = services.log;
  common.unanswered = services.unanswered;
  common.budget = std::make_shared<receive_budget>(config.settings);
  common.spare = std::make_shared<spare_time>();
  services_ = std::make_shared<node_proxy_dependencies>(std::move(common));
}

node_proxy_service
proxy_spawner::spawn(const serve_peer& what,
                     std::shared_ptr<const node_advert> own) {
  node_proxy_config config;
  config.services = services_;
  config.remote = what.id;
  config.remote_key = what.key;
  config.record = what.record;
  config.seed = random_.next_key();
  config.loop = use_one_of(loops_, loop_use::peer);
  config.local_advert = std::move(own);
  config.standing = what.standing;
  config.remote_known = what.known;
  auto result = spawn_node_proxy(self_->system(), std::move(config));
  monitor_end(self_, result);
  return result;
}

} // namespace node_proxy::internal
