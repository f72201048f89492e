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

  /// Gets each event. It does not wait, and calls nothing of this.
  /// @returns whether it wants more.
  using follower = std::function<bool(std::string_view event)>;

  /// @param object the event.
  void add(std::string object);

  /// An array of all of them, the first one first. Each has `at` with the time,
  /// in milliseconds of Unix time.
  [[nodiscard]] std::string array() const;

  /// Has `next` called for each of them, and for those that come.
  void follow(follower next);

private:
  mutable std::mutex mutex_;
  std::deque<std::string> events_;
  std::list<follower> followers_;
};

} // namespace node_proxy::tools
