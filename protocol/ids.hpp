// Numbers that the shell chooses.

#pragma once

#include <cstdint>

namespace node_proxy::internal {

/// Names a connection among all of this process.
using connection_id = std::uint64_t;

/// Names an attempt to connect.
using attempt_id = std::uint64_t;

} // namespace node_proxy::internal
