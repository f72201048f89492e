// What the Router does for its operators.

#include <algorithm>
#include <utility>

#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/loop/now.hpp>
#include <node_proxy/actors/router/router_state.hpp>
#include <node_proxy/base/hex.hpp>

namespace node_proxy::internal {

caf::result<node_parting> router_state::handle(const disconnect_node& msg) {
  auto now = now_of(self_).steady;
  node_parting verdict{directory_->disconnection(msg.id, now)};
  return part(msg.id, verdict, false);
}

caf::result<node_parting> router_state::handle(const forget_node& msg) {
  return part(msg.id, directory_->loss(msg.id, now_of(self_).steady), true);
}

/// Has the Node Proxy end the connection, if there is one and nothing speaks
/// against it.
caf::result<node_parting>
router_state::part(const node_id& id, node_parting verdict, bool forget) {
  auto to = proxies_.find(id);
  if (verdict.result != parting_result::ok || to == proxies_.end()) {
    if (forget && verdict.result == parting_result::ok)
      forget_peer(id);
    return verdict;
  }
  if (to->second.elsewhere && forget)
    return forget_elsewhere(*to->second.elsewhere, verdict);
  if (to->second.elsewhere) {
    tell_peer(*to->second.elsewhere, peer_order::plain::disconnect);
    return verdict;
  }
  auto waiting = make_promise<node_parting>(self_);
  to->second.retirement.handle_sent();
  if (forget)
    directory_->handle_forget_question(id);
  auto answered = [=, this](bool agreed) {
    if (!forget)
      return;
    directory_->handle_forget_answer(id, agreed);
    act();
  };
  send_request(self_, to->second.handle, caf::infinite, part_from_peer{forget})
    .then(
      [=](const parted& x) mutable {
        verdict.waiting = x.waiting;
        verdict.untaken = x.untaken;
        if (x.refused)
          verdict = {parting_result::under_way, x.waiting, x.untaken};
        answered(!x.refused);
        fulfil(waiting, verdict);
      },
      [=](const caf::error& error) mutable {
        answered(false);
        fail(waiting, error);
      });
  return caf::delegated<node_parting>{};
}

/// Has a worker end the connection, likewise.
caf::result<node_parting>
router_state::forget_elsewhere(const served_elsewhere& at,
                               const node_parting& verdict) {
  // This waits until another process serves the peer.
  if (auto held = workers_->held.find(at.id)) {
    node_parting refused{parting_result::under_way};
    for (const auto& x : *held)
      refused.waiting += x.what.batch.msgs.size();
    return refused;
  }
  auto number = ++workers_->last_parting;
  workers_->partings.emplace(
    number, waiting_parting{at.holder, at.id, verdict,
                            self_->make_response_promise<node_parting>()});
  directory_->handle_forget_question(at.id);
  directory_->handle_sent(at.id);
  tell(at.holder, forget_order{number, at.id, at.claim});
  return caf::delegated<node_parting>{};
}

void router_state::take(worker_id, const told_parting& msg) {
  auto found = workers_->partings.extract(msg.number);
  if (!found.empty())
    end_parting(std::move(found.mapped()), msg);
}

void router_state::end_parting(waiting_parting x, const told_parting& answer) {
  directory_->handle_forget_answer(x.id, answer.agreed);
  act();
  if (!answer.agreed)
    x.verdict = {parting_result::under_way};
  x.verdict.waiting = answer.waiting;
  x.verdict.untaken = answer.untaken;
  fulfil(x.waiting, x.verdict);
}

/// The worker is gone: nothing has changed, as far as anybody knows.
void router_state::end_partings_of(worker_id worker) {
  for (auto& [number, x] : std::exchange(workers_->partings, {}))
    if (x.worker == worker)
      end_parting(std::move(x), {});
    else
      workers_->partings.emplace(number, std::move(x));
}

void router_state::forget_peer(const node_id& id) {
  directory_->handle_forgotten(id);
  act();
}

caf::result<node_advert> router_state::handle(const get_node_advert& msg) {
  if (msg.id == config_.self->id())
    return advert();
  auto known = directory_->adverts().find(msg.id);
  if (!known)
    return refuse<node_advert>(
      make_error(errc::unknown_node, to_hex(msg.id.data)));
  return known->advert;
}

connected_nodes router_state::handle(get_connected_nodes) const {
  connected_nodes result;
  for (const auto& [id, to] : proxies_)
    if (directory_->is_connected(id))
      result.nodes.push_back(id);
  std::ranges::sort(result.nodes);
  return result;
}

caf::result<done> router_state::handle(const subscribe_observer& msg) {
  if (!msg.observer)
    return refuse<done>(make_error(errc::bad_config, "no observer given"));
  if (!observers_.add(msg.observer))
    return refuse<done>(
      make_error(errc::out_of_resources, "there are too many observers"));
  return done{};
}

done router_state::handle(const unsubscribe_observer& msg) {
  if (msg.observer)
    observers_.remove(msg.observer.address());
  return {};
}

/// Tells of limits that begin to be met. What bounds each peer alone is told to
/// those who send to it.
void router_state::watch_limits() {
  auto now = now_of(self_).steady;
  for (const auto& x : limits_in_use())
    if (limit_watch_.handle_use(x.name, x.used, x.max, x.shortages, now)) {
      services_.log.warn("the limit of {} is met: {}", x.name, x.max);
      report({limit_event{std::string{x.name}, x.max}});
    }
}

} // namespace node_proxy::internal
