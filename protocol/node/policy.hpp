// Who may talk to this node.

#pragma once

#include <unordered_set>

#include <node_proxy/base/export.hpp>
#include <node_proxy/messages/identities.hpp>

namespace node_proxy {

/// Lists of nodes that may or must not connect, inbound and outbound. A denied
/// node is denied even if it is allowed too. Ids that share an X25519 key count
/// as one (PROTOCOL.md, "Identities").
class NODE_PROXY_EXPORT policy {
public:
  /// From now on only nodes that were named here may connect.
  void allow(const node_id& id);

  /// This node may not connect.
  void deny(const node_id& id);

  /// Whether `id` may connect.
  [[nodiscard]] bool allows(const node_id& id) const;

  /// Whether `id` stands in one of the lists.
  [[nodiscard]] bool names(const node_id& id) const;

private:
  std::unordered_set<node_id> allowed_;
  std::unordered_set<node_id> denied_;
};

} // namespace node_proxy
