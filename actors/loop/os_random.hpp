// Randomness from the operating system, for the core that has none.

#pragma once

#include <node_proxy/protocol/crypto/secret.hpp>

namespace node_proxy::internal {

/// 32 random bytes, good enough for keys. `init_crypto` was called before.
[[nodiscard]] secret_key os_random_key();

} // namespace node_proxy::internal
