// The engines of a node by their names.

#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <node_proxy/actors/engine_messages.hpp>
#include <node_proxy/protocol/control.hpp>
#include <node_proxy/protocol/fifo.hpp>

namespace node_proxy {

/// An engine of this name is no longer there: sent to those who watch it.
struct engine_ended {
  engine_name name;
};

/// What is told about an engine that it watches.
using engine_watcher = actor_interface<void(engine_ended)>;

/// An engine as long as it has its name.
class registered_engine {
public:
  registered_engine(caf::actor engine, bool batches)
    : engine_{std::move(engine)}, batches_{batches} {}

  [[nodiscard]] const caf::actor& handle() const noexcept { return engine_; }

  /// It takes `engine_msg_batch` instead of `engine_msg`.
  [[nodiscard]] bool batches() const noexcept { return batches_; }

  /// Whether the name is somebody else's by now, or nobody's.
  [[nodiscard]] bool gone() const noexcept { return gone_; }

private:
  friend class engine_directory;

  caf::actor engine_;
  bool batches_;
  std::atomic<bool> gone_ = false;
  // By the mutex of the directory.
  std::unordered_map<caf::actor_id, caf::actor_addr> watchers_;
};

using engine_ptr = std::shared_ptr<registered_engine>;

/// One for the Router, which changes it, and all Node Proxies, which look
/// engines up and are told of the end of those that they have to do with. Every
/// call takes the same time however many engines there are, but for telling
/// those who watch.
///
/// A name is free when its engine has ended, even if nobody has noticed so far.
/// Until it is given again it is remembered, of the last `max_ended` names,
/// that its engine has ended, so that senders do not take it for unknown.
class engine_directory {
public:
  static constexpr std::size_t max_ended = 1'024;

  // -- events
  // ------------------------------------------------------------------

  /// Gives a name to an engine.
  /// @returns whether the engine had no name before. Errors: bad_config (the
  ///          name, or no engine), name_in_use.
  [[nodiscard]] expected<bool, caf::error>
  handle_register(const register_engine& msg);

  /// Takes a name away.
  /// @returns the engine, and whether it has no other name. Errors:
  ///          unknown_engine.
  [[nodiscard]] expected<std::pair<caf::actor, bool>, caf::error>
  handle_unregister(const engine_name& name);

  /// An engine has ended: its names are free.
  void handle_down(const caf::actor_addr& engine);

  /// `watcher` is to be told of the end of `engine`, once. If that has come
  /// already, nothing is told.
  void handle_watch(const engine_ptr& engine, const caf::actor_addr& watcher);

  /// The opposite.
  void handle_unwatch(const engine_ptr& engine, const caf::actor_addr& watcher);

  // -- state
  // -------------------------------------------------------------------

  /// The engine of that name. Errors: unknown_engine, engine_gone (it has
  /// ended).
  [[nodiscard]] expected<engine_ptr, control::reject_reason>
  find(const engine_name& name) const;

  /// All engines that have a name.
  [[nodiscard]] std::vector<caf::actor_addr> engines() const;

private:
  using watchers = std::unordered_map<caf::actor_id, caf::actor_addr>;

  watchers end(const engine_ptr& engine);
  void forget_name(const caf::actor_addr& engine, const engine_name& name);
  void remember_ended(const engine_name& name);

  mutable std::mutex mutex_;
  std::unordered_map<engine_name, engine_ptr> engines_;
  std::unordered_map<caf::actor_addr, std::unordered_set<engine_name>> names_;
  // Names of engines that have ended, the oldest one first; some of them may
  // have been given again.
  std::unordered_set<engine_name> ended_;
  fifo<engine_name> ended_order_;
};

} // namespace node_proxy
