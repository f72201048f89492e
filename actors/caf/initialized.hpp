// Whether an actor system is ready for nodes.

#pragma once

#include <caf/all.hpp>

#include <node_proxy/actors/error.hpp>
#include <node_proxy/messages/basics.hpp>

namespace node_proxy::internal {

/// The setting by which that is known.
inline constexpr char initialized_setting[] = "node-proxy.initialized";

inline caf::expected<void> check_initialized(const caf::actor_system& system) {
  if (caf::get_or(system.config(), initialized_setting, false))
    return {};
  return make_error(errc::not_initialized,
                    "call node_proxy::init before making the actor system");
}

} // namespace node_proxy::internal
