#include <node_proxy/actors/state_keeper.hpp>

#include <memory>
#include <optional>
#include <utility>

#include <spdlog/spdlog.h>

namespace node_proxy {

namespace {

/// Ends with its actor, whoever still has a handle: the database is closed
/// then.
struct state_keeper_state {
  explicit state_keeper_state(state_keeper_actor::pointer) {
    // nop
  }

  std::optional<node_store> store;
};

state_keeper_actor::behavior_type
keeper_behavior(state_keeper_actor::stateful_pointer<state_keeper_state> self,
                const std::shared_ptr<std::optional<node_store>>& store) {
  auto& state = state_of(self);
  state.store = std::move(*store);
  store->reset();
  return {[&state](const state_changes& changes) {
    if (auto ok = state.store->apply(changes); !ok)
      spdlog::error("a change was not written: {}", ok.error().text);
    return done{};
  }};
}

} // namespace

state_keeper_actor spawn_state_keeper(caf::actor_system& system,
                                      node_store store) {
  // CAF keeps what an actor is spawned with for longer than the actor lives,
  // and wants to be able to copy it.
  auto shared = std::make_shared<std::optional<node_store>>(std::move(store));
  return system.spawn<caf::detached>(keeper_behavior, std::move(shared));
}

} // namespace node_proxy
