// Where a node dials a peer because the peer says so.

#pragma once

#include <span>

#include <node_proxy/messages/transport_address.hpp>
#include <node_proxy/protocol/wire/address_range.hpp>

namespace node_proxy::internal {

/// What this node says about where it dials.
struct dial_scope {
  /// Where peers may have it dial them: `peer_settings::dial_ranges`.
  std::span<const ip_range> allowed;
  /// `peer_settings::own_networks`.
  std::span<const ip_range> own;
};

/// Whether to dial an address that a peer itself names. Anybody can name any:
/// the network behind this node is not to be searched, nor others bothered, at
/// their wish. So it is one
///
/// - of one host of the Internet, but in no network of this host, or
/// - of a host where the peer was `met`: it called from there, was reached
///   there, or an operator said so, or
/// - in a range that is `allowed`,
///
/// and even then none that is link-local, or stands for any, many or no hosts,
/// whatever form it has, nor one with port 0. What an operator names himself is
/// judged by `objection_to_dial` alone.
///
/// A name may be looked up by whoever knows it. Each address that it stands for
/// is to be judged then.
[[nodiscard]] bool may_dial(const transport_address& told,
                            std::span<const ip_address> met,
                            const dial_scope& scope);

} // namespace node_proxy::internal
