// What a simulated node dials: what a transport does, with the same budget.

#include <algorithm>
#include <utility>

#include "network.hpp"
#include "node.hpp"

namespace simulation {

void node::perform(const remote_ptr& x, const dial_peer& action) {
  if (auto named = std::get_if<dns_addr>(&action.to.address))
    return look_up(x, action.id, named->name);
  auto id = ++last_dial_;
  ++x->dials;
  dialling_.emplace(id, dialling{x, action, x->machine.standing()});
  dials_->handle_wanted(id, action.to.address, x->machine.standing());
  dial_next();
}

void node::look_up(const remote_ptr& x, attempt_id attempt,
                   const std::string& name) {
  auto id = ++last_lookup_;
  auto standing = x->machine.standing();
  ++x->dials;
  lookups_.emplace(id, lookup{x, attempt, name, standing});
  if (names_->handle_wanted(id, standing))
    look_up_next();
  else
    schedule(0s,
             [this, id] { answer_lookup(id, {}, dial_error::too_many_names); });
}

void node::look_up_next() {
  while (auto next = names_->poll_begin())
    begin_lookup(*next);
}

/// It goes on to its end, whether anybody waits for that or not.
void node::begin_lookup(lookup_id id) {
  const auto& x = lookups_.at(id);
  log(x.user->id, "look up " + x.name);
  if (net_.observer)
    net_.observer->handle_lookup(*this, x.standing, true);
  schedule(net_.lookup_delay, [this, id, name = x.name, as = x.standing] {
    if (net_.observer)
      net_.observer->handle_lookup(*this, as, false);
    names_->handle_end(id);
    auto known = net_.names.find(name);
    answer_lookup(id, known != net_.names.end() ? known->second : hosts{},
                  dial_error::unknown_name);
    look_up_next();
  });
}

/// Tells whoever still waits what a name stands for or, if that is nothing,
/// what is wrong.
void node::answer_lookup(lookup_id id, const hosts& found, dial_error failure) {
  auto position = lookups_.find(id);
  if (position == lookups_.end())
    return;
  auto x = position->second.user;
  auto attempt = position->second.attempt;
  end_lookup(id);
  if (found.empty())
    x->machine.handle_dial_failed(attempt, failure, net_.now());
  else
    x->machine.handle_hosts(attempt, found, net_.now());
  pump(x);
}

/// Nobody waits for it any more.
void node::end_lookup(lookup_id id) {
  auto ended = lookups_.extract(id);
  names_->handle_unwanted(id);
  --ended.mapped().user->dials;
}

void node::perform(const remote_ptr& x, const cancel_dial& action) {
  auto looked_up = std::ranges::find_if(lookups_, [&](const auto& y) {
    return y.second.user == x && y.second.attempt == action.attempt;
  });
  if (looked_up != lookups_.end())
    return end_lookup(looked_up->first);
  auto position = std::ranges::find_if(dialling_, [&](const auto& y) {
    return y.second.user == x && y.second.what.id == action.attempt;
  });
  if (position == dialling_.end())
    return;
  end_dial(position->first);
  dial_next();
}

void node::dial_next() {
  for (;;)
    if (auto next = dials_->poll_begin(net_.now().steady)) {
      begin_dial(*next);
    } else if (auto late = dials_->poll_overdue(net_.now().steady)) {
      handle_dialled(*late, std::nullopt);
    } else {
      break;
    }
  if (dial_timer_)
    net_.cancel(*std::exchange(dial_timer_, std::nullopt));
  if (auto at = dials_->poll_timeout())
    dial_timer_ = net_.schedule(*at - net_.now().steady, owner_, [this] {
      dial_timer_.reset();
      dial_next();
    });
}

void node::begin_dial(dial_id id) {
  auto& x = dialling_.at(id);
  log(x.user->id, "dial");
  if (net_.observer)
    net_.observer->handle_dial(*this, x.user->id, x.what.to.address,
                               x.standing);
  x.under_way = net_.dial(*this, owner_, x.what.to.address,
                          [this, id](std::optional<connection_id> got) {
                            dialling_.at(id).under_way.reset();
                            handle_dialled(id, got);
                          });
}

void node::handle_dialled(dial_id id, std::optional<connection_id> connection) {
  auto& dialled = dialling_.at(id);
  auto x = dialled.user;
  auto attempt = dialled.what.id;
  if (connection && !net_.leads_to(*connection, x->id))
    ++wrong_numbers_;
  if (connection) {
    dials_->handle_connected(id);
    dialled.connection = connection;
    --x->dials;
    auto& stream = streams_[*connection];
    stream.begun = net_.now().steady;
    stream.user = x;
    x->machine.handle_dialled(attempt, *connection, net_.now());
  } else {
    end_dial(id);
    x->machine.handle_dial_failed(attempt, dial_error::connection_refused,
                                  net_.now());
    dial_next();
  }
  pump(x);
}

/// It is over, whether anything came of it or not.
void node::end_dial(dial_id id) {
  auto ended = dialling_.extract(id);
  auto& x = ended.mapped();
  if (x.under_way)
    net_.cancel(*x.under_way);
  if (!x.connection)
    --x.user->dials;
  dials_->handle_end(id);
}

/// A connection is proven, or has ended.
/// @returns whether a dial led to it, and had not ended.
bool node::end_dial_on(connection_id connection) {
  auto position = std::ranges::find_if(dialling_, [&](const auto& x) {
    return x.second.connection == connection;
  });
  if (position == dialling_.end())
    return false;
  end_dial(position->first);
  dial_next();
  return true;
}

void node::end_all_dials() {
  while (!lookups_.empty())
    end_lookup(lookups_.begin()->first);
  while (!dialling_.empty())
    end_dial(dialling_.begin()->first);
  if (dial_timer_)
    net_.cancel(*std::exchange(dial_timer_, std::nullopt));
}

} // namespace simulation
