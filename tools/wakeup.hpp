// Waking up a thread that waits in `poll`.

#pragma once

namespace node_proxy::tools {

/// A flag with a descriptor (eventfd). Any thread may set it.
class wakeup {
public:
  wakeup();
  wakeup(const wakeup&) = delete;
  wakeup& operator=(const wakeup&) = delete;
  ~wakeup();

  /// Makes the descriptor readable.
  void set() noexcept;

  /// Makes it readable no more.
  void clear() noexcept;

  [[nodiscard]] int fd() const noexcept { return fd_; }

private:
  int fd_;
};

} // namespace node_proxy::tools
