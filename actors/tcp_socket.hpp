// The calls to the operating system. None of them waits. Addresses are numeric.
// No CAF in here.

#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include <node_proxy/actors/errc.hpp>
#include <node_proxy/messages/basics.hpp>
#include <node_proxy/messages/transport_address.hpp>

namespace node_proxy {

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

  ~descriptor();

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
[[nodiscard]] expected<descriptor, os_error> open_alarm();

/// From any thread.
void set_alarm(int fd) noexcept;

void reset_alarm(int fd) noexcept;

/// A socket that listens at `address`, port 0 for any.
[[nodiscard]] expected<descriptor, os_error>
open_listener(const tcp_addr& address);

/// A socket on its way to `address`. It is writable when it has arrived or
/// failed, which `connect_result` tells.
[[nodiscard]] expected<descriptor, os_error>
start_connecting(const tcp_addr& address);

/// What became of `start_connecting`: 0 or the number of an error.
[[nodiscard]] int connect_result(int fd);

/// The next connection of a listener, without waiting. Errors: EAGAIN if there
/// is none.
[[nodiscard]] expected<descriptor, os_error> accept_next(int listener);

/// The address of the near end of a socket.
[[nodiscard]] tcp_addr local_address(int fd);

/// What `read_some` got.
struct read_outcome {
  std::size_t count = 0;
  /// The peer has ended the connection, or it has failed.
  bool ended = false;
};

/// Reads what is there, at most as much as fits.
[[nodiscard]] read_outcome read_some(int fd, std::span<std::byte> to) noexcept;

/// Writes as much as the socket takes at once; nothing if it has failed, which
/// shows to whoever waits for it.
[[nodiscard]] std::size_t write_some(int fd, bytes_view data) noexcept;

/// Says to the peer that nothing more will come from here.
void shut_down_writing(int fd) noexcept;

/// Ends a connection and throws away what the peer has not taken yet.
void abort_connection(int fd) noexcept;

/// The error code for a failed attempt to listen or connect.
[[nodiscard]] errc error_code(os_error error);

/// What the operating system says about an error.
[[nodiscard]] std::string error_text(os_error error);

} // namespace node_proxy
