// A node in an actor system: all that most users need.

#pragma once

#include <memory>
#include <vector>

#include <caf/fwd.hpp>

#include <node_proxy/actors/caf/interface_parts.hpp>
#include <node_proxy/actors/caf/version_check.hpp>
#include <node_proxy/actors/engine_messages.hpp>
#include <node_proxy/actors/error.hpp>
#include <node_proxy/actors/node_access.hpp>
#include <node_proxy/actors/node_config.hpp>
#include <node_proxy/actors/router.hpp>
#include <node_proxy/base/export.hpp>

namespace node_proxy {

/// Prepares CAF for nodes: message types, the error category, and options for
/// `configured`. To be called before `cfg` parses anything, and before the
/// actor system is constructed from it.
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
  /// `node_out_batch`), and engines (`register_engine`). Null after the end of
  /// the node.
  [[nodiscard]] router_actor router() const;

  /// Where connections are accepted, with the ports that were chosen.
  [[nodiscard]] const std::vector<transport_address>& addresses() const;

  /// The advert as it was when the node was spawned. Give it to other nodes.
  [[nodiscard]] const node_advert& advert() const;

  /// What typed engines and their users need of this node. It is of no use
  /// after the end of the node.
  [[nodiscard]] node_access access() const;

  // Defined in <node_proxy/actors/typed_engine.hpp>:

  /// Makes a typed actor an engine: other nodes send it what its interface
  /// says. It is one until it ends or is unregistered. Waits for the Router, so
  /// actors send it what `served` returns instead. Errors: those of
  /// `register_engine`; shutting_down.
  template <class Interface>
  caf::expected<void> serve(engine_name name, const Interface& actor) const;

  /// The same for an actor that is not typed: `serve<my_actor>("name", actor)`.
  template <class Interface>
  caf::expected<void> serve(engine_name name, const caf::actor& actor) const;

  /// A handle for a typed engine of another node, or of this one: an actor of
  /// CAF that has its interface, to which messages are sent, requested and
  /// delegated as to any other.
  ///
  /// Requests get the engine's answer or its error; an error of `errc` if the
  /// message was not delivered (GUIDE.md, "What becomes of a message");
  /// `caf::sec::request_timeout` if the message was taken, but not answered in
  /// time; `caf::sec::unexpected_message` if the interface has no such message.
  ///
  /// The actor ends when nobody has the handle any more and nothing is under
  /// way, and with the node, which answers open requests with shutting_down;
  /// that is the reason of its end then. It can be monitored. It ignores the
  /// end of those who are linked to it, who would end it for all others.
  template <class Interface>
  [[nodiscard]] remote_interface<Interface>
  remote(engine_id whom, remote_options options = {}) const;

  /// Says goodbye to all peers, ends all actors of the node, and returns when
  /// that is done. Every request that is still open is answered. What is called
  /// again does nothing. Not to be called by an actor, nor is the destructor,
  /// but for a detached one: in a thread that runs the actors of nodes, where
  /// it could wait for itself, either ends the process with SIGABRT.
  void shutdown();

private:
  struct parts;

  explicit node(std::shared_ptr<parts> x);

  friend caf::expected<node> spawn_node(caf::actor_system& system,
                                        node_config config);

  std::shared_ptr<parts> parts_;
};

/// Spawns a node. Errors: out_of_resources (threads, descriptors, memory),
/// not_initialized if `init` was missed, bad_config,
/// bad_state and state_in_use, which name the file, those of `register_engine`,
/// and those of `listen`, which name the address.
[[nodiscard]] NODE_PROXY_EXPORT caf::expected<node>
spawn_node(caf::actor_system& system, node_config config);

} // namespace node_proxy
