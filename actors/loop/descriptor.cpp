#include <node_proxy/actors/loop/descriptor.hpp>

#include <cerrno>
#include <cstdint>
#include <system_error>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace node_proxy::internal {

expected<descriptor, os_error> open_epoll() {
  descriptor result{::epoll_create1(EPOLL_CLOEXEC)};
  if (result.get() < 0)
    return unexpected{os_error{errno}};
  return result;
}

expected<descriptor, os_error> open_waker() {
  descriptor result{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  if (result.get() < 0)
    return unexpected{os_error{errno}};
  return result;
}

void wake(int fd) noexcept {
  std::uint64_t one = 1;
  static_cast<void>(!::write(fd, &one, sizeof(one)));
}

void reset_waker(int fd) noexcept {
  std::uint64_t count = 0;
  static_cast<void>(!::read(fd, &count, sizeof(count)));
}

std::string error_text(os_error error) {
  return std::generic_category().message(error.number);
}

} // namespace node_proxy::internal
