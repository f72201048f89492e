// The signals that end a program.

#pragma once

#include <csignal>
#include <functional>
#include <mutex>
#include <thread>

#include "wakeup.hpp"

namespace node_proxy::tools {

/// From its construction on, SIGINT, SIGTERM and SIGHUP do nothing to this
/// thread and those that it starts. The first one makes `fd` readable, so that
/// the program can end in good order. The second one ends it at once, whatever
/// it is stuck in, with 128 and the number of the signal as its status. SIGHUP
/// that was ignored (nohup) stays so. Make it before other threads.
class stop_signals {
public:
  /// @param hangup is called at SIGHUP, which ends nothing then, by a thread of
  ///               this.
  explicit stop_signals(std::function<void()> hangup = {});
  stop_signals(const stop_signals&) = delete;
  stop_signals& operator=(const stop_signals&) = delete;
  ~stop_signals();

  /// Readable from the first signal on.
  [[nodiscard]] int fd() const noexcept { return first_.fd(); }

  /// What is done at the first signal, in a thread of its own; at once if it
  /// has come already. Another handler, or none, takes its place once it is
  /// done.
  void set_handler(std::function<void()> handler);

private:
  void wait();

  std::function<void()> hangup_;
  sigset_t signals_{};
  int signal_fd_;
  wakeup first_;
  wakeup ended_;
  std::mutex mutex_;
  bool has_come_ = false;
  std::function<void()> handler_;
  std::thread handler_thread_;
  std::thread thread_;
};

} // namespace node_proxy::tools
