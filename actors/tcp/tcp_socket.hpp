// The calls to the operating system. None of them waits. Addresses are numeric.
// No CAF in here.

#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include <sys/socket.h>

#include <node_proxy/actors/errc.hpp>
#include <node_proxy/actors/loop/descriptor.hpp>
#include <node_proxy/base/bytes.hpp>
#include <node_proxy/messages/transport_address.hpp>

namespace node_proxy::internal {

/// A socket that listens at `address`, port 0 for any.
[[nodiscard]] expected<descriptor, os_error>
open_listener(const tcp_addr& address);

/// A socket on its way to `address`. It is writable when it has arrived or
/// failed: see `connect_result`.
[[nodiscard]] expected<descriptor, os_error>
start_connecting(const tcp_addr& address);

/// What became of `start_connecting`: 0 or the number of an error.
[[nodiscard]] int connect_result(int fd);

/// A connection that somebody has made.
struct accepted {
  descriptor socket;
  tcp_addr from;
};

/// The next connection of a listener, without waiting. Errors: EAGAIN if there
/// is none.
[[nodiscard]] expected<accepted, os_error> accept_next(int listener);

/// Whether `fd`, which is new, is one of the last `count` descriptors that this
/// process may have.
[[nodiscard]] bool is_among_last(int fd, std::size_t count) noexcept;

/// The host of an address of the operating system, if it is one of IP.
[[nodiscard]] std::optional<ip_address> ip_of(const sockaddr& address,
                                              std::size_t size);

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

} // namespace node_proxy::internal
