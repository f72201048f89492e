#include "stop_signals.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace node_proxy::tools {

namespace {

bool is_ignored(int number) {
  struct sigaction present {};
  return ::sigaction(number, nullptr, &present) == 0
         && present.sa_handler == SIG_IGN;
}

} // namespace

stop_signals::stop_signals(std::function<void()> hangup)
  : hangup_{std::move(hangup)} {
  sigemptyset(&signals_);
  for (int number : {SIGINT, SIGTERM, SIGHUP})
    if (!is_ignored(number))
      sigaddset(&signals_, number);
  ::pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  signal_fd_ = ::signalfd(-1, &signals_, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signal_fd_ < 0)
    throw std::system_error{errno, std::generic_category(), "signalfd"};
  thread_ = std::thread{[this] {
    wait();
  }};
}

stop_signals::~stop_signals() {
  ended_.set();
  thread_.join();
  if (handler_thread_.joinable())
    handler_thread_.join();
  ::close(signal_fd_);
  ::pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
}

void stop_signals::set_handler(std::function<void()> handler) {
  std::unique_lock guard{mutex_};
  handler_ = std::move(handler);
  auto earlier = std::move(handler_thread_);
  if (has_come_ && handler_)
    handler_thread_ = std::thread{handler_};
  guard.unlock();
  if (earlier.joinable())
    earlier.join();
}

void stop_signals::wait() {
  for (;;) {
    pollfd fds[] = {{signal_fd_, POLLIN, 0}, {ended_.fd(), POLLIN, 0}};
    if (::poll(fds, std::size(fds), -1) < 0)
      continue;
    signalfd_siginfo signal;
    while (::read(signal_fd_, &signal, sizeof(signal)) == sizeof(signal)) {
      if (hangup_ && signal.ssi_signo == SIGHUP) {
        hangup_();
        continue;
      }
      std::unique_lock guard{mutex_};
      if (has_come_)
        ::_exit(128 + static_cast<int>(signal.ssi_signo));
      has_come_ = true;
      first_.set();
      if (handler_)
        handler_thread_ = std::thread{handler_};
    }
    if (fds[1].revents != 0)
      return;
  }
}

} // namespace node_proxy::tools
