#include <node_proxy/actors/tcp/tcp_lookups.hpp>

#include <mutex>
#include <system_error>
#include <thread>

#include <node_proxy/actors/caf/sending.hpp>

namespace node_proxy::internal {

/// Where threads leave what they have found, as long as somebody is there.
struct tcp_lookups::outlet {
  std::mutex mutex;
  lookup_end_receiver to;

  void put(lookup_ended msg) {
    std::lock_guard guard{mutex};
    if (to)
      send_anonymously(to, std::move(msg));
  }
};

tcp_lookups::tcp_lookups(host_resolver resolver, lookup_end_receiver to)
  : resolver_{std::move(resolver)}, outlet_{std::make_shared<outlet>()} {
  outlet_->to = std::move(to);
}

// -- events -------------------------------------------------------------------

void tcp_lookups::handle_wanted(const find_hosts& msg, caf::actor_id owner,
                                promise<hosts_found> answer, steady_time now) {
  auto id = ++last_;
  if (!budget_.handle_wanted(id, msg.standing))
    return fulfil(answer, hosts_found{{}, dial_error::too_many_names});
  requests_.emplace(id, request{msg, owner, std::move(answer), now + max_time});
  go_on();
}

void tcp_lookups::handle_unwanted(caf::actor_id owner, attempt_id attempt) {
  for (auto i = requests_.begin(); i != requests_.end();)
    if (auto x = i++;
        x->second.owner == owner && x->second.what.attempt == attempt)
      give_up(x, errc::connection_closed);
}

void tcp_lookups::handle_owner_gone(caf::actor_id owner) {
  for (auto i = requests_.begin(); i != requests_.end();)
    if (auto x = i++; x->second.owner == owner)
      give_up(x, errc::connection_closed);
}

void tcp_lookups::handle_end(lookup_ended msg) {
  budget_.handle_end(msg.lookup);
  if (auto x = requests_.find(msg.lookup); x != requests_.end())
    answer(x, std::move(msg.found));
  go_on();
}

void tcp_lookups::handle_timeout(steady_time now) {
  while (!requests_.empty() && requests_.begin()->second.deadline <= now)
    answer(requests_.begin(), {{}, dial_error::timed_out});
}

void tcp_lookups::handle_shutdown() {
  while (!requests_.empty())
    give_up(requests_.begin(), errc::shutting_down);
  std::lock_guard guard{outlet_->mutex};
  outlet_->to = nullptr;
}

// -- results ------------------------------------------------------------------

std::optional<steady_time> tcp_lookups::poll_timeout() const {
  if (requests_.empty())
    return std::nullopt;
  return requests_.begin()->second.deadline;
}

// -- private ------------------------------------------------------------------

/// Begins what may be.
void tcp_lookups::go_on() {
  while (auto next = budget_.poll_begin())
    begin(*next);
}

void tcp_lookups::begin(lookup_id id) {
  auto run = [id, resolver = resolver_, to = outlet_,
              name = requests_.at(id).what.name] {
    to->put({id, resolver(name)});
  };
  try {
    std::thread{std::move(run)}.detach();
  } catch (const std::system_error&) {
    budget_.handle_end(id);
    answer(requests_.find(id), {{}, dial_error::out_of_resources});
  }
}

void tcp_lookups::give_up(request_map::iterator position, errc code) {
  auto x = requests_.extract(position);
  budget_.handle_unwanted(x.key());
  fail(x.mapped().answer,
       make_error(code, x.mapped().what.name + ": is no longer looked up"));
}

void tcp_lookups::answer(request_map::iterator position, hosts_found found) {
  auto x = requests_.extract(position);
  budget_.handle_unwanted(x.key());
  fulfil(x.mapped().answer, std::move(found));
}

} // namespace node_proxy::internal
