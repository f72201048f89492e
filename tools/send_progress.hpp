// How far `send` is, for whoever watches.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace node_proxy::tools {

/// What has been sent, and what came of it.
struct sent_amount {
  std::uint64_t messages = 0;
  /// Of messages whose outcome is known.
  std::uint64_t acknowledged = 0;
  std::uint64_t failed = 0;
  std::uint64_t bytes = 0;
};

/// "1.2 MiB, 400 KiB/s, 12 of 20 messages acknowledged", and how many failed.
[[nodiscard]] std::string progress_text(const sent_amount& x,
                                        std::chrono::duration<double> took);

/// A line of a terminal that says so, and is written anew as it changes: from
/// some time on, as whatever is quick needs none, and not more often than
/// somebody can read.
class send_progress {
public:
  using clock = std::chrono::steady_clock;

  static constexpr clock::duration begin_after = std::chrono::seconds{1};
  static constexpr clock::duration interval = std::chrono::milliseconds{200};

  /// @param write puts text on the terminal; without it there is none.
  send_progress(std::function<void(std::string_view)> write,
                clock::time_point now);

  /// There is more.
  void handle_amount(const sent_amount& x, clock::time_point now);

  /// The line is for others.
  void handle_end();

private:
  std::function<void(std::string_view)> write_;
  clock::time_point begun_;
  std::optional<clock::time_point> shown_;
};

} // namespace node_proxy::tools
