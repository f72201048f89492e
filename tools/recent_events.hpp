// What has happened to a node lately.

#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <string>

namespace node_proxy::tools {

/// The last events, as JSON. Any thread may call.
class recent_events {
public:
  static constexpr std::size_t max_events = 100;

  /// @param object the event.
  void add(std::string object);

  /// An array of all of them, the first one first. Each has `at` with the time,
  /// in milliseconds of Unix time.
  [[nodiscard]] std::string array() const;

private:
  mutable std::mutex mutex_;
  std::deque<std::string> events_;
};

} // namespace node_proxy::tools
