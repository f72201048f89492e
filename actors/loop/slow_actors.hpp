// Which actors take long, so that others should not wait for them.

#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>

#include <node_proxy/protocol/timestamp.hpp>

namespace node_proxy::internal {

/// Actors are slow for a while after several turns in a row took long. A single
/// one may be the fault of others who want the processor.
///
/// Few are remembered: there is no harm in forgetting one.
class slow_actors {
public:
  static constexpr duration slow_turn = std::chrono::milliseconds{5};
  static constexpr int slow_turns = 3;

  /// How long one that is slow stays so.
  static constexpr duration slow_time = std::chrono::seconds{1};

  /// @param took what is to be measured closely if `who` is suspected before.
  void handle_turn(const void* who, duration took, steady_time now) {
    auto known = find(who);
    if (took < slow_turn) {
      if (known != suspects_.end())
        known->who = nullptr;
      return;
    }
    if (known == suspects_.end()) {
      known = suspects_.begin() + next_++ % suspects_.size();
      *known = {who, 0, {}};
    }
    if (++known->turns >= slow_turns)
      known->slow_until = now + slow_time;
  }

  /// Its last turn took long.
  [[nodiscard]] bool suspects(const void* who) const {
    return find(who) != suspects_.end();
  }

  [[nodiscard]] bool contain(const void* who, steady_time now) const {
    auto known = find(who);
    return known != suspects_.end() && now < known->slow_until;
  }

private:
  struct suspect {
    const void* who = nullptr;
    int turns = 0;
    steady_time slow_until{};
  };

  using suspects_array = std::array<suspect, 8>;

  [[nodiscard]] suspects_array::const_iterator find(const void* who) const {
    return std::ranges::find(suspects_, who, &suspect::who);
  }

  suspects_array::iterator find(const void* who) {
    return std::ranges::find(suspects_, who, &suspect::who);
  }

  suspects_array suspects_{};
  std::size_t next_ = 0;
};

} // namespace node_proxy::internal
