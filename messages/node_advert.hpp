// Node advertisements (arch.node.net.router_types, NodeAdvert).

#pragma once

#include <cstdint>
#include <vector>

#include <node_proxy/messages/basics.hpp>
#include <node_proxy/messages/identities.hpp>
#include <node_proxy/messages/transport_address.hpp>

namespace node_proxy {

/// An address and how much its owner wants it used.
struct weighted_address {
  transport_address address;
  /// Higher is tried first.
  std::uint64_t weight = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(address), CEREAL_NVP(weight));
  }

  friend bool operator==(const weighted_address&,
                         const weighted_address&) = default;
};

/// `NodeAdvert`: where a node can be reached, said and signed by that node.
/// `NodeProxyMsgNodeAdvert` carries one as an update from the remote node.
struct node_advert {
  /// Whose advert this is, and the key that verifies `sig`.
  node_id id;
  /// At most `limits::advert_addresses`.
  std::vector<weighted_address> addrs;
  /// Only a higher version replaces a lower one; 0 means "none".
  std::uint64_t version = 0;
  abs_time created;
  /// Over all fields above (PROTOCOL.md, "Node adverts").
  signature sig;

  /// The fields that `sig` covers.
  template <class Archive>
  void serialize_signed(Archive& archive) {
    archive(CEREAL_NVP(id),
            cereal::make_nvp("addrs", bounded<limits::advert_addresses>(addrs)),
            CEREAL_NVP(version), CEREAL_NVP(created));
  }

  template <class Archive>
  void serialize(Archive& archive) {
    serialize_signed(archive);
    archive(CEREAL_NVP(sig));
  }

  friend bool operator==(const node_advert&, const node_advert&) = default;
};

/// Why a node advert was refused.
enum class node_advert_refusal : std::uint8_t {
  /// Its version is not higher than the one that is known.
  stale,
  bad_signature,
  /// It is the advert of another node than the one it came from.
  wrong_node,
  /// It is larger than `limits::advert_size`.
  too_large,
};

template <>
inline constexpr std::array<std::string_view, 4>
  enum_names<node_advert_refusal>{"stale", "bad_signature", "wrong_node",
                                  "too_large"};

/// The advert is known now.
struct node_advert_accepted {
  std::uint64_t version = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(version));
  }

  friend bool operator==(const node_advert_accepted&,
                         const node_advert_accepted&) = default;
};

/// `NodeProxyMsgNodeAdvertReply`: what became of an advert. It is the answer
/// inside an actor system and does not go over the wire.
struct node_advert_reply {
  std::variant<node_advert_accepted, node_advert_refusal> result;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(result));
  }

  friend bool operator==(const node_advert_reply&,
                         const node_advert_reply&) = default;
};

} // namespace node_proxy
