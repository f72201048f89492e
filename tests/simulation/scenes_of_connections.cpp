// Scenes about how connections come and go.

#include <node_proxy/messages/limits.hpp>

#include "random_world.hpp"

namespace simulation {

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
  connect_permanently(x, y);
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

/// An operator has a peer disconnected, whatever is under way: what is sent
/// connects it again.
void random_world::send_away(node& x, node& y) {
  connect(x, y);
  auto sent = send_one(x, y, "now", random_.below(600), {});
  if (chance(50))
    net_.run_for(up_to(200ms));
  x.set_permanent(y, false);
  x.part_from(y, false);
  wait_until([&] { return !referee_.sent()[sent].outcomes.empty(); }, soon,
             "have no way to a peer that was sent away", x, y);
}

/// A host vanishes and is there again at once.
void random_world::come_back(node& x, node& y) {
  connect(x, y);
  revive(x);
  net_.introduce(x, y);
  x.set_permanent(y);
  net_.run_for(soon);
}

/// An address that does not answer delays the connection by the attempt delay
/// and no more.
void random_world::pass_over_silence(node& x, node& y) {
  auto dial = up_to(40ms);
  auto latency = up_to(40ms);
  make_equal_ways(dial, latency);
  auto silence = chance(50) ? route::silent : route::mute;
  name_addresses(x, y, {y.address(silence), y.address()});
  x.connect(y);
  // Handshake and the first sealed frames go to and fro.
  wait_until([&] { return x.connected(y); },
             x.settings.attempt_delay + dial + 4 * latency,
             "do not connect in time by another address", x, y);
}

/// An address that leads to nobody costs time once, and not with every
/// connection.
void random_world::go_where_it_worked(node& x, node& y) {
  auto dial = up_to(40ms);
  auto latency = up_to(40ms);
  make_equal_ways(dial, latency);
  auto silence = chance(50) ? route::silent : route::mute;
  name_addresses(x, y, {y.address(silence), y.address()});
  connect_permanently(x, y);
  net_.run_for(x.settings.stable_after);
  cut_all(x, y);
  wait_until([&] { return x.connected(y); }, dial + 4 * latency,
             "do not dial first where they connected last", x, y);
}

/// Whoever wants a connection once dials once, and only one host.
void random_world::dial_in_vain(node& x, node& y) {
  const tcp_addr any_host{ipv4{}, 1};
  name_addresses(x, y, {any_host, y.address(route::refusing)});
  auto before = x.attempts();
  x.connect(y);
  wait_until([&] { return !x.peer_of(y); }, soon, "does not give up", x, y);
  if (x.attempts() != before + 1)
    referee_.fail("dials again for somebody who wanted it once", x, &y);
  name_addresses(x, y, {y.address()});
}

/// A stable connection that is lost is replaced without delay.
void random_world::dial_at_once(node& x, node& y) {
  auto dial = up_to(40ms);
  auto latency = up_to(40ms);
  make_equal_ways(dial, latency);
  connect_permanently(x, y);
  net_.run_for(x.settings.stable_after);
  cut_all(x, y);
  wait_until([&] { return x.connected(y); }, dial + 4 * latency,
             "do not replace a stable connection at once", x, y);
}

/// However long a node was away, somebody who wants it waits for no more than
/// the longest delay; and once it was there for a while, delays begin anew.
void random_world::return_after_long(node& x, node& y) {
  const duration dial{1ms};
  auto latency = up_to(10ms);
  make_equal_ways(dial, latency);
  auto failures = 12; // enough for delays to reach their bound
  net_.dial_delay = [&](const stream_user&, const node&) {
    return failures-- > 0 ? std::nullopt : std::optional{dial};
  };
  const auto& settings = x.settings;
  x.set_permanent(y);
  wait_until([&] { return failures <= 0; },
             failures * (settings.backoff_cap + dial), "does not dial", x, y);
  wait_until([&] { return x.connected(y); },
             settings.backoff_cap + 2 * dial + 4 * latency,
             "waits too long between attempts", x, y);
  net_.run_for(settings.stable_after);
  failures = 1;
  cut_all(x, y);
  wait_until([&] { return x.connected(y); },
             settings.backoff_base + 2 * dial + 4 * latency,
             "waits as if the other one had not been there", x, y);
  answer_dials(dial);
}

/// Who is told that there is no room asks again, and not all the time.
void random_world::ask_for_room(node& x, node& y) {
  make_equal_ways(1ms, up_to(5ms));
  y.rules.max_peers = 0;
  auto before = x.attempts();
  send_one(x, y, "now", 100);
  net_.run_for(2s);
  // The sum of so many random delays is never less.
  constexpr std::uint64_t most = 20;
  if (auto count = x.attempts() - before; count < 2 || count > most)
    referee_.fail("asks " + std::to_string(count) + " times for room", x, &y);
  y.rules.max_peers = 1'000;
  wait_until([this] { return referee_.settled(); },
             x.settings.backoff_cap + soon, "does not find room", x, y);
}

/// Octets that come slowly, but fast enough, are a sign of life.
void random_world::trickle(node& x, node& y) {
  connect_permanently(x, y);
  for (auto id : net_.between(x, y)) {
    auto& way = net_.at(id).directions[side_of(x, id)];
    way.bytes_per_second = 8'000 + random_.below(12'000);
    way.piece = 1'000;
  }
  auto before = referee_.losses(x, y);
  send_one(x, y, "now", limits::fragment - 1'000);
  wait_until([this] { return referee_.settled(); }, 10s,
             "do not get through slowly", x, y);
  if (referee_.losses(x, y) != before)
    referee_.fail("lose a slow connection", x, &y);
}

} // namespace simulation
