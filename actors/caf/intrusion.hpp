// Messages from other processes that our actors do not take.

#pragma once

#include <node_proxy/actors/caf/running.hpp>

namespace node_proxy::internal {

/// Whether an actor that takes none but our messages ignores `what`: it comes
/// from another process, and is none of those that can leave one.
/// @param by who hands it over, as CAF tells `enqueue`.
[[nodiscard]] bool is_intrusion(const caf::mailbox_element& what, unit* by);

} // namespace node_proxy::internal
