// Where a peer may be reached besides what its newest advert says.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <node_proxy/messages/node_advert.hpp>
#include <node_proxy/messages/transport_address.hpp>
#include <node_proxy/protocol/peer/dial_policy.hpp>
#include <node_proxy/protocol/peer_status.hpp>

namespace node_proxy::internal {

/// What outlives the adverts of a peer: nothing that it says of itself makes
/// this node forget how it was told to reach it, and how it did. Addresses are
/// kept as they are dialled (`canonical`).
class address_memory {
public:
  /// How many addresses at which the peer was met are kept.
  static constexpr std::size_t max_reached = 4;

  /// How many hosts from which it called are kept.
  static constexpr std::size_t max_callers = 4;

  /// How many hosts are dialled for one name.
  static constexpr std::size_t max_hosts_of_name = 8;

  /// How many dials it can have earned by its calls.
  static constexpr std::uint64_t max_earned = 4;

  // -- events -----------------------------------------------------------------

  /// Somebody else than the peer tells of an advert, whose signature was
  /// checked. If it names addresses, they take the place of those of an older
  /// one.
  void handle_introduction(const node_advert& advert);

  /// The peer was dialled at `address` and has proven itself there. At other
  /// ones of those that were `tried` it was not met.
  void handle_contact(const transport_address& address,
                      std::span<const transport_address> tried);

  /// The peer has called, from `host` if that is known, and proven itself.
  void handle_call(const std::optional<ip_address>& host);

  /// Somebody here wants it connected: one dial is earned by that, if none is.
  void handle_wish();

  /// It is dialled for its own sake.
  void handle_dial();

  // -- state ------------------------------------------------------------------

  /// All addresses at which to dial a peer whose newest advert names
  /// `advertised`, each once, in the order in which they are worth trying:
  /// where it was met, the last one first; then what it says, as far as
  /// `may_dial` lets it, first at hosts from which it called; then what others
  /// say. The latter two by weight.
  [[nodiscard]] std::vector<transport_address>
  best_first(const std::vector<weighted_address>& advertised,
             const dial_scope& scope) const;

  /// What keeps the peer from being dialled, though nobody would mind: nothing
  /// if `best_first` has an address.
  [[nodiscard]] std::optional<dial_obstacle>
  obstacle(const std::vector<weighted_address>& advertised,
           const dial_scope& scope) const;

  /// The addresses to dial for one of these that is a name, after it was looked
  /// up and stands for the hosts `found`: at most `max_hosts_of_name`, as they
  /// come. If only the peer itself has told of the name, each has to pass
  /// `may_dial`, as if the peer had named it.
  [[nodiscard]] std::vector<transport_address>
  addresses_of(const dns_addr& name, std::span<const ip_address> found,
               const dial_scope& scope) const;

  /// Somebody else than the peer has said where it is.
  [[nodiscard]] bool introduced() const { return !introduced_.empty(); }

  /// The host from which it has called last.
  [[nodiscard]] std::optional<ip_address> last_caller() const {
    return callers_.empty() ? std::nullopt : std::optional{callers_.front()};
  }

  /// How many times it may be dialled for its own sake. Each call of the peer
  /// earns one, and so does each dial that leads to it.
  [[nodiscard]] std::uint64_t earned() const { return earned_; }

  template <class Archive>
  void serialize(Archive& archive) {
    archive(cereal::make_nvp("introduced",
                             bounded<limits::advert_addresses>(introduced_)),
            cereal::make_nvp("version", version_),
            cereal::make_nvp("reached", bounded<max_reached>(reached_)),
            cereal::make_nvp("callers", bounded<max_callers>(callers_)),
            cereal::make_nvp("earned", earned_));
  }

  friend bool operator==(const address_memory&,
                         const address_memory&) = default;

private:
  std::vector<ip_address> hosts() const;
  void earn();

  std::vector<weighted_address> introduced_;
  std::uint64_t version_ = 0; // of the advert that named these
  std::vector<transport_address> reached_;
  std::vector<ip_address> callers_; // the last one first
  std::uint64_t earned_ = 0;
};

/// What is kept of a node: its newest advert, and the memory of addresses.
struct known_node {
  node_advert advert;
  address_memory addresses = {};

  friend bool operator==(const known_node&, const known_node&) = default;
};

} // namespace node_proxy::internal
