// Identities of nodes and engines (arch.node.types.identities).

#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <node_proxy/base/utf8.hpp>
#include <node_proxy/messages/basics.hpp>
#include <node_proxy/messages/field.hpp>
#include <node_proxy/messages/limits.hpp>

namespace node_proxy {

/// `PublicKey = Curve25519PubKey ByteString`: an Ed25519 public key, 32 bytes
/// (RFC 8032). Whether it is a point of the curve is for the protocol to say.
struct public_key {
  std::array<std::byte, 32> data{};

  template <class Archive>
  void serialize(Archive& archive) {
    archive(cereal::make_nvp("curve25519", sole_alternative{data}));
  }

  // All octets at once: each message is compared with two of them.
  friend bool operator==(const public_key& x, const public_key& y) noexcept {
    return std::memcmp(x.data.data(), y.data.data(), x.data.size()) == 0;
  }

  friend std::strong_ordering operator<=>(const public_key& x,
                                          const public_key& y) noexcept {
    return std::memcmp(x.data.data(), y.data.data(), x.data.size()) <=> 0;
  }
};

/// `NodeID`: a node is its public key.
using node_id = public_key;

/// `Signature = Ed25519Signature ByteString`: 64 bytes (RFC 8032).
struct signature {
  std::array<std::byte, 64> data{};

  template <class Archive>
  void serialize(Archive& archive) {
    archive(cereal::make_nvp("ed25519", sole_alternative{data}));
  }

  friend bool operator==(const signature&, const signature&) = default;
};

/// `EngineName`: the name of an engine on its node, UTF-8, 1 to
/// `limits::engine_name` bytes; a sender may go without.
using engine_name = std::string;

/// Whether an engine may have this name.
[[nodiscard]] inline bool is_engine_name(std::string_view name) {
  return !name.empty() && name.size() <= limits::engine_name && is_utf8(name);
}

/// `EngineID = Pair (Option NodeID) EngineName`: an engine. Without a node it
/// means the node at hand: for a received message the peer that sent it (as
/// sender) or this node (as target).
struct engine_id {
  std::optional<node_id> node;
  engine_name name;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(node),
            cereal::make_nvp("name", bounded<limits::engine_name>(name)));
  }

  friend bool operator==(const engine_id&, const engine_id&) = default;
};

} // namespace node_proxy

/// Public keys are uniformly distributed, or made so at a high price by the
/// owner of the key; containers of untrusted keys have a bounded size.
template <>
struct std::hash<node_proxy::public_key> {
  std::size_t operator()(const node_proxy::public_key& key) const noexcept {
    std::size_t result;
    std::memcpy(&result, key.data.data(), sizeof(result));
    return result;
  }
};
