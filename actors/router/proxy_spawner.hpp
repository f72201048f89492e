// How a process of a node comes to its Node Proxies.

#pragma once

#include <memory>

#include <node_proxy/actors/router/router_service.hpp>
#include <node_proxy/protocol/crypto/random_source.hpp>
#include <node_proxy/protocol/node/peer_directory_action.hpp>

namespace node_proxy::internal {

/// Spawns them for a Router, and has what they share.
class proxy_spawner {
public:
  /// @param self the Router.
  explicit proxy_spawner(router_service::pointer self);

  void start(const node_config& config, const router_dependencies& services,
             std::shared_ptr<engine_directory> engines);

  /// The Router monitors it.
  /// @param own the advert of this node, if it has one.
  [[nodiscard]] node_proxy_service
  spawn(const serve_peer& what, std::shared_ptr<const node_advert> own);

  /// For what all peers together may have outstanding here.
  [[nodiscard]] const receive_budget& budget() const {
    return *services_->budget;
  }

private:
  router_service::pointer self_;
  random_source random_;
  std::shared_ptr<const node_proxy_dependencies> services_;
  event_loops loops_;
};

} // namespace node_proxy::internal
