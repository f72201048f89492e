// A node in an actor system: all that most users need.

#pragma once

#include <memory>
#include <vector>

#include <caf/fwd.hpp>

#include <node_proxy/actors/engine_messages.hpp>
#include <node_proxy/actors/error.hpp>
#include <node_proxy/actors/node_config.hpp>
#include <node_proxy/actors/node_event.hpp>
#include <node_proxy/actors/router.hpp>
#include <node_proxy/base/export.hpp>

namespace node_proxy {

/// Prepares CAF for nodes: message types and the error category. To be called
/// before the actor system is constructed from `cfg`.
NODE_PROXY_EXPORT void init(caf::actor_system_config& cfg);

/// A running node. Its destructor shuts it down.
///
/// A node belongs to its actor system. If that is destroyed first, the node
/// ends with it: at once, without goodbyes and without an answer to what is
/// under way; what is left is an object that can be destroyed. Actor systems of
/// CAF must not be static objects themselves, nor may nodes. `std::exit`
/// destroys neither: peers notice the end as they do when a process is killed.
///
/// Once a node was moved from, only `shutdown`, which does nothing then,
/// assignment and the destructor may be called.
class NODE_PROXY_EXPORT node {
public:
  node(node&&) noexcept;
  node& operator=(node&&) noexcept;
  ~node();

  [[nodiscard]] const node_id& id() const;

  /// Takes messages of local engines to other nodes (`node_out_msg`,
  /// `node_out_batch`), and engines (`register_engine`).
  [[nodiscard]] const router_actor& router() const;

  /// Where connections are accepted, with the ports that were chosen.
  [[nodiscard]] const std::vector<transport_address>& addresses() const;

  /// The advert as it was when the node was spawned. Give it to other nodes.
  [[nodiscard]] const node_advert& advert() const;

  /// Says goodbye to all peers, ends all actors of the node, and returns when
  /// that is done. Every request that is still open is answered. What is called
  /// again does nothing. Not to be called by an actor, nor is the destructor,
  /// but for a detached one: in a thread that runs the actors of nodes, where
  /// it could wait for itself, either ends the process with SIGABRT.
  void shutdown();

private:
  struct parts;

  explicit node(std::shared_ptr<parts> x);

  friend expected<node, caf::error> spawn_node(caf::actor_system& system,
                                               node_config config);

  std::shared_ptr<parts> parts_;
};

/// Spawns a node. Errors: out_of_resources (threads, descriptors, memory),
/// not_initialized if `init` was missed, bad_config,
/// bad_state and state_in_use, which name the file, those of `register_engine`,
/// and those of `listen`, which name the address.
[[nodiscard]] NODE_PROXY_EXPORT expected<node, caf::error>
spawn_node(caf::actor_system& system, node_config config);

} // namespace node_proxy
