// The adverts of other nodes and what else is known of where these are, as much
// as is worth keeping.

#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>
#include <vector>

#include <node_proxy/base/fifo.hpp>
#include <node_proxy/messages/identities.hpp>
#include <node_proxy/messages/node_advert.hpp>
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

/// Adverts that have been checked, one a node. Of too many strangers the one
/// goes that has been a stranger, or has had its advert, for longest.
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

  void handle_hold(const node_id& id, advert_hold reason);

  /// The opposite.
  void handle_release(const node_id& id, advert_hold reason);

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

  /// Adverts of strangers, which `advert_book_limits` bounds.
  [[nodiscard]] std::size_t strangers() const { return strangers_.size(); }

  /// All nodes that somebody here has told of.
  [[nodiscard]] std::vector<node_id> introduced() const;

private:
  struct entry {
    known_node known;
    std::size_t size = 0;
    peer_standing standing = peer_standing::guest;
    // Its place among the strangers, if it is one.
    std::optional<std::list<node_id>::iterator> stranger;
  };

  bool put(const known_node& known);
  void add_stranger(entry& x);
  void remove_stranger(entry& x);
  void bound();

  advert_book_limits limits_;
  std::unordered_map<node_id, entry> entries_;
  // Reasons, also of nodes whose advert is not known.
  std::unordered_map<node_id, unsigned> holds_;
  std::list<node_id> strangers_; // oldest first
  std::size_t bytes_ = 0;        // of strangers
  fifo<node_id> forgotten_;
};

} // namespace node_proxy::internal
