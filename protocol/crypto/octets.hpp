// Octets as libsodium wants them.

#pragma once

#include <cstddef>

namespace node_proxy::internal {

inline unsigned char* octets(std::byte* data) noexcept {
  return reinterpret_cast<unsigned char*>(data);
}

inline const unsigned char* octets(const std::byte* data) noexcept {
  return reinterpret_cast<const unsigned char*>(data);
}

} // namespace node_proxy::internal
