// The peers that are remembered without being served: their records.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>

#include <node_proxy/messages/identities.hpp>
#include <node_proxy/protocol/node/departure_order.hpp>
#include <node_proxy/protocol/node/open_requests.hpp>
#include <node_proxy/protocol/peer/peer_record.hpp>
#include <node_proxy/protocol/peer/standing.hpp>
#include <node_proxy/protocol/settings.hpp>
#include <node_proxy/protocol/timestamp.hpp>

namespace node_proxy::internal {

/// Records of peers, for a day each, in a bounded number. When there are too
/// many, those of strangers go first with whom no message was exchanged: that
/// costs nobody anything. Then others by their standing, of one standing by
/// `departure_order`. That of a peer whose request is open stays until then, as
/// the peer was told of it: such are few. What has arrived in part is dropped
/// before a record is. Time never runs backwards from call to call.
class peer_book {
public:
  /// @param requests outlives this.
  peer_book(const peer_book_limits& limits, const open_requests& requests)
    : limits_(limits), requests_(requests) {}

  /// A peer without a record has nothing under way any more.
  void handle_dormant(const node_id& id, peer_record record,
                      peer_standing standing, steady_time now);

  /// The last open request of a peer has come to its end.
  void handle_request_end(const node_id& id);

  /// What is remembered of a peer.
  [[nodiscard]] const peer_record* find(const node_id& id, steady_time now);

  /// The same for a peer that is served again: there is no record then.
  [[nodiscard]] std::optional<peer_record> take(const node_id& id,
                                                steady_time now);

  /// Nothing is remembered of a peer any more.
  void erase(const node_id& id);

  /// How many peers are remembered.
  [[nodiscard]] std::size_t size(steady_time now);

private:
  struct entry {
    peer_record record;
    peer_standing standing;
    steady_time since;
    std::uint64_t number = 0;
  };

  using entries = std::unordered_map<node_id, entry>;

  // What a record takes beside its entry.
  struct room {
    std::size_t rejects = 0;
    std::size_t unfinished = 0; // bytes
  };

  bool is_held(const node_id& id) const { return requests_.contain(id); }

  static room room_of(const peer_record& record);
  static std::size_t rank_of(const entry& x);
  void put(const node_id& id, const entry& x);
  peer_record remove(entries::iterator position);
  void forget_old(steady_time now);
  void forget_too_many();
  bool forget_first(const departure_order& order);
  void bound_room();
  bool bound_parts();

  peer_book_limits limits_;
  const open_requests& requests_;
  entries entries_;
  std::map<std::uint64_t, node_id> by_age_; // by their numbers
  std::uint64_t last_number_ = 0;
  departure_order all_;
  departure_order rejecting_; // those with rejects
  departure_order partial_;   // those with messages in part
  room room_;                 // of all records
};

} // namespace node_proxy::internal
