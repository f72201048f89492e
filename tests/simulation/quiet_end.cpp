// How a random history ends: without faults, everything has to settle, and two
// nodes that are alone have to do exactly what the protocol says.

#include <algorithm>
#include <array>

#include "random_world.hpp"

namespace simulation {

namespace {

/// In how much time everything settles without faults.
constexpr duration settle_time = 60s;

/// For a few small messages and their answers, over any of our connections.
constexpr duration soon = 1s;

} // namespace

void random_world::settle() {
  net_.run_for(5s); // what ended or was parted comes back
  quiet_ = true;
  for (auto id : net_.connections())
    for (auto& way : net_.at(id).directions)
      way.cut_at.reset();
  for (auto* x : nodes_) {
    x->capacity = 1000;
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
  for (auto* x : nodes_)
    for (auto* y : nodes_)
      if (x < y && !net_.between(*x, *y).empty())
        referee_.fail("stay connected with nothing to say", *x, y);
}

void random_world::play_scene() {
  constexpr std::array scenes{
    &random_world::clash_in_peace,   &random_world::hold_permanently,
    &random_world::take_over,        &random_world::give_up_early,
    &random_world::come_back,        &random_world::resume,
    &random_world::expire,           &random_world::change_advert,
    &random_world::pass_over_silence};
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

/// From now on all connections are alike, and nothing is under way.
void random_world::make_equal_ways(duration dial, duration latency) {
  net_.dial_delay = [dial](const stream_user&, const node&) {
    return dial;
  };
  net_.prepare = [latency](connection_id, connection& c) {
    for (auto& way : c.directions)
      way.latency = latency;
  };
  net_.run_for(3s); // delays between attempts are over
  await_idleness();
}

/// Both dial at once over equal ways: the connection of the smaller id stays,
/// and is not lost.
void random_world::clash_in_peace(node& x, node& y) {
  make_equal_ways(up_to(40ms), up_to(40ms));
  auto before = referee_.losses(x, y);
  x.connect(y);
  y.connect(x);
  wait_until([&] { return x.connected(y) && y.connected(x); }, soon,
             "do not connect", x, y);
  wait_until([&] { return net_.between(x, y).size() == 1; }, soon,
             "have not one connection", x, y);
  auto all = net_.between(x, y);
  auto& smaller = x.id() < y.id() ? x : y;
  if (all.size() == 1 && net_.at(all[0]).ends[0].user != &smaller)
    referee_.fail("keep the wrong connection", x, &y);
  if (referee_.losses(x, y) != before)
    referee_.fail("lose a connection when both dial", x, &y);
}

/// A connection that one end wants to keep is not ended by either.
void random_world::hold_permanently(node& x, node& y) {
  x.set_permanent(y);
  wait_until([&] { return x.connected(y) && y.connected(x); }, 3s,
             "do not connect", x, y);
  auto before = referee_.losses(x, y);
  net_.run_for(8s);
  if (referee_.losses(x, y) != before)
    referee_.fail("lose a quiet connection", x, &y);
}

/// Only one end notices that a connection is gone. The next one takes over at
/// once.
void random_world::take_over(node& x, node& y) {
  connect(x, y);
  x.set_permanent(y);
  net_.run_for(1s); // the connection is stable
  for (auto id : net_.between(x, y))
    cut_for(x, id);
  net_.run_for(soon);
}

/// A connection is lost for the one who dialled it before it is established
/// there, but not for the other one.
void random_world::give_up_early(node& x, node& y) {
  x.set_permanent(y);
  wait_until([&] { return y.connected(x); }, 3s, "do not connect", y, x);
  for (auto id : net_.between(x, y))
    cut_for(x, id);
  net_.run_for(soon);
}

/// A host vanishes and is there again at once.
void random_world::come_back(node& x, node& y) {
  connect(x, y);
  x.crash(true);
  referee_.handle_restart(x);
  x.start();
  referee_.handle_restart(x);
  net_.introduce(x, y);
  x.set_permanent(y);
  net_.run_for(soon);
}

/// What has arrived on a connection is not sent again on the next one.
void random_world::resume(node& x, node& y) {
  connect(x, y);
  y.add_engine("late", std::nullopt);
  send_one(x, y, "late", 100);
  net_.run_for(soon);
  x.set_permanent(y);
  auto before = referee_.resent(x, y);
  for (auto id : net_.between(x, y))
    net_.cut(id);
  net_.run_for(soon);
  if (referee_.resent(x, y) != before)
    referee_.fail("sends again what has arrived", x, &y);
  y.take_all();
}

/// What expired after it was sent, and did not arrive, is not sent again.
void random_world::expire(node& x, node& y) {
  connect(x, y);
  for (auto id : net_.between(x, y))
    for (auto& way : net_.at(id).directions)
      way.hole = true;
  send_options options;
  options.expiry = rel_time{1};
  auto lost = send_one(x, y, "now", 100, options);
  net_.run_for(1s);
  x.set_permanent(y);
  for (auto id : net_.between(x, y))
    net_.cut(id);
  net_.run_for(soon);
  if (!referee_.sent()[lost].arrivals.empty())
    referee_.fail("sends what has expired", x, &y);
}

/// A new advert reaches who is connected, and an old one changes nothing.
void random_world::change_advert(node& x, node& y) {
  connect(x, y);
  auto old = x.advert();
  issue_advert(x, old.version + 1);
  // The other one may know a still newer one of an earlier life.
  wait_until([&] { return y.known_version(x) == x.advert().version; }, soon,
             "do not exchange a new advert", x, y);
  y.handle_advert(old);
  auto known = y.peer_of(x);
  if (known && known->advert_version() != x.advert().version)
    referee_.fail("goes back to an old advert", y, &x);
}

/// An address that does not answer delays the connection by the attempt delay
/// and no more.
void random_world::pass_over_silence(node& x, node& y) {
  auto dial = up_to(40ms);
  auto latency = up_to(40ms);
  make_equal_ways(dial, latency);
  name_addresses(x, y, {y.address(route::silent), y.address()});
  x.connect(y);
  // Handshake and the first sealed frames go to and fro.
  wait_until([&] { return x.connected(y); },
             x.settings.attempt_delay + dial + 4 * latency,
             "do not connect in time by another address", x, y);
}

/// `x` learns that `y` is to be reached in this way.
void random_world::name_addresses(node& x, node& y,
                                  std::vector<transport_address> of_y) {
  y.reached_at = std::move(of_y);
  // The other one may know a newer one of an earlier life.
  issue_advert(y, std::max(y.advert().version, x.known_version(y)) + 1);
  net_.introduce(x, y);
}

/// Connects the two, whoever of them dials. Who wants a connection once has one
/// attempt, which is in vain if the other one has just forgotten the peer.
void random_world::connect(node& x, node& y) {
  auto first = chance(50);
  auto both_connected = [&] {
    return x.connected(y) && y.connected(x);
  };
  (first ? x : y).connect(first ? y : x);
  if (net_.run_until(both_connected, 3s))
    return;
  (first ? x : y).connect(first ? y : x);
  wait_until(both_connected, 3s, "do not connect", x, y);
}

/// Cuts a connection such that only `x` notices.
void random_world::cut_for(const node& x, connection_id id) {
  auto dialled = net_.at(id).ends[0].user == &x;
  std::optional<duration> at_once{0};
  net_.cut(
    id, {dialled ? at_once : std::nullopt, dialled ? std::nullopt : at_once});
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
