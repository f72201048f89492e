// What a responder decides about a request for a connection: everything that
// can be said without cryptography (PROTOCOL.md, "Negotiation").

#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include <node_proxy/messages/connect_reply.hpp>
#include <node_proxy/messages/connect_request.hpp>
#include <node_proxy/protocol/crypto/cipher_suite.hpp>
#include <node_proxy/protocol/crypto/noise_types.hpp>
#include <node_proxy/protocol/settings.hpp>

namespace node_proxy::internal {

/// The highest version in both ranges; none if they are disjoint or if one of
/// them is empty.
[[nodiscard]] std::optional<std::uint64_t>
highest_common_version(version_range a, version_range b);

/// The cipher for a connection: `aes256_gcm` if both ends have it, else
/// `chacha20_poly1305`; none if the offer lacks the latter, which everybody
/// must offer.
[[nodiscard]] std::optional<cipher_suite>
choose_cipher(std::span<const std::uint64_t> offered, bool have_aes);

/// What a node knows when it is asked for a connection.
struct connect_facts {
  version_range versions = supported_versions;
  /// Local policy lets this peer connect.
  bool allowed = true;
  /// A peer with the same X25519 key but another id is connected, or may be at
  /// any moment.
  bool twin_connected = false;
  /// There is no room for a peer that is not connected yet.
  bool over_capacity = false;
  node_advert_versions advert_versions;
};

/// Whether a request names the node that has this key. Whoever has it is denied
/// if not.
[[nodiscard]] bool is_of(const connect_request& request,
                         const noise_public_key& key);

/// Answers `request` for the node `self`. The order of the checks is:
/// destination, policy, versions, capacity.
[[nodiscard]] connect_reply answer_request(const connect_request& request,
                                           const node_id& self,
                                           const connect_facts& facts);

} // namespace node_proxy::internal
