#include <node_proxy/protocol/node/claimed_directory.hpp>

#include <type_traits>
#include <utility>

namespace node_proxy::internal {

// -- processes ----------------------------------------------------------------

void claimed_directory::handle_lost(worker_id worker, steady_time now) {
  auto peers = claims_.handle_lost(worker);
  if (auto open = requests_.extract(worker); !open.empty())
    for (const auto& [x, count] : open.mapped())
      for (std::size_t i = 0; i < count; ++i)
        peer_directory::handle_request_end(x.first, x.second);
  for (const auto& id : peers)
    end(id, std::nullopt, service_loss::worker_lost, now);
  for (const auto& id : peers)
    serve_again(id, now);
}

// -- who comes ----------------------------------------------------------------

admission claimed_directory::handle_request(const node_id& id, worker_id called,
                                            steady_time now) {
  auto result = peer_directory::handle_request(id, now);
  if (called != coordinator)
    ++requests_[called][{id, result.epoch}];
  if (!claims_.may_serve(id, called)
      || (!claims_.find(id) && claims_.handle_call(id, called)))
    result.facts.over_capacity = true;
  return result;
}

void claimed_directory::handle_request_end(const node_id& id,
                                           std::uint64_t epoch,
                                           worker_id called) {
  if (forget_request(called, {id, epoch}))
    peer_directory::handle_request_end(id, epoch);
}

expected<void, arrival_error>
claimed_directory::handle_arrival(const arrival& x, worker_id called,
                                  steady_time now) {
  if (!forget_request(called, {x.id, x.epoch}))
    return unexpected{arrival_error::epoch_ended};
  if (!claims_.may_serve(x.id, called)) {
    peer_directory::handle_request_end(x.id, x.epoch);
    return unexpected{arrival_error::over_capacity};
  }
  auto result = peer_directory::handle_arrival(x, now);
  assign(call{x.id, called});
  return result;
}

// -- what those say who serve a peer ------------------------------------------

bool claimed_directory::handle_fence(worker_id from, const node_id& id,
                                     claim_id number) {
  if (!claims_.holds(from, id, number))
    return false;
  claims_.handle_sent(id);
  return true;
}

bool claimed_directory::handle_offer(worker_id from, const node_id& id,
                                     claim_id number, std::uint64_t handled,
                                     peer_record record, steady_time now) {
  if (!claims_.handle_offer(from, id, number, handled))
    return false;
  end(id, std::move(record), service_loss::node_proxy_ended, now);
  serve_again(id, now);
  return true;
}

bool claimed_directory::handle_end(worker_id from, const node_id& id,
                                   claim_id number,
                                   std::optional<peer_record> record,
                                   steady_time now) {
  if (!claims_.handle_end(from, id, number))
    return false;
  auto failed = !record;
  end(id, std::move(record), service_loss::node_proxy_ended, now);
  if (!failed || (is_permanent(id) && pauses_.handle_failure(id, now)))
    serve_again(id, now);
  return true;
}

// -- results ------------------------------------------------------------------

void claimed_directory::handle_timeout(steady_time now) {
  peer_directory::handle_timeout(now);
  while (auto id = pauses_.poll_due(now))
    serve_again(*id, now);
}

std::optional<claimed_action> claimed_directory::poll_action() {
  assign(std::nullopt);
  if (assigned_.empty())
    return std::nullopt;
  return assigned_.take_front();
}

// -- private ------------------------------------------------------------------

/// Takes what the directory wants done. Only the peer that has called is for
/// who was called.
void claimed_directory::assign(const std::optional<call>& from) {
  auto holder_of = [&](const node_id& id) {
    return from && from->id == id ? from->called : claims_.choose(id);
  };
  auto take = [&]<class T>(T& x) {
    if constexpr (std::is_same_v<T, serve_peer>) {
      auto holder = holder_of(x.id);
      auto number = claims_.handle_served(x.id, holder);
      assigned_.push_back(serve_claim{std::move(x), holder, number});
    } else {
      assigned_.push_back(std::move(x));
    }
  };
  while (auto action = peer_directory::poll_action())
    std::visit(take, *action);
}

/// @returns whether the request was open. The coordinator keeps its own in
///          order.
bool claimed_directory::forget_request(worker_id called, const request& x) {
  if (called == coordinator)
    return true;
  // A worker that is lost has none.
  auto worker = requests_.find(called);
  if (worker == requests_.end())
    return false;
  auto& open = worker->second;
  auto known = open.find(x);
  if (known == open.end())
    return false;
  if (--known->second == 0)
    open.erase(known);
  return true;
}

/// A peer is served no more.
void claimed_directory::end(const node_id& id,
                            std::optional<peer_record> record, service_loss why,
                            steady_time now) {
  if (is_connected(id) && handle_event(id, peer_disconnected{why}, now))
    assigned_.push_back(report_lost{id, why});
  peer_directory::handle_end(id, std::move(record), now);
  assigned_.push_back(end_claim{id});
}

void claimed_directory::serve_again(const node_id& id, steady_time now) {
  // Who is denied now, or not to be served as the node stops, is not.
  if (is_permanent(id))
    static_cast<void>(handle_wanted(id, now));
}

} // namespace node_proxy::internal
