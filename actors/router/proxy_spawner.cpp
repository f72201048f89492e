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
                          const router_services& services,
                          std::shared_ptr<engine_directory> engines) {
  budget_ = std::make_shared<receive_budget>(config.settings);
  loops_ = services.loops;
  common_.self = config.self;
  common_.settings = config.settings;
  common_.transport = services.transport;
  common_.engines = std::move(engines);
  common_.log = services.log;
  common_.unanswered = services.unanswered;
  common_.budget = budget_;
  common_.spare = std::make_shared<spare_time>();
}

node_proxy_service
proxy_spawner::spawn(const serve_peer& what,
                     std::shared_ptr<const node_advert> own) {
  auto config = common_;
  config.remote = what.id;
  config.remote_key = what.key;
  config.record = what.record;
  config.seed = random_.next_key();
  config.loop = use_one_of(loops_, loop_use::peer);
  config.router = caf::actor_cast<node_proxy_supervisor>(self_);
  config.local_advert = std::move(own);
  config.standing = what.standing;
  config.remote_known = what.known;
  auto result = spawn_node_proxy(self_->system(), std::move(config));
  monitor_end(self_, result);
  return result;
}

} // namespace node_proxy::internal
