// How a random history ends: without faults, everything has to settle, and two
// nodes that are alone have to do exactly what the protocol says.

#include <algorithm>
#include <array>
#include <utility>

#include "random_world.hpp"

namespace simulation {

namespace {

/// In how much time everything settles without faults.
constexpr duration settle_time = 60s;

} // namespace

void random_world::settle() {
  net_.run_for(5s); // what ended or was parted comes back
  quiet_ = true;
  for (auto id : net_.connections())
    for (auto& way : net_.at(id).directions)
      way.cut_at.reset();
  for (auto* x : nodes_) {
    x->rules.max_peers = 1'000;
    x->take_all();
    for (auto* y : nodes_) {
      if (x == y)
        continue;
      net_.introduce(*x, *y);
      x->set_permanent(*y, false);
    }
  }
  net_.run_until([this] { return referee_.settled(); }, settle_time);
}

/// When nothing is left to be said, all connections are closed, and whoever
/// was connected takes no more memory than a record.
void random_world::await_idleness() {
  auto at_rest = [this] {
    return net_.connections().empty()
           && std::ranges::all_of(nodes_, &node::at_rest);
  };
  if (!net_.run_until(at_rest, 30s))
    for (auto* x : nodes_)
      if (!x->at_rest())
        referee_.fail("does not come to rest", *x);
  // Those who retire are told so.
  for (auto* x : nodes_)
    net_.run_for(x->mailbox_delay);
  for (auto* x : nodes_)
    for (auto* y : nodes_)
      if (x < y && !net_.between(*x, *y).empty())
        referee_.fail("stay connected with nothing to say", *x, y);
}

void random_world::play_scene() {
  constexpr std::array scenes{
    &random_world::clash_in_peace,
    &random_world::pass_over_silence,
    &random_world::go_where_it_worked,
    &random_world::hold_permanently,
    &random_world::take_over,
    &random_world::give_up_early,
    &random_world::come_back,
    &random_world::send_away,
    &random_world::dial_in_vain,
    &random_world::dial_at_once,
    &random_world::return_after_long,
    &random_world::ask_for_room,
    &random_world::trickle,
    &random_world::resume,
    &random_world::expire,
    &random_world::pass_by,
    &random_world::wait_for_engine,
    &random_world::take_and_stop,
    &random_world::remember,
    &random_world::turn_away,
    &random_world::change_advert,
    &random_world::bring_advert,
    &random_world::forget_advert,
    &random_world::move_away,
    &random_world::hide_away,
  };
  // It takes time to notice that somebody has forgotten.
  for (auto* x : nodes_)
    give_memory(*x);
  auto first = random_.below(nodes_.size());
  auto second = first + 1 + random_.below(nodes_.size() - 1);
  auto& x = *nodes_[first];
  auto& y = *nodes_[second % nodes_.size()];
  // Each has one good address, lest others take time.
  name_addresses(x, y, {y.address()});
  name_addresses(y, x, {x.address()});
  (this->*scenes[random_.below(scenes.size())])(x, y);
  check_contact(x, y);
  x.set_permanent(y, false);
  await_idleness();
}

/// From now on each dial succeeds after this time.
void random_world::answer_dials(duration after) {
  net_.dial_delay = [after](const stream_user&, const node&) {
    return after;
  };
}

/// From now on all connections are alike, messages within a node take no time,
/// and nothing is under way.
void random_world::make_equal_ways(duration dial, duration latency) {
  answer_dials(dial);
  net_.prepare = [latency](connection_id, connection& c) {
    for (auto& way : c.directions)
      way.latency = latency;
  };
  for (auto* x : nodes_)
    x->mailbox_delay = 0s;
  net_.run_for(3s); // delays between attempts are over
  await_idleness();
}

/// `x` learns that `y` is to be reached in this way.
void random_world::name_addresses(node& x, node& y,
                                  std::vector<transport_address> of_y) {
  y.reached_at = std::move(of_y);
  x.forget_addresses(y);
  // The other one may know a newer one of an earlier life.
  issue_advert(y, std::max(y.advert().version, x.known_version(y)) + 1);
  net_.introduce(x, y);
}

/// Connects the two, whoever of them dials.
void random_world::connect(node& x, node& y) {
  auto first = chance(50);
  (first ? x : y).connect(first ? y : x);
  wait_until([&] { return x.connected(y) && y.connected(x); }, 3s,
             "do not connect", x, y);
}

/// Connects the two by a dial of x, who keeps the connection.
void random_world::connect_permanently(node& x, node& y) {
  x.set_permanent(y);
  wait_until([&] { return x.connected(y) && y.connected(x); }, 3s,
             "do not connect", x, y);
}

/// Cuts what there is between the two; both have noticed on return.
void random_world::cut_all(const node& x, const node& y) {
  for (auto id : net_.between(x, y))
    net_.cut(id);
  net_.run_for(0s);
}

/// Cuts a connection such that only `x` notices.
void random_world::cut_for(const node& x, connection_id id) {
  auto dialled = side_of(x, id) == 0;
  std::optional<duration> at_once{0};
  net_.cut(
    id, {dialled ? at_once : std::nullopt, dialled ? std::nullopt : at_once});
}

/// Which end of a connection `x` has: the dialler's is 0.
std::size_t random_world::side_of(const node& x, connection_id id) {
  return net_.at(id).ends[0].user == &x ? 0 : 1;
}

/// `x` ends without a word and is there again at once.
void random_world::revive(node& x) {
  x.crash(true);
  referee_.handle_restart(x);
  x.start();
  referee_.handle_restart(x);
  adverts_.push_back(x.advert());
}

/// `x` begins anew, and remembers as much as any node does.
void random_world::give_memory(node& x) {
  auto before = std::exchange(x.rules.peers_kept, {});
  auto adverts_before = std::exchange(x.rules.adverts_kept, {});
  if (before.lifetime < peer_book_limits{}.lifetime
      || adverts_before.strangers < advert_book_limits{}.strangers)
    revive(x);
}

/// Messages go both ways without delay.
void random_world::check_contact(node& x, node& y) {
  send_one(x, y, "now", 100);
  send_one(y, x, "now", 100);
  wait_until([this] { return referee_.settled(); }, soon,
             "do not answer in time", x, y);
}

bool random_world::wait_until(const std::function<bool()>& done, duration limit,
                              std::string_view what, node& x, node& y) {
  auto result = net_.run_until(done, limit);
  if (!result)
    referee_.fail(std::string{what}, x, &y);
  return result;
}

} // namespace simulation
