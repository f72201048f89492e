// An engine that shows what others have left on it.

#pragma once

#include <cstddef>

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/messages/engine_msg.hpp>

namespace test {

/// Takes all messages.
class counting_engine : public caf::event_based_actor {
public:
  explicit counting_engine(caf::actor_config& cfg) : event_based_actor{cfg} {}

  caf::behavior make_behavior() override {
    return {[](const node_proxy::engine_msg&) {
    }};
  }

  /// How many monitors, links and other notes there are on such an engine.
  static std::size_t notes_on(const caf::actor& engine) {
    auto* x = static_cast<counting_engine*>(
      caf::actor_cast<caf::abstract_actor*>(engine));
    return x->exclusive_critical_section([x] {
      std::size_t result = 0;
      for (auto* note = x->attachables_head_.get(); note != nullptr;
           note = note->next.get())
        ++result;
      return result;
    });
  }
};

} // namespace test
