// What the Router of a coordinator knows of its workers.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <node_proxy/actors/proxy/handed_messages.hpp>
#include <node_proxy/actors/router/router_service.hpp>
#include <node_proxy/actors/router/survey.hpp>
#include <node_proxy/actors/typed/engine_host.hpp>
#include <node_proxy/protocol/node/held_queue.hpp>
#include <node_proxy/protocol/node/peer_claims.hpp>
#include <node_proxy/protocol/node/process_link.hpp>
#include <node_proxy/protocol/node_parting.hpp>

namespace node_proxy::internal {

/// One of them.
struct node_worker {
  node_worker(worker_end its_handle,
              std::vector<weighted_address> its_addresses, duration timeout,
              steady_time now)
    : handle(std::move(its_handle)), addresses(std::move(its_addresses)),
      joined(now), link(timeout, now) {}

  worker_end handle;
  std::vector<weighted_address> addresses;
  steady_time joined;
  process_link link;
  handed_messages handed;
  /// What it has counted, as it said last.
  told_numbers numbers;
  asked_rounds asked;
  /// What it has said in the present round.
  std::optional<told_status> status;
  /// It has not answered something in time, and has said nothing since: nobody
  /// waits for it any more.
  bool silent = false;
  bool leaving = false;
};

/// Messages for a peer whose worker is about to leave.
struct held_batch {
  node_out_batch batch;
  batch_answer answer;
};

/// An engine that has registered is known everywhere when all have said so.
struct waiting_registration {
  promise<engine_registered> waiting;
  engine_name name;
  /// So long a worker that does not answer is waited for.
  steady_time until{};
  std::set<worker_id> open;
};

/// An actor of another process that is, or was, an engine of this node.
struct foreign_engine {
  caf::actor engine;
  /// The process of the node by which it has come first, or the coordinator if
  /// it has come there, too: without that one CAF may not find the way to it.
  worker_id by = coordinator;
};

/// Somebody wants a peer of a worker forgotten.
struct waiting_parting {
  worker_id worker = coordinator;
  node_id id;
  /// The answer if the worker agrees.
  node_parting verdict;
  promise<node_parting> waiting;
};

struct node_workers {
  /// How long an engine that registers waits for workers, and who asks how
  /// things stand: one that stands still is not to hold them up.
  static constexpr duration patience = std::chrono::seconds{1};

  std::map<worker_id, node_worker> all;
  held_queue<held_batch> held;
  std::map<std::uint64_t, waiting_registration> registrations;
  std::uint64_t last_registration = 0;
  std::map<std::uint64_t, waiting_parting> partings;
  std::uint64_t last_parting = 0;
  /// So long workers are waited for that have been asked.
  steady_time numbers_until{};
  steady_time status_until{};
  /// How many ended without a word, or were silent for too long.
  std::uint64_t lost = 0;
  /// What workers have counted that are gone.
  told_numbers ended;
  /// Of the typed engines of this process, by name: other processes reach them
  /// by these.
  std::map<engine_name, engine_host_actor> hosts;
  std::map<caf::actor_addr, foreign_engine> foreign_engines;
};

} // namespace node_proxy::internal
