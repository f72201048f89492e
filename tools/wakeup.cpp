#include "wakeup.hpp"

#include <cerrno>
#include <cstdint>
#include <system_error>

#include <sys/eventfd.h>
#include <unistd.h>

namespace node_proxy::tools {

wakeup::wakeup() : fd_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
  if (fd_ < 0)
    throw std::system_error{errno, std::generic_category(), "eventfd"};
}

wakeup::~wakeup() {
  ::close(fd_);
}

void wakeup::set() noexcept {
  std::uint64_t one = 1;
  // It fails only if the flag is set 2^64 times.
  static_cast<void>(::write(fd_, &one, sizeof(one)));
}

void wakeup::clear() noexcept {
  std::uint64_t count = 0;
  static_cast<void>(::read(fd_, &count, sizeof(count)));
}

} // namespace node_proxy::tools
