// What engines and their users need of a node, in every process of its
// deployment.

#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include <caf/fwd.hpp>

#include <node_proxy/actors/caf/interface_parts.hpp>
#include <node_proxy/actors/caf/version_check.hpp>
#include <node_proxy/actors/engine_messages.hpp>
#include <node_proxy/actors/error.hpp>
#include <node_proxy/actors/exchange_messages.hpp>
#include <node_proxy/actors/router.hpp>
#include <node_proxy/base/export.hpp>

namespace spdlog {
class logger;
}

namespace node_proxy {

namespace internal {

class access_parts;

} // namespace internal

/// How an engine of another node is asked by its handle.
struct remote_options {
  /// How long a request may take, until the answer is there, and a message that
  /// wants no answer until it is taken. At least 1 ms, at most
  /// `limits::expiry_seconds`; what is out of range counts as the next value
  /// that is not.
  std::chrono::milliseconds timeout = std::chrono::seconds{30};
};

/// Makes typed actors of this process engines of a node, and gives handles for
/// typed engines of other nodes. The node may be one of this process
/// (`node::access`), or of another one of the same deployment, whose Router is
/// known by CAF's middleman (`access_node`): what is asked and answered is
/// encoded and decoded here in either case.
///
/// A copy stands for the same access. Of a node in another process, what was
/// served ends when the last copy is gone: what it had not come to is
/// `engine_gone`, and its names are free once what it has come to is handled.
/// They are free as well when this process dies, or loses its connection to the
/// node, of which the end of `router` tells (monitor it): then ask for access
/// again. It may outlive its actor system: after that `router` and handles are
/// null, and nothing can be served (shutting_down). Any thread may use it, also
/// while its actor system ends.
class NODE_PROXY_EXPORT node_access {
public:
  /// The id of the node.
  [[nodiscard]] const node_id& id() const;

  [[nodiscard]] router_actor router() const;

  // Defined in <node_proxy/actors/typed_engine.hpp>:

  /// As `node::serve`. Errors: those, and timed_out if the Router does not
  /// answer for 30 s.
  template <class Interface>
  caf::expected<void> serve(engine_name name, const Interface& actor) const;

  /// The same for an actor that is not typed: `serve<my_actor>("name", actor)`.
  template <class Interface>
  caf::expected<void> serve(engine_name name, const caf::actor& actor) const;

  /// As `node::remote`.
  template <class Interface>
  [[nodiscard]] remote_interface<Interface>
  remote(engine_id whom, remote_options options = {}) const;

  /// Messages of handles that were not delivered and whose senders wait for no
  /// answer, by reason. Of a node of this process: those of all its engines,
  /// which `node_metrics` has, too.
  [[nodiscard]] std::vector<reason_count> unanswered_failures() const;

  /// Answers that arrived when nobody waited for them any more, likewise.
  [[nodiscard]] std::uint64_t late_answers() const;

private:
  caf::expected<void> add_engine(register_engine what) const;
  caf::actor
  spawn_remote(engine_id whom, remote_options options,
               std::shared_ptr<const internal::engine_interface> types) const;

  explicit node_access(std::shared_ptr<internal::access_parts> x);

  friend class node;
  friend caf::expected<node_access>
  access_node(caf::actor_system& system, const router_actor& router,
              std::shared_ptr<spdlog::logger> logger);

  std::shared_ptr<internal::access_parts> parts_;
};

/// Access to the node of a Router, usually one of another process, from
/// `system.middleman().remote_actor<router_actor>(host, port)`. Waits for the
/// Router, so it is not for actors. `node_proxy::init` has to have been called
/// for `system`. The logger is told of messages that typed engines of this
/// process cannot take, see `node_config::logger`.
/// Errors: not_initialized; out_of_resources (descriptors); shutting_down if
/// the Router has ended; timed_out if it does not answer for 30 s.
[[nodiscard]] NODE_PROXY_EXPORT caf::expected<node_access>
access_node(caf::actor_system& system, const router_actor& router,
            std::shared_ptr<spdlog::logger> logger = nullptr);

} // namespace node_proxy
