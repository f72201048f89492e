// Numbers that the shell chooses.

#pragma once

#include <cstdint>

namespace node_proxy::internal {

/// Names a connection among those of one Node Proxy; chosen by the shell.
using connection_id = std::uint64_t;

/// Names an attempt to connect.
using attempt_id = std::uint64_t;

} // namespace node_proxy::internal
