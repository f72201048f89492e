// A directory of peers, and what a test does with it.

#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include <node_proxy/protocol/node/peer_directory.hpp>
#include <node_proxy/protocol/wire/advert.hpp>

#include "simulation/identities.hpp"

namespace test {

using namespace node_proxy;
using namespace node_proxy::internal;
using namespace std::chrono_literals;

using simulation::identity_of;

inline node_id id_of(std::size_t index) {
  return identity_of(index)->id();
}

inline node_advert advert_of(std::size_t index, std::uint64_t version = 1) {
  node_advert result;
  result.version = version;
  REQUIRE(sign_advert(*identity_of(index), result));
  return result;
}

inline peer_record record_of(std::uint64_t epoch) {
  peer_record result{epoch};
  result.last_established = connection_digest{};
  return result;
}

inline peer_record finished_record(std::uint64_t epoch) {
  auto result = record_of(epoch);
  result.finished = true;
  return result;
}

template <class T>
std::string text_of(const expected<void, T>& result) {
  return std::string{result ? "ok" : to_string(result.error())};
}

/// The directory of node 0; others are named by their index.
struct directory_fixture {
  directory_settings settings;
  stored_state stored;
  std::optional<peer_directory> uut;
  timestamp now{1000s, 60'000'000s};
  // What was served, and is to be sought.
  std::map<node_id, serve_peer> served;
  std::set<node_id> sought;
  // Those whose places were for others.
  std::vector<node_id> displaced;
  std::uint64_t denied = 0;
  // Who called in vain.
  std::vector<std::pair<node_id, connect_reply_error>> turned_away;
  // Events that were not reported.
  std::uint64_t left_out = 0;

  /// A process begins.
  void start() {
    served.clear();
    uut.emplace(settings, identity_of(0), stored, test::seeded(7));
    act();
    REQUIRE(uut->handle_local_addresses({}, 1, now));
    act();
  }

  void act() {
    while (auto action = uut->poll_action()) {
      if (auto x = std::get_if<serve_peer>(&*action))
        REQUIRE(served.emplace(x->id, *x).second);
      else if (auto y = std::get_if<seek_peer>(&*action))
        sought.insert(y->id);
      else if (auto z = std::get_if<regard_peer>(&*action))
        served.at(z->id).standing = z->standing;
      else if (auto u = std::get_if<displace_peer>(&*action))
        displaced.push_back(u->id);
      else if (auto w = std::get_if<report_turned_away>(&*action))
        turned_away.emplace_back(w->id, w->reason);
      else if (auto v = std::get_if<report_left_out>(&*action))
        left_out += v->events;
      denied += std::holds_alternative<report_denied>(*action);
    }
  }

  /// @returns what keeps the peer from being served.
  std::string want(const node_id& id) {
    auto result = text_of(uut->handle_wanted(id, now.steady));
    act();
    return result;
  }

  std::string want(std::size_t index) { return want(id_of(index)); }

  std::string arrive(const node_id& id, const admission& admitted,
                     const std::optional<ip_address>& from = {}) {
    auto key = *noise_key_of(id);
    auto result =
      text_of(uut->handle_arrival({id, key, admitted.epoch, from}, now.steady));
    act();
    return result;
  }

  /// A peer asks and is answered, and nothing comes of it.
  admission ask(std::size_t index) {
    auto result = uut->handle_request(id_of(index), now.steady);
    uut->handle_request_end(id_of(index), result.epoch);
    return result;
  }

  /// A peer asks, is answered and proves itself.
  std::string come(const node_id& id,
                   const std::optional<ip_address>& from = {}) {
    auto admitted = uut->handle_request(id, now.steady);
    if (!admitted.facts.allowed || admitted.facts.twin_connected)
      return "denied";
    if (admitted.facts.over_capacity)
      return "over_capacity";
    auto result = arrive(id, admitted, from);
    if (result != "ok")
      return result;
    remember(id, [](address_memory& x) { x.handle_call(std::nullopt); });
    tell(id, peer_connected{});
    return result;
  }

  std::string come(std::size_t index) { return come(id_of(index)); }

  /// Who serves a peer has more to remember of its addresses, or less.
  template <class F>
  void remember(const node_id& id, F change) {
    auto known = uut->adverts().find(id);
    auto memory = known ? known->addresses : address_memory{};
    change(memory);
    uut->handle_addresses(id, memory);
    act();
  }

  bool tell(const node_id& id, const peer_event& event) {
    auto result = uut->handle_event(id, event, now.steady);
    act();
    return result;
  }

  /// The connection ends, but not what is under way.
  void leave(std::size_t index, const end_reason& reason = close_reason::lost) {
    tell(id_of(index), peer_disconnected{reason});
  }

  void rest(std::size_t index, std::optional<peer_record> record = {}) {
    uut->handle_end(id_of(index), std::move(record), now.steady);
    served.erase(id_of(index));
    act();
  }

  void introduce(std::size_t index) {
    uut->handle_introduction(advert_of(index));
    act();
  }

  /// Brings changes to disk.
  void write() {
    auto changes = uut->poll_changes(now.steady);
    if (!changes)
      return;
    stored.own_version = changes->own_version.value_or(stored.own_version);
    for (const auto& [id, known] : changes->nodes) {
      std::erase_if(stored.nodes, [&id = id](const known_node& x) {
        return x.advert.id == id;
      });
      if (known)
        stored.nodes.push_back(*known);
    }
    write_ids(stored.permanent_peers, changes->permanent);
    write_ids(stored.connected_peers, changes->connected);
  }

  template <class Changes>
  static void write_ids(std::vector<node_id>& ids, const Changes& changes) {
    for (const auto& [id, is_in] : changes) {
      std::erase(ids, id);
      if (is_in)
        ids.push_back(id);
    }
  }

  void wait(duration time) {
    auto end = now.steady + time;
    for (auto at = uut->poll_timeout(); at && *at <= end;
         at = uut->poll_timeout()) {
      now.steady = std::max(now.steady, *at);
      uut->handle_timeout(now.steady);
      act();
    }
    now.steady = end;
  }

  directory_fixture() { start(); }
};

} // namespace test
