// Has CAF's registry know the metrics of a node.

#pragma once

#include <memory>

#include <node_proxy/actors/loop/event_loop.hpp>
#include <node_proxy/actors/router.hpp>
#include <node_proxy/messages/identities.hpp>
#include <node_proxy/protocol/timestamp.hpp>

namespace node_proxy::internal {

using registry_reporter = actor_interface<void(tick)>;

/// How old what the registry says may be: programs that collect metrics mostly
/// ask as often.
inline constexpr duration registry_interval = std::chrono::seconds{15};

/// Spawns what asks the Router at once, and each `interval` after the answer.
/// It ends when there is none. Of a CAF without a registry the result is null.
[[nodiscard]] registry_reporter
spawn_registry_reporter(caf::actor_system& system,
                        std::shared_ptr<event_loop> loop, router_actor router,
                        const node_id& node,
                        duration interval = registry_interval);

} // namespace node_proxy::internal
