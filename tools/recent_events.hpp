// What has happened to a node lately, and what happens.

#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>

namespace node_proxy::tools {

/// The last events, as JSON, for those who ask and those who follow. Any thread
/// may call.
class recent_events {
public:
  static constexpr std::size_t max_events = 100;

  /// Its functions do not wait, and call nothing of this.
  struct follower {
    /// Gets each event.
    /// @returns whether it wants more.
    std::function<bool(std::string_view event)> tell;
    /// Whether it wants no more, even if nothing happens.
    std::function<bool()> gone;
  };

  /// @param object the event.
  void add(std::string object);

  /// An array of all of them, the first one first. Each has `at` with the time,
  /// in milliseconds of Unix time.
  [[nodiscard]] std::string array() const;

  /// Tells `next` of each of them, and of those that come.
  void follow(follower next);

private:
  mutable std::mutex mutex_;
  std::deque<std::string> events_;
  std::list<follower> followers_;
};

} // namespace node_proxy::tools
