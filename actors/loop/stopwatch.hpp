// How long an actor's turn takes.

#pragma once

#include <cstdint>
#include <optional>

#include <node_proxy/protocol/timestamp.hpp>

namespace node_proxy::internal {

/// Measures what the thread that makes it does from then on.
///
/// If it is to look `closely`, which takes some system calls, time does not
/// count in which others had the processor and this thread wanted it; unless it
/// has waited for something meanwhile, say for a disk: then all of it counts.
class stopwatch {
public:
  stopwatch(steady_time begun, bool closely);

  [[nodiscard]] duration elapsed(steady_time now) const;

private:
  /// What the operating system says of this thread.
  struct usage {
    duration ran{};
    std::int64_t preempted = 0; // so many times
    std::int64_t waited = 0;    // likewise
  };

  static usage usage_of_thread();

  steady_time begun_;
  std::optional<usage> usage_;
};

} // namespace node_proxy::internal
