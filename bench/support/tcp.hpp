// Plain TCP on this host, with calls that wait.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <node_proxy/actors/loop/descriptor.hpp>

namespace bench {

using node_proxy::internal::descriptor;

/// A connection, without Nagle's algorithm. All calls throw
/// `std::system_error`.
class tcp_stream {
public:
  /// Connects to a port of this host.
  explicit tcp_stream(std::uint16_t port);
  explicit tcp_stream(descriptor connected);

  void write_all(std::span<const std::byte> data);

  /// The other side reads to the end of what was written.
  void end_writing();

  /// Reads what is there, at least one octet; 0 at the end of the stream.
  std::size_t read_some(std::span<std::byte> to);

  /// Fills `to`. False if the stream ends before that.
  [[nodiscard]] bool read_all(std::span<std::byte> to);

  [[nodiscard]] int fd() const noexcept { return socket_.get(); }

private:
  descriptor socket_;
};

/// Listens at a free port of this host.
class tcp_listener {
public:
  tcp_listener();

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  tcp_stream accept();

private:
  descriptor socket_;
  std::uint16_t port_ = 0;
};

} // namespace bench
