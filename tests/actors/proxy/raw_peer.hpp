// A peer that is a plain socket, for what no connection of ours would do.

#pragma once

#include <cstdint>
#include <vector>

#include <node_proxy/messages/transport_address.hpp>

namespace test {

using namespace node_proxy;

/// 127.0.0.1 with this port.
[[nodiscard]] tcp_addr local_host(std::uint16_t port);

/// 127.0.0.HOST, which is this host as well.
[[nodiscard]] tcp_addr local_host(std::uint16_t port, unsigned host);

/// How many descriptors this process has.
[[nodiscard]] std::size_t open_descriptors();

/// Waits until this process has at most `count` descriptors. Returns whether
/// that came true.
[[nodiscard]] bool wait_for_descriptors(std::size_t count);

/// A connected socket that waits in each call, but not for ever.
class raw_peer {
public:
  /// Connects.
  explicit raw_peer(const tcp_addr& address);

  /// Connects, and seems to be at the host of `from`.
  raw_peer(const tcp_addr& address, const tcp_addr& from);

  /// Without waiting for the connection.
  struct no_wait {};
  raw_peer(const tcp_addr& address, no_wait);

  raw_peer(raw_peer&& other) noexcept;
  raw_peer(const raw_peer&) = delete;
  raw_peer& operator=(const raw_peer&) = delete;

  ~raw_peer();

  /// Sends all of it. Returns whether the other side still wants it.
  bool send(bytes_view data);

  /// Sends as much as goes without waiting.
  [[nodiscard]] std::size_t send_some(bytes_view data);

  /// Exactly so many octets; fewer at the end of the stream.
  [[nodiscard]] bytes receive(std::size_t size);

  /// What has come, at most 64 KiB, without waiting.
  [[nodiscard]] bytes receive_some();

  /// Whether the stream has ended, or ends while this waits. What comes before
  /// is thrown away.
  [[nodiscard]] bool sees_end();

  void close();

  /// Ends the connection without waiting for anything that is under way.
  void reset();

private:
  friend class raw_listener;

  explicit raw_peer(int fd) : fd_{fd} {}

  int fd_ = -1;
};

/// A socket that listens.
class raw_listener {
public:
  /// @param address may have port 0, for any.
  explicit raw_listener(const tcp_addr& address);
  raw_listener(const raw_listener&) = delete;
  raw_listener& operator=(const raw_listener&) = delete;
  ~raw_listener();

  [[nodiscard]] tcp_addr address() const { return address_; }

  /// Waits for somebody to connect, but not for ever.
  [[nodiscard]] raw_peer accept();

  /// Whether somebody has connected who was not accepted yet.
  [[nodiscard]] bool has_caller() const;

private:
  int fd_ = -1;
  tcp_addr address_;
};

/// A socket that listens and accepts nobody, so that whoever dials it waits.
class full_listener {
public:
  /// @param at with port 0. At 0.0.0.0 it listens at all addresses of this
  /// host.
  explicit full_listener(const tcp_addr& at = local_host(0));
  full_listener(const full_listener&) = delete;
  full_listener& operator=(const full_listener&) = delete;
  ~full_listener();

  [[nodiscard]] tcp_addr address() const { return address_; }

private:
  int fd_ = -1;
  tcp_addr address_;
  std::vector<raw_peer> waiting_;
};

} // namespace test
