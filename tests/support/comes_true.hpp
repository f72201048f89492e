// For what no message and no event tells of.

#pragma once

#include <chrono>
#include <thread>

namespace test {

/// How long a test waits before it fails.
inline constexpr std::chrono::seconds patience{20};

/// Waits until `is_so` returns true, asking again and again: only where nothing
/// tells of the change, such as numbers that somebody counts.
/// @returns whether it ever did.
template <class Condition>
[[nodiscard]] bool comes_true(Condition is_so,
                              std::chrono::milliseconds at_most = patience) {
  auto until = std::chrono::steady_clock::now() + at_most;
  while (!is_so()) {
    if (std::chrono::steady_clock::now() > until)
      return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return true;
}

} // namespace test
