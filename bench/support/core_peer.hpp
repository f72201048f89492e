// A cheap other end of a connection: the protocol core on a socket, without
// CAF. Thousands of them fit into one thread.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <node_proxy/base/frame_memory.hpp>
#include <node_proxy/protocol/peer/peer.hpp>
#include <node_proxy/protocol/wire/frame.hpp>

#include "support/tcp.hpp"

namespace bench {

class core_peer;

/// What has happened to peers so far.
struct peer_counts {
  std::uint64_t connected = 0;
  /// Connections on which messages were sent once more.
  std::uint64_t resumed = 0;
  std::uint64_t delivered = 0;
};

/// The event loop of many core peers.
class core_loop {
public:
  core_loop();

  /// Serves all peers until `done` holds. Throws `std::runtime_error` if that
  /// takes longer than `limit`.
  void run_until(const std::function<bool()>& done, std::chrono::seconds limit);

  /// Of all peers together.
  [[nodiscard]] const peer_counts& seen() const { return seen_; }

private:
  friend class core_peer;

  void serve(std::chrono::milliseconds wait);

  descriptor epoll_;
  std::vector<core_peer*> peers_;
  node_proxy::steady_time next_sweep_{0};
  peer_counts seen_;
};

/// One node that knows one other node. It gets no messages, only sends some.
/// All calls throw what goes wrong.
class core_peer {
public:
  /// @param seed of the node's keys and of all its randomness.
  /// @param remote_advert names the address, TCP on this host.
  /// @param advertises whether the node has an advert of its own.
  core_peer(core_loop& loop, const node_proxy::secret_key& seed,
            const node_proxy::node_advert& remote_advert, bool advertises);
  core_peer(const core_peer&) = delete;
  core_peer& operator=(const core_peer&) = delete;
  ~core_peer();

  /// Does what comes before the first octet is written: draws keys, makes the
  /// first message of the handshake.
  void prepare();

  /// Connects, and stays connected from now on.
  void open();

  /// Sends a message to the engine `sink`, and cuts the connection before the
  /// message has left. The peer connects again and sends it once more.
  void send_and_cut(std::size_t size);

  /// How many of its messages were delivered.
  [[nodiscard]] std::uint64_t delivered() const { return delivered_; }

private:
  friend class core_loop;

  void handle_input();
  void handle_closed();
  void handle_timeout(const node_proxy::timestamp& time);
  void act();
  void write();
  void open_socket();

  void perform(const node_proxy::internal::dial_peer& action);
  void perform(const node_proxy::internal::transmit_frames& action);
  void perform(const node_proxy::internal::close_connection& action);
  void perform(const node_proxy::internal::send_outcome& action);
  void perform(const node_proxy::internal::peer_event& action);
  template <class Other>
  void perform(const Other&) {
    // Nobody sends messages or adverts to it.
  }

  core_loop& loop_;
  std::shared_ptr<const node_proxy::identity> self_;
  std::uint16_t port_;
  node_proxy::internal::frame_memory memory_;
  node_proxy::internal::peer core_;
  // The core has dialled; the socket may come later.
  node_proxy::internal::connection_id connection_ = 0;
  std::optional<tcp_stream> socket_;
  node_proxy::internal::deframer input_;
  node_proxy::bytes output_;
  node_proxy::internal::send_token last_token_ = 0;
  bool opened_ = false;
  bool losing_ = false;
  std::uint64_t delivered_ = 0;
};

/// Seeds for nodes, each another one.
[[nodiscard]] node_proxy::secret_key numbered_seed(std::uint64_t number);

} // namespace bench
