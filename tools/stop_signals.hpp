// SIGINT and SIGTERM as something to wait for.

#pragma once

#include <csignal>

namespace node_proxy::tools {

/// From its construction on, SIGINT and SIGTERM do nothing to this thread and
/// those that it starts, but make `fd` readable. Make it before other threads.
class stop_signals {
public:
  stop_signals();
  stop_signals(const stop_signals&) = delete;
  stop_signals& operator=(const stop_signals&) = delete;
  ~stop_signals();

  /// Readable when a signal has come (signalfd).
  [[nodiscard]] int fd() const noexcept { return fd_; }

  /// Lets further signals end the program at once, for users who do not want
  /// to wait for an end in good order.
  void release() noexcept;

private:
  sigset_t signals_{};
  int fd_;
};

} // namespace node_proxy::tools
