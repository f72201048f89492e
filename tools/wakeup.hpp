// Waking up a thread that waits in `poll`.

#pragma once

#include <node_proxy/actors/loop/descriptor.hpp>

namespace node_proxy::tools {

/// A flag with a descriptor. Any thread may set it.
class wakeup {
public:
  /// Throws std::system_error if there is no descriptor left.
  wakeup();

  /// Makes the descriptor readable.
  void set() noexcept { internal::wake(fd()); }

  /// Makes it readable no more.
  void clear() noexcept { internal::reset_waker(fd()); }

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

private:
  internal::descriptor fd_;
};

} // namespace node_proxy::tools
