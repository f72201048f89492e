// The adverts of other nodes and what else is known of where these are, as much
// as is worth keeping.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include <node_proxy/base/fifo.hpp>
#include <node_proxy/messages/identities.hpp>
#include <node_proxy/messages/node_advert.hpp>
#include <node_proxy/protocol/node/departure_order.hpp>
#include <node_proxy/protocol/peer/address_memory.hpp>
#include <node_proxy/protocol/peer/standing.hpp>
#include <node_proxy/protocol/settings.hpp>

namespace node_proxy::internal {

/// Why the advert of a node is kept whatever others come.
enum class advert_hold : std::uint8_t {
  /// An operator named the node.
  configured = 1,
  /// The connection to it is permanent.
  permanent = 2,
  /// It has a Node Proxy.
  served = 4,
};

/// Adverts that have been checked, one a node. Of too many that nobody holds
/// the one goes that has the least standing, by `departure_order`; what is said
/// of a node makes it young.
class advert_book {
public:
  explicit advert_book(const advert_book_limits& limits = {})
    : limits_(limits) {}

  // -- events -----------------------------------------------------------------

  /// A newer advert than the one that is known. One that is too large to be
  /// encoded is not taken.
  void handle_advert(const node_advert& advert);

  /// Somebody else than the node itself tells of it, be it with an older advert
  /// than the one that is known.
  /// @returns whether that says something new.
  bool handle_introduction(const node_advert& advert);

  /// What was known before a restart.
  void handle_stored(const known_node& stored);

  /// What is remembered of a node's addresses now, if its advert is known.
  void handle_addresses(const node_id& id, const address_memory& memory);

  /// The advert of a node, known already or not, stays whatever others come,
  /// for this reason.
  void handle_hold(const node_id& id, advert_hold reason);

  /// Not for that reason any more.
  void handle_release(const node_id& id, advert_hold reason);

  /// The advert of a node is to be known no more, whoever holds it.
  void handle_forgotten(const node_id& id);

  // -- results ----------------------------------------------------------------

  /// A node whose advert is known no more.
  [[nodiscard]] std::optional<node_id> poll_forgotten();

  // -- state ------------------------------------------------------------------

  [[nodiscard]] const known_node* find(const node_id& id) const;

  /// The version of the known advert, 0 = none.
  [[nodiscard]] std::uint64_t version(const node_id& id) const;

  /// Who has told of a node: itself (`guest`), an earlier process (`known`), or
  /// somebody here (`introduced`), in this process or in an earlier one. Counts
  /// as long as its advert is known.
  [[nodiscard]] peer_standing standing(const node_id& id) const;

  [[nodiscard]] std::size_t size() const { return entries_.size(); }

  /// Adverts that nobody holds, which `advert_book_limits` bounds.
  [[nodiscard]] std::size_t loose() const { return loose_.size(); }

  /// All nodes that somebody here has told of.
  [[nodiscard]] std::vector<node_id> introduced() const;

private:
  struct entry {
    known_node known;
    std::size_t size = 0;
    peer_standing standing = peer_standing::guest;
  };

  bool put(const known_node& known, peer_standing standing);
  void add_loose(const entry& x);
  void remove_loose(const entry& x);
  void remove(const node_id& id);
  void bound();

  advert_book_limits limits_;
  std::unordered_map<node_id, entry> entries_;
  // Reasons, also of nodes whose advert is not known.
  std::unordered_map<node_id, unsigned> holds_;
  departure_order loose_; // those that nobody holds
  std::size_t bytes_ = 0; // of these
  fifo<node_id> forgotten_;
};

} // namespace node_proxy::internal
