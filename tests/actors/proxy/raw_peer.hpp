// A peer that is a plain socket, for what no connection of ours would do.

#pragma once

#include <cstdint>
#include <vector>

#include <node_proxy/messages/transport_address.hpp>

namespace test {

using namespace node_proxy;

/// 127.0.0.1 with this port.
[[nodiscard]] tcp_addr local_host(std::uint16_t port);

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
  int fd_ = -1;
};

/// A socket that listens and accepts nobody, so that whoever dials it waits.
class full_listener {
public:
  full_listener();
  full_listener(const full_listener&) = delete;
  full_listener& operator=(const full_listener&) = delete;
  ~full_listener();

  [[nodiscard]] tcp_addr address() const { return address_; }

  /// Lets those connect that dial it. Fewer descriptors are open then.
  /// @returns how many fewer.
  std::size_t make_room();

private:
  int fd_ = -1;
  tcp_addr address_;
  std::vector<raw_peer> waiting_;
};

} // namespace test
