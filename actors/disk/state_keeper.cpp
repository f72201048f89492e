#include <node_proxy/actors/disk/state_keeper.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/disk/node_store.hpp>

namespace node_proxy::internal {

namespace {

/// How long what could not be written waits.
constexpr auto retry_interval = std::chrono::seconds{1};

/// Ends with its actor, whoever still has a handle: the database is closed
/// then.
class state_keeper_state {
public:
  explicit state_keeper_state(state_keeper_actor::pointer self) : self_(self) {
    // nop
  }

  void start(node_store store, node_log log) {
    store_ = std::move(store);
    log_ = std::move(log);
    set_exit_handler(self_, [this](const caf::exit_msg& msg) {
      // By now there may be room.
      if (failing_ && !write())
        log_.error("what could not be written of the state is lost");
      // Before anybody hears of the end, after which 1.x destroys this.
      store_.reset();
      self_->quit(msg.reason);
    });
  }

  done handle(const state_changes& changes) {
    unwritten_.add(changes);
    if (!failing_)
      write_or_retry();
    return done{};
  }

  void handle(retry_write) { write_or_retry(); }

private:
  void write_or_retry() {
    if (!write())
      send_later(self_, retry_interval, retry_write{});
  }

  /// @returns whether everything is on disk.
  bool write() {
    auto ok = store_->apply(unwritten_);
    if (ok)
      unwritten_ = {};
    if (store_->take_restored())
      log_.warn("{}, or its journal, had been removed while the node was "
                "running: it was written again, with all that was in it",
                store_->path());
    if (!ok && !failing_)
      log_.error(
        "the state cannot be written; until it can, which is tried each "
        "second, changes of it would be lost with the process: {}",
        ok.error().text);
    else if (ok && failing_)
      log_.info("the state is written again");
    failing_ = !ok;
    return !failing_;
  }

  state_keeper_actor::pointer self_;
  std::optional<node_store> store_;
  state_changes unwritten_;
  node_log log_;
  bool failing_ = false;
};

state_keeper_actor::behavior_type
keeper_behavior(state_keeper_actor::stateful_pointer<state_keeper_state> self,
                const std::shared_ptr<std::optional<node_store>>& store,
                const node_log& log) {
  auto& state = state_of(self);
  state.start(std::move(**store), log);
  store->reset();
  return {
    [&state](const state_changes& changes) { return state.handle(changes); },
    [&state](retry_write msg) { state.handle(msg); },
  };
}

} // namespace

state_keeper_actor spawn_state_keeper(caf::actor_system& system,
                                      node_store store, node_log log) {
  // CAF keeps what an actor is spawned with for longer than the actor lives,
  // and wants to be able to copy it.
  auto shared = std::make_shared<std::optional<node_store>>(std::move(store));
  return system.spawn<caf::detached + caf::hidden>(
    keeper_behavior, std::move(shared), std::move(log));
}

} // namespace node_proxy::internal
