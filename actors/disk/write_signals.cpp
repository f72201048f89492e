#include <node_proxy/actors/disk/write_signals.hpp>

#include <cerrno>
#include <ctime>
#include <initializer_list>

namespace node_proxy::internal {

write_signals_blocked::write_signals_blocked() noexcept {
  sigemptyset(&ours_);
  sigset_t pending{};
  sigpending(&pending);
  // What is pending already is somebody else's.
  for (int number : {SIGXFSZ, SIGPIPE})
    if (sigismember(&pending, number) == 0)
      sigaddset(&ours_, number);
  ::pthread_sigmask(SIG_BLOCK, &ours_, &before_);
}

write_signals_blocked::~write_signals_blocked() {
  // Why the write has failed is still to be told.
  auto reason = errno;
  // A write raises them for its own thread, where they wait now.
  const timespec no_time{};
  while (::sigtimedwait(&ours_, nullptr, &no_time) > 0)
    continue;
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  errno = reason;
}

} // namespace node_proxy::internal
