// Making libsodium ready.

#pragma once

#include <node_proxy/base/export.hpp>

namespace node_proxy {

/// Lets libsodium choose its implementations for this processor; AES-256-GCM is
/// not available before (`aes_available`). It also opens the random source of
/// the operating system, which nothing in this folder reads: programs call this
/// once at their start. Further calls and calls from other threads do no harm.
/// False if libsodium cannot be used.
[[nodiscard]] NODE_PROXY_EXPORT bool init_crypto() noexcept;

} // namespace node_proxy
