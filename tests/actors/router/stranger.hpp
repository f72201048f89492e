// Somebody whom a node does not know, and who comes nonetheless.

#pragma once

#include <memory>
#include <vector>

#include <node_proxy/messages/node_advert.hpp>
#include <node_proxy/protocol/crypto/identity.hpp>
#include <node_proxy/protocol/session/session.hpp>

#include "actors/proxy/raw_peer.hpp"

namespace test {

/// A plain socket that has shaken hands with a node, and has told where it can
/// be reached, as it says.
class stranger {
public:
  /// Calls.
  /// @param named the best one first.
  stranger(const tcp_addr& node, const node_id& id,
           const std::vector<transport_address>& named,
           const tcp_addr& from = local_host(0));

  [[nodiscard]] const node_id& id() const { return self_->id(); }

  /// Calls again. The last connection is lost.
  void call();

  /// Is gone, without a word.
  void leave() { peer_.reset(); }

private:
  bytes receive_frame();

  tcp_addr node_;
  node_id node_id_;
  tcp_addr from_;
  std::shared_ptr<const identity> self_;
  node_advert advert_;
  std::unique_ptr<raw_peer> peer_;
};

} // namespace test
