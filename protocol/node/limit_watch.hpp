// Tells when limits begin to be met.

#pragma once

#include <cstdint>
#include <set>
#include <string_view>

namespace node_proxy::internal {

/// A limit of nothing is never told of. One that is met stays so until less
/// than four fifths of it are used, so that one that is met again and again is
/// told of once.
class limit_watch {
public:
  /// @param name lives as long as this.
  /// @returns whether the limit begins to be met.
  [[nodiscard]] bool handle_use(std::string_view name, std::uint64_t used,
                                std::uint64_t max) {
    if (used >= max)
      return max > 0 && met_.insert(name).second;
    if (used < max / 5 * 4)
      met_.erase(name);
    return false;
  }

private:
  std::set<std::string_view> met_;
};

} // namespace node_proxy::internal
