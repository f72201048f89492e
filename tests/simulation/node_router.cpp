// The Router of a simulated node: the same directory of peers as in a real one,
// and messages between it and its Node Proxies, which take time.

#include <algorithm>
#include <utility>

#include "network.hpp"
#include "node.hpp"

namespace simulation {

namespace {

/// What a keeper writes.
void apply(stored_state& disk, const state_changes& changes) {
  if (changes.own_version)
    disk.own_version = *changes.own_version;
  for (const auto& [id, known] : changes.nodes) {
    std::erase_if(disk.nodes, [&gone = id](const known_node& x) {
      return x.advert.id == gone;
    });
    if (known)
      disk.nodes.push_back(*known);
  }
  auto apply_ids = [](std::vector<node_id>& ids, const auto& changed) {
    for (const auto& [id, is_in] : changed) {
      std::erase(ids, id);
      if (is_in)
        ids.push_back(id);
    }
  };
  apply_ids(disk.permanent_peers, changes.permanent);
  apply_ids(disk.connected_peers, changes.connected);
}

} // namespace

// -- users --------------------------------------------------------------------

void node::with_peer(const node_id& other, std::function<void(peer&)> f) {
  if (auto x = find_or_serve(other))
    send_to(*x, [x = *x, f = std::move(f)] { f(x->machine); });
}

void node::send_routed(const node_id& to, send_token token,
                       const node_out_msg& msg) {
  auto x = find_or_serve(to);
  if (!x)
    return handle_outcome(to, token, send_failure{x.error()});
  send_to(*x, [this, x = *x, token, msg] {
    x->machine.handle_send(token, msg, net_.now());
  });
}

/// As a user does that has asked for the Node Proxy.
void node::send_direct(const node_id& to, send_token token,
                       const node_out_msg& msg) {
  auto& handle = handles_[to];
  // One that has stopped says nothing more.
  if (handle && handle->machine_ptr && handle->machine.stopped())
    handle.reset();
  if (!handle) {
    auto x = find_or_serve(to);
    if (!x)
      return handle_outcome(to, token, send_failure{x.error()});
    handle = *x;
    send_to(handle, [this, x = handle] {
      x->retirement.handle_given_out(net_.now().steady + settings.idle_timeout);
    });
  }
  if (handle->retirement.holds())
    // It may wait for ever if the process ends.
    handle->retirement.handle_held(
      [this, x = std::weak_ptr{handle}, token, msg] {
        take_or_pass_on(x.lock(), token, msg);
      });
  else
    take_or_pass_on(handle, token, msg);
}

/// A Node Proxy does so with what users say to it.
void node::take_or_pass_on(const remote_ptr& x, send_token token,
                           const node_out_msg& msg) {
  if (x->retirement.retired()) {
    tell_router(
      x, [this, to = x->id, token, msg] { send_routed(to, token, msg); });
    return;
  }
  x->machine.handle_send(token, msg, net_.now());
  pump(x);
}

// -- between the Router and a Node Proxy --------------------------------------

std::vector<node::remote_ptr> node::all_served() const {
  std::vector<remote_ptr> result;
  for (const auto& [id, x] : peers_)
    result.push_back(x);
  return result;
}

expected<node::remote_ptr, send_error>
node::find_or_serve(const node_id& other) {
  if (auto position = peers_.find(other); position != peers_.end() && serves())
    return position->second;
  if (auto ok = directory_->handle_wanted(other, net_.now().steady); !ok)
    return unexpected{ok.error()};
  act();
  return peers_.at(other);
}

/// The Router sends to a Node Proxy.
void node::send_to(const remote_ptr& x, task what) {
  if (mailbox_delay > 0s)
    return post(x, std::move(what));
  x->routed.handle_sent();
  handle_routed(x, what);
}

/// The same, and the Router goes on before it arrives.
void node::post(const remote_ptr& x, task what) {
  x->routed.handle_sent();
  x->to_proxy = std::max(x->to_proxy, net_.now().steady + some_delay());
  schedule(x->to_proxy - net_.now().steady,
           [this, x, what = std::move(what)] { handle_routed(x, what); });
}

void node::handle_routed(const remote_ptr& x, const task& what) {
  if (x->stopped)
    return close_arriving(x);
  if (x->ended)
    return net_.fail("a Node Proxy of " + name_
                     + " is sent what it never gets");
  x->retirement.handle_routed();
  release_held(x);
  what();
  pump(x);
}

/// Connections on their way to a Node Proxy that has stopped are lost with the
/// messages that bring them.
void node::close_arriving(const remote_ptr& x) {
  auto arrives = [&x](const auto& entry) {
    auto user = std::get_if<remote_ptr>(&entry.second.user);
    return user && *user == x && entry.second.on_its_way;
  };
  for (;;) {
    auto found = std::ranges::find_if(streams_, arrives);
    if (found == streams_.end())
      return;
    auto connection = found->first;
    streams_.erase(found);
    net_.close(connection, *this);
  }
}

/// A Node Proxy, or somebody who has got its handle, sends to the Router.
void node::tell_router(const remote_ptr& x, task what) {
  if (mailbox_delay == 0s) {
    what();
    act();
    return;
  }
  x->to_router = std::max(x->to_router, net_.now().steady + some_delay());
  schedule(x->to_router - net_.now().steady, [this, what = std::move(what)] {
    what();
    act();
  });
}

duration node::some_delay() {
  return duration{static_cast<duration::rep>(
    random_.below(static_cast<std::uint64_t>(mailbox_delay.count()) + 1))};
}

/// Does something later, if the process still lives then.
void node::schedule(duration delay, task what) {
  net_.schedule(delay, owner_,
                [this, began = incarnation_, what = std::move(what)] {
                  if (running_ && began == incarnation_)
                    what();
                });
}

// -- the end of a Node Proxy --------------------------------------------------

void node::release_held(const remote_ptr& x) {
  while (auto held = x->retirement.poll_held())
    (*held)();
}

void node::offer_rest(const remote_ptr& x) {
  auto now = net_.now();
  if (x->ended || x->dials > 0 || !x->machine.dormant(now))
    return;
  if (auto handled = x->retirement.poll_offer(now.steady))
    tell_router(x, [this, x, handled = *handled, record = x->machine.record()] {
      handle_offer(x, handled, record);
    });
}

void node::handle_offer(const remote_ptr& x, std::uint64_t handled,
                        const peer_record& record) {
  if (x->ended || !x->routed.grants(handled))
    return;
  if (!x->machine.dormant(net_.now()))
    net_.fail("a Node Proxy of " + name_ + " is to end with work to do");
  if (!record.finished)
    remembered_[x->id] = record;
  ++(record.finished ? rests_.finished : rests_.remembered);
  end(x);
  directory_->handle_end(x->id, record, net_.now().steady);
  auto retire = [this, x] {
    x->retirement.handle_retire();
    release_held(x);
  };
  if (mailbox_delay == 0s)
    return retire();
  x->to_proxy = std::max(x->to_proxy, net_.now().steady + some_delay());
  schedule(x->to_proxy - net_.now().steady, retire);
}

/// A Node Proxy serves nobody any more, though some may hold its handle.
void node::end(const remote_ptr& x) {
  x->ended = true;
  if (x->timer)
    net_.cancel(*std::exchange(x->timer, std::nullopt));
  const auto& metrics = x->machine.metrics();
  for (const auto& [reason, count] : metrics.ends)
    other_ends_[std::string{reason}] += count;
  other_rejects_ += metrics.messages_rejected;
  other_attempts_ += metrics.attempts;
  // Somebody may hold its handle for ever.
  x->machine_ptr.reset();
  peers_.erase(x->id);
}

// -- what the directory wants -------------------------------------------------

/// The node begins, with what is on disk.
void node::publish(std::uint64_t version) {
  budget_ = std::make_shared<receive_budget>(settings);
  dials_.emplace(max_dials);
  names_.emplace();
  spare_ = std::make_shared<spare_time>();
  bounds_ = rules;
  directory_.emplace(rules, self_, disk_, random_source{random_.next_key()});
  unproven_.emplace(max_unproven, settings);
  issue_advert(version);
}

void node::act() {
  while (auto action = directory_->poll_action())
    std::visit([this](const auto& x) { perform(x); }, *action);
  if (auto changes = directory_->poll_changes(net_.now().steady))
    apply(disk_, *changes);
  arm_directory();
}

void node::arm_directory() {
  if (directory_timer_)
    net_.cancel(*std::exchange(directory_timer_, std::nullopt));
  auto at = directory_->poll_timeout();
  if (!at || !comes_back)
    return;
  auto delay = std::max(*at - net_.now().steady, duration{0});
  directory_timer_ = net_.schedule(delay, owner_, [this] {
    directory_timer_.reset();
    directory_->handle_timeout(net_.now().steady);
    act();
  });
}

void node::perform(const serve_peer& action) {
  note_losses(action);
  auto x = std::make_shared<remote>(
    action.id,
    std::make_unique<peer>(std::make_shared<peer_settings>(settings), self_,
                           action.id, action.key, action.record, budget_,
                           spare_, random_source{random_.next_key()}));
  auto now = net_.now();
  x->machine.handle_standing(action.standing, now);
  x->machine.handle_local_advert(directory_->advert(), now);
  if (const auto& known = action.known) {
    x->told = known->advert.version;
    static_cast<void>(x->machine.handle_remote_advert(known->advert, now));
    x->machine.handle_addresses(known->addresses, now);
  }
  peers_.emplace(action.id, x);
  if (net_.observer)
    net_.observer->handle_served(*this, action);
  if (action.permanent)
    send_to(x, [this, x] {
      x->machine.handle_permanence(connection_permanence::permanent,
                                   net_.now());
    });
}

/// Whether what was remembered of a peer has been lost meanwhile.
void node::note_losses(const serve_peer& action) {
  auto known = remembered_.extract(action.id);
  if (known.empty())
    return;
  const auto& before = known.mapped();
  if (before.epoch == action.record.epoch
      && before.in.has_value() == action.record.in.has_value())
    return;
  log(action.id, "was forgotten");
  ++losses_[action.id];
  ++rests_.lost;
}

/// It may have retired upon what it was told just before, without any delay.
void node::perform(const regard_peer& action) {
  auto position = peers_.find(action.id);
  if (position == peers_.end())
    return;
  send_to(position->second,
          [this, x = position->second, standing = action.standing] {
            x->machine.handle_standing(standing, net_.now());
          });
}

/// As `regard_peer`.
void node::perform(const displace_peer& action) {
  auto position = peers_.find(action.id);
  if (position == peers_.end())
    return;
  log(action.id, "makes room");
  send_to(position->second, [this, x = position->second] {
    x->machine.handle_displacement(net_.now());
  });
}

parting_result node::part_from(const node& other, bool forget) {
  auto id = other.id();
  auto now = net_.now().steady;
  auto result = forget ? directory_->loss(id, now).result
                       : directory_->disconnection(id, now);
  if (result != parting_result::ok)
    return result;
  auto position = peers_.find(id);
  if (position == peers_.end()) {
    if (forget)
      directory_->handle_forgotten(id);
    act();
    return result;
  }
  if (forget)
    directory_->handle_forget_question(id);
  send_to(position->second, [=, this, x = position->second] {
    auto agreed = x->machine.handle_parting(forget, net_.now());
    if (forget)
      tell_router(x, [this, id, agreed] {
        directory_->handle_forget_answer(id, agreed);
      });
  });
  return result;
}

void node::perform(const seek_peer& action) {
  auto x = peers_.at(action.id);
  send_to(x, [this, x] { x->machine.handle_seek(net_.now()); });
}

void node::perform(const hurry_peer& action) {
  auto x = peers_.at(action.id);
  if (comes_back)
    send_to(x, [this, x] { x->machine.handle_way_back(net_.now()); });
}

void node::perform(const introduce_peer& action) {
  auto x = peers_.at(action.advert.id);
  send_to(x, [this, x, advert = action.advert] {
    static_cast<void>(x->machine.handle_introduction(advert, net_.now()));
  });
}

void node::perform(const announce_advert& action) {
  for (const auto& x : all_served())
    post(x, [this, x, advert = action.advert] {
      x->machine.handle_local_advert(advert, net_.now());
    });
}

void node::perform(const report_denied& action) {
  log(action.id, "is denied, though permanent");
}

void node::perform(const report_turned_away& action) {
  log(action.id, "turned away");
}

void node::perform(const report_left_out& action) {
  net_.log(name_, "left out " + std::to_string(action.events));
}

} // namespace simulation
