// The way of messages to engines of their own node.

#pragma once

#include <optional>

#include <node_proxy/actors/exchange_messages.hpp>
#include <node_proxy/actors/router/local_delivery.hpp>
#include <node_proxy/actors/router/refusal.hpp>
#include <node_proxy/actors/router/router_service.hpp>

namespace node_proxy::internal {

/// What each Router does for these: that of a node, and that of a worker. What
/// delivers them is spawned for the first one.
class local_route {
public:
  explicit local_route(router_service::pointer self) : self_(self) {}

  local_route(const local_route&) = delete;
  local_route& operator=(const local_route&) = delete;

  ~local_route();

  void start(const node_config& config, const router_dependencies& services,
             std::shared_ptr<engine_directory> engines);

  // -- events -----------------------------------------------------------------

  /// The node stops.
  void handle_stop(duration grace);

  /// @returns whether it is what has delivered that has ended.
  bool handle_down(const caf::down_msg& msg);

  // -- results ----------------------------------------------------------------

  /// Hands the message at hand on.
  caf::result<delivered> deliver(node_out_msg msg);
  caf::result<batch_outcome> deliver(node_out_batch batch);

  /// What becomes of a batch whose messages are for several nodes.
  caf::result<batch_outcome> refuse_mixed(const node_out_batch& batch);

  // -- state ------------------------------------------------------------------

  /// Whether a message is for an engine of this node.
  [[nodiscard]] bool is_local(const node_out_msg& msg) const;

  /// Whether all messages of a batch, which has some, are for one node, as they
  /// have to be.
  [[nodiscard]] bool is_for_one_node(const node_out_batch& batch) const;

  /// Nothing is there that delivers.
  [[nodiscard]] bool ended() const { return !actor_; }

private:
  const local_delivery_actor& actor();

  router_service::pointer self_;
  std::optional<local_delivery_config> config_;
  local_delivery_actor actor_;
};

} // namespace node_proxy::internal
