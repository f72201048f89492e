// Actors that run in the event loop.

#pragma once

#include <functional>
#include <utility>

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/actors/caf/intrusion.hpp>
#include <node_proxy/actors/caf/running.hpp>
#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/loop/event_loop.hpp>

namespace node_proxy::internal {

/// An actor that runs in the event loop, whoever wakes it. CAF's scheduler may
/// be busy with others, and looks for work only every 50 to 100 us otherwise.
template <class Base, class State>
class loop_runner : public caf::stateful_actor<State, Base> {
public:
  using stateful = caf::stateful_actor<State, Base>;
  using behavior_type = typename Base::behavior_type;
  using init_function = std::function<behavior_type(stateful*)>;

  /// @param loop is used as long as the actor is alive.
  loop_runner(caf::actor_config& cfg, event_loop& loop, init_function init)
    : stateful{cfg}, unit_{loop.unit()}, init_{std::move(init)} {}

  using caf::abstract_actor::enqueue;

  enqueue_result enqueue(caf::mailbox_element_ptr what, unit*) override {
    return stateful::enqueue(std::move(what), &unit_);
  }

  void launch(unit*, bool lazy, bool hide) override {
    stateful::launch(&unit_, lazy, hide);
  }

protected:
  behavior_type make_behavior() override {
    return std::exchange(init_, nullptr)(this);
  }

private:
  actor_unit& unit_;
  init_function init_;
};

/// An actor of a node. Other processes, which may have its handle by CAF's
/// middleman, cannot end it, nor say to it what only actors of the module say
/// to each other: that becomes a message without content, for which there is no
/// handler.
template <class Handle, class State>
class loop_actor final : public loop_runner<typename Handle::base, State> {
public:
  using runner = loop_runner<typename Handle::base, State>;

  loop_actor(caf::actor_config& cfg, event_loop& loop,
             typename runner::init_function init)
    : runner{cfg, loop, std::move(init)} {
    // CAF writes what nobody handles to the program's output.
    set_fallback(this, caf::drop);
  }

  using caf::abstract_actor::enqueue;

  enqueue_result enqueue(caf::mailbox_element_ptr what, unit* by) override {
    if (is_intrusion(*what, by))
      what = make_element(what->sender, what->mid, caf::message{});
    return runner::enqueue(std::move(what), by);
  }
};

/// Spawns an actor, hidden as all of this module are: the end of the actor
/// system does not wait for it. Its state has a pointer to `loop`. `init`
/// starts the state and returns the behavior.
template <class Handle, class State>
[[nodiscard]] Handle
spawn_in_loop(caf::actor_system& system, event_loop& loop,
              typename loop_actor<Handle, State>::runner::init_function init) {
  return system.spawn<loop_actor<Handle, State>, caf::hidden>(std::ref(loop),
                                                              std::move(init));
}

/// The same for an actor that is not typed and takes messages of any kind, from
/// anywhere.
template <class State>
[[nodiscard]] caf::actor spawn_open_in_loop(
  caf::actor_system& system, event_loop& loop,
  typename loop_runner<caf::event_based_actor, State>::init_function init) {
  return system.spawn<loop_runner<caf::event_based_actor, State>, caf::hidden>(
    std::ref(loop), std::move(init));
}

} // namespace node_proxy::internal
