// Which versions of the protocol a node speaks.

#pragma once

#include <cstdint>

namespace node_proxy {

/// A range of protocol versions, both ends included.
struct version_range {
  std::uint64_t min = 0;
  std::uint64_t max = 0;
};

/// The versions that this code speaks.
inline constexpr version_range supported_versions{1, 1};

} // namespace node_proxy
