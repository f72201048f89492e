// Where a peer may be reached besides what its newest advert says.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <node_proxy/messages/node_advert.hpp>
#include <node_proxy/messages/transport_address.hpp>

namespace node_proxy::internal {

/// What outlives the adverts of a peer: nothing that it says of itself makes
/// this node forget how it was told to reach it, and how it did.
class address_memory {
public:
  /// How many addresses at which the peer was met are kept.
  static constexpr std::size_t max_reached = 4;

  // -- events -----------------------------------------------------------------

  /// Somebody else than the peer tells of an advert, whose signature was
  /// checked. If it names addresses, they take the place of those of an older
  /// one.
  void handle_introduction(const node_advert& advert);

  /// The peer was dialled at `address` and has proven itself there. At other
  /// ones of those that were `tried` it was not met.
  void handle_contact(const transport_address& address,
                      std::span<const transport_address> tried);

  // -- state ------------------------------------------------------------------

  /// All addresses of a peer whose newest advert names `advertised`, each once,
  /// in the order in which they are worth trying: where it was met, the last
  /// one first; then what it says; then what others say. The latter two by
  /// weight.
  [[nodiscard]] std::vector<transport_address>
  best_first(std::vector<weighted_address> advertised) const;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(cereal::make_nvp("introduced",
                             bounded<limits::advert_addresses>(introduced_)),
            cereal::make_nvp("version", version_),
            cereal::make_nvp("reached", bounded<max_reached>(reached_)));
  }

  friend bool operator==(const address_memory&,
                         const address_memory&) = default;

private:
  std::vector<weighted_address> introduced_;
  std::uint64_t version_ = 0; // of the advert that named these
  std::vector<transport_address> reached_;
};

/// What is kept of a node: its newest advert, and the memory of addresses.
struct known_node {
  node_advert advert;
  address_memory addresses = {};

  friend bool operator==(const known_node&, const known_node&) = default;
};

} // namespace node_proxy::internal
