#include "stop_signals.hpp"

#include <cerrno>
#include <system_error>

#include <sys/signalfd.h>
#include <unistd.h>

namespace node_proxy::tools {

stop_signals::stop_signals() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  fd_ = ::signalfd(-1, &signals_, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd_ < 0)
    throw std::system_error{errno, std::generic_category(), "signalfd"};
}

stop_signals::~stop_signals() {
  release();
  ::close(fd_);
}

void stop_signals::release() noexcept {
  signalfd_siginfo ignored;
  // What has come so far is dealt with.
  while (::read(fd_, &ignored, sizeof(ignored)) > 0)
    continue;
  ::pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
}

} // namespace node_proxy::tools
