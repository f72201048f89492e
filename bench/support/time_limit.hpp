// How long a sender goes on.

#pragma once

#include "support/report.hpp"

namespace bench {

/// Passes after some time. To look at the clock takes as long as a part of the
/// way of a small message, so it is looked at now and then only.
class time_limit {
public:
  explicit time_limit(bench_clock::duration how_long)
    : until_{bench_clock::now() + how_long} {}

  /// To be asked before each message.
  [[nodiscard]] bool passed() {
    if (!passed_ && asked_++ % messages_per_look == 0)
      passed_ = bench_clock::now() >= until_;
    return passed_;
  }

private:
  static constexpr unsigned messages_per_look = 16;

  bench_clock::time_point until_;
  unsigned asked_ = 0;
  bool passed_ = false;
};

} // namespace bench
