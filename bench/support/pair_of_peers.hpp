// Two peers and a connection between them in one thread: all that the core does
// with a message, and nothing else.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include <node_proxy/protocol/peer/peer.hpp>
#include <node_proxy/protocol/session/handshake.hpp>
#include <node_proxy/protocol/wire/frame.hpp>

namespace bench {

/// Their connection takes everything at once, and engines take what comes.
class pair_of_peers {
public:
  /// Throws `std::runtime_error` if they do not connect.
  pair_of_peers();

  /// Sends `count` messages, to so many engines in turn, each with the payload
  /// of `msg`; and waits for their outcomes.
  void send(const node_proxy::node_out_msg& msg, std::size_t count,
            std::size_t engines = 1);

private:
  using peer = node_proxy::internal::peer;

  static peer make_peer(const node_proxy::identity& remote,
                        const std::shared_ptr<const node_proxy::identity>& self,
                        std::uint64_t epoch);

  void flush(peer& x);
  void drain(peer& x);
  void handle_body(peer& to, node_proxy::bytes_view body);
  void answer(node_proxy::bytes_view body);

  void perform(peer& x, node_proxy::internal::dial_peer& action);
  void perform(peer& x, node_proxy::internal::transmit_frames& action);
  void perform(peer& x, node_proxy::internal::deliver_message& action);
  void perform(peer& x, node_proxy::internal::send_outcome& action);
  template <class Other>
  void perform(peer&, Other&) {
    // Of no interest here.
  }

  std::shared_ptr<const node_proxy::identity> alices_self_;
  std::shared_ptr<const node_proxy::identity> bobs_self_;
  node_proxy::timestamp now_;
  peer alice_;
  peer bob_;
  node_proxy::internal::deframer to_alice_;
  node_proxy::internal::deframer to_bob_;
  node_proxy::internal::frame_memory memory_;
  std::optional<node_proxy::internal::responder_handshake> responder_;
  node_proxy::internal::send_token last_token_ = 0;
  std::uint64_t delivered_ = 0;
};

} // namespace bench
