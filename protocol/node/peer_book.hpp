// The peers that are remembered without being served: their records.

#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <unordered_map>

#include <node_proxy/messages/identities.hpp>
#include <node_proxy/protocol/node/open_requests.hpp>
#include <node_proxy/protocol/peer/peer_record.hpp>
#include <node_proxy/protocol/settings.hpp>
#include <node_proxy/protocol/timestamp.hpp>

namespace node_proxy::internal {

/// Records of peers, for a day each, in a bounded number. When there are too
/// many, those of strangers go first, and of these (or, without any, of all)
/// the oldest one. That of a peer whose request is open stays until then, as
/// the peer was told of it: such are few. Time never runs backwards from call
/// to call.
class peer_book {
public:
  /// @param requests outlives this.
  peer_book(const peer_book_limits& limits, const open_requests& requests)
    : limits_(limits), requests_(requests) {}

  /// A peer without a record has nothing under way any more.
  /// @param named the policy of this node names it: it is no stranger.
  void handle_dormant(const node_id& id, peer_record record, bool named,
                      steady_time now);

  /// The last open request of a peer has come to its end.
  void handle_request_end(const node_id& id);

  /// What is remembered of a peer.
  [[nodiscard]] const peer_record* find(const node_id& id, steady_time now);

  /// The same for a peer that is served again: there is no record then.
  [[nodiscard]] std::optional<peer_record> take(const node_id& id,
                                                steady_time now);

  /// How many peers are remembered.
  [[nodiscard]] std::size_t size(steady_time now);

private:
  struct entry {
    node_id id;
    peer_record record;
    steady_time since;
  };

  using entries = std::list<entry>; // oldest first

  struct place {
    entries* list;
    entries::iterator position;
  };

  // What a record takes beside its entry.
  struct room {
    std::size_t rejects = 0;
    std::size_t unfinished = 0; // bytes
  };

  bool is_held(const entry& x) const { return requests_.contain(x.id); }

  static room room_of(const peer_record& record);
  void add(const peer_record& record);
  void remove(const peer_record& record);
  void forget_old(steady_time now);
  void forget_too_many();
  bool forget_first(entries& list);
  entries::iterator forget(entries& list, entries::iterator position);

  peer_book_limits limits_;
  const open_requests& requests_;
  entries strangers_;
  entries named_;
  std::unordered_map<node_id, place> places_;
  room room_; // of all records
};

} // namespace node_proxy::internal
