// Tells when limits begin to be met.

#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include <node_proxy/protocol/timestamp.hpp>

namespace node_proxy::internal {

/// A limit of nothing is never told of. One that is met stays so until less
/// than four fifths of it are used, so that one that is met again and again is
/// told of once; and once in `interval` in any case, as strangers may come and
/// go as they like. Time never runs backwards from call to call.
class limit_watch {
public:
  static constexpr duration interval = std::chrono::seconds{10};

  /// @param name lives as long as this.
  /// @param shortages how often what was left was less than somebody needed,
  ///                  who waits or was refused: so the limit is met, too.
  /// @returns whether the limit begins to be met, and that is to be told.
  [[nodiscard]] bool handle_use(std::string_view name, std::uint64_t used,
                                std::uint64_t max, std::uint64_t shortages,
                                steady_time now) {
    auto& known = limits_[name];
    auto wanting = std::exchange(known.shortages, shortages) != shortages;
    if (used < max - max / 5 && !wanting)
      known.met = false;
    if (max == 0 || (used < max && !wanting) || std::exchange(known.met, true))
      return false;
    if (known.told && now - *known.told < interval)
      return false;
    known.told = now;
    return true;
  }

private:
  struct limit {
    bool met = false;
    std::uint64_t shortages = 0;
    std::optional<steady_time> told;
  };

  std::map<std::string_view, limit> limits_;
};

} // namespace node_proxy::internal
