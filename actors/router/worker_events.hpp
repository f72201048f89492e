// What Node Proxies say of their peers, on the way to another process.

#pragma once

#include <optional>
#include <variant>

#include <node_proxy/actors/proxy/node_proxy_service.hpp>
#include <node_proxy/actors/worker_messages.hpp>

namespace node_proxy::internal {

/// What the coordinator is to know of it: all but the numbers, which are
/// summed up where they are.
[[nodiscard]] std::optional<told_event> event_to_tell(const proxy_event& x);

/// What a Node Proxy of a worker has said, as one of this process says it.
[[nodiscard]] proxy_event event_told(told_event x);

} // namespace node_proxy::internal
