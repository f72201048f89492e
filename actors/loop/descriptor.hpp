// File descriptors, and the calls to the operating system that the event loop
// makes. No CAF in here.

#pragma once

#include <string>
#include <utility>

#include <unistd.h>

#include <node_proxy/base/bytes.hpp>

namespace node_proxy::internal {

/// A file descriptor that is closed with its owner.
class descriptor {
public:
  descriptor() noexcept = default;

  /// Takes over `fd`; -1 for none.
  explicit descriptor(int fd) noexcept : fd_{fd} {}

  descriptor(descriptor&& other) noexcept : fd_{other.release()} {}

  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  ~descriptor() {
    if (fd_ >= 0)
      ::close(fd_);
  }

  /// The descriptor, still owned.
  [[nodiscard]] int get() const noexcept { return fd_; }

  /// The descriptor, which the caller closes.
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }

private:
  int fd_ = -1;
};

/// A failed call: the value of `errno`.
struct os_error {
  int number = 0;
};

/// A set of sockets to wait for, as epoll(7) has it.
[[nodiscard]] expected<descriptor, os_error> open_epoll();

/// A descriptor in such a set that can be made readable.
[[nodiscard]] expected<descriptor, os_error> open_waker();

/// From any thread.
void wake(int fd) noexcept;

void reset_waker(int fd) noexcept;

/// What the operating system says about an error.
[[nodiscard]] std::string error_text(os_error error);

} // namespace node_proxy::internal
