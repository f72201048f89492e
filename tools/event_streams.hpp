// What happens to a node, for pages that look on (server-sent events).

#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "control_reply.hpp"
#include "node_questions.hpp"
#include "unix_socket.hpp"
#include "wakeup.hpp"

namespace node_proxy::tools {

/// Tells listeners of each event (`event`), the last ones first, and each
/// second how things stand (`status`): the node is asked once for all of them.
/// One thread writes to all and waits for none: who has not read for
/// `patience`, or leaves more than `control_reply::max_waiting` of events, is
/// shed.
class event_streams {
public:
  static constexpr std::size_t max_listeners = 16;
  static constexpr std::chrono::milliseconds interval{1'000};
  static constexpr std::chrono::seconds patience{10};

  /// @param questions and `events` have to live longer.
  event_streams(const node_questions& questions, recent_events& events);
  event_streams(const event_streams&) = delete;
  event_streams& operator=(const event_streams&) = delete;

  /// Ends all connections.
  ~event_streams();

  [[nodiscard]] bool has_room() const { return count_ < max_listeners; }

  /// Takes a connection over to which the header of an answer was written. If
  /// there is no room it is closed.
  void add(internal::descriptor fd);

private:
  using clock = std::chrono::steady_clock;

  struct listener {
    internal::descriptor fd;
    control_reply_ptr reply;
    // What is to be written now, and when it came or some of it was taken.
    std::string text = {};
    std::size_t written = 0;
    clock::time_point since = {};
    bool done = false;
  };

  void run();
  void take_arrivals();
  void tell_status();
  static void serve(listener& x, short events, clock::time_point now);
  static void write(listener& x);
  void drop(clock::time_point now);

  const node_questions& questions_;
  recent_events& events_;
  wakeup ended_;
  std::shared_ptr<wakeup> changed_ = std::make_shared<wakeup>();
  std::mutex mutex_;
  std::vector<internal::descriptor> arrivals_;
  std::atomic<std::size_t> count_ = 0; // of these and of listeners
  std::list<listener> listeners_;
  clock::time_point next_status_{};
  std::thread thread_;
};

} // namespace node_proxy::tools
