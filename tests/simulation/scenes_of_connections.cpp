// Scenes about how connections come and go.

#include <array>
#include <string>

#include <node_proxy/messages/limits.hpp>

#include "scenes.hpp"

namespace simulation {

namespace {

/// Both dial at once over equal ways: the connection of the smaller id stays,
/// and is not lost.
void clash_in_peace(stage& at, node& x, node& y) {
  at.make_equal_ways(at.up_to(40ms), at.up_to(40ms));
  auto before = at.judge.losses(x, y);
  x.connect(y);
  y.connect(x);
  at.wait_until([&] { return x.connected(y) && y.connected(x); }, soon,
                "do not connect", x, y);
  at.wait_until([&] { return at.net.between(x, y).size() == 1; }, soon,
                "have not one connection", x, y);
  auto all = at.net.between(x, y);
  auto& smaller = x.id() < y.id() ? x : y;
  if (all.size() == 1 && at.net.at(all[0]).ends[0].user != &smaller)
    at.judge.fail("keep the wrong connection", x, &y);
  if (at.judge.losses(x, y) != before)
    at.judge.fail("lose a connection when both dial", x, &y);
}

/// A connection that one end wants to keep is not ended by either.
void hold_permanently(stage& at, node& x, node& y) {
  at.connect_permanently(x, y);
  auto before = at.judge.losses(x, y);
  at.net.run_for(8s);
  if (at.judge.losses(x, y) != before)
    at.judge.fail("lose a quiet connection", x, &y);
}

/// Only one end notices that a connection is gone. The next one takes over at
/// once.
void take_over(stage& at, node& x, node& y) {
  at.connect(x, y);
  x.set_permanent(y);
  at.net.run_for(1s); // the connection is stable
  for (auto id : at.net.between(x, y))
    at.cut_for(x, id);
  at.net.run_for(soon);
}

/// A connection is lost for the one who dialled it before it is established
/// there, but not for the other one.
void give_up_early(stage& at, node& x, node& y) {
  x.set_permanent(y);
  at.wait_until([&] { return y.connected(x); }, 3s, "do not connect", y, x);
  for (auto id : at.net.between(x, y))
    at.cut_for(x, id);
  at.net.run_for(soon);
}

/// An operator has a peer disconnected, whatever is under way: what is sent
/// connects it again.
void send_away(stage& at, node& x, node& y) {
  at.connect(x, y);
  auto sent = at.send_one(x, y, "now", at.random.below(600), {});
  if (at.chance(50))
    at.net.run_for(at.up_to(200ms));
  x.set_permanent(y, false);
  x.part_from(y, false);
  at.wait_until([&] { return !at.judge.sent()[sent].outcomes.empty(); }, soon,
                "have no way to a peer that was sent away", x, y);
}

/// A peer is forgotten, unless somebody tells of it before that.
void forget_peer(stage& at, node& x, node& y) {
  at.connect(x, y);
  at.judge.handle_forget(x, y);
  x.part_from(y, true);
  auto told = at.chance(50);
  if (told) {
    at.net.run_for(at.up_to(x.mailbox_time()));
    at.net.introduce(x, y);
  }
  at.wait_until([&] { return !x.serves(y.id()); }, soon + x.mailbox_time(),
                "does not part from whom it is to forget", x, y);
  auto known = x.directory().adverts().find(y.id()) != nullptr;
  if (known != told)
    at.judge.fail(told ? "forgets whom it was told of since"
                       : "does not forget whom it is to forget",
                  x, &y);
  at.net.introduce(x, y);
}

/// A host vanishes and is there again at once.
void come_back(stage& at, node& x, node& y) {
  at.connect(x, y);
  at.revive(x);
  at.net.introduce(x, y);
  x.set_permanent(y);
  at.net.run_for(soon);
}

/// An address that does not answer delays the connection by the attempt delay
/// and no more.
void pass_over_silence(stage& at, node& x, node& y) {
  auto dial = at.up_to(40ms);
  auto latency = at.up_to(40ms);
  at.make_equal_ways(dial, latency);
  auto silence = at.chance(50) ? route::silent : route::mute;
  at.name_addresses(x, y, {y.address(silence), y.address()});
  x.connect(y);
  // Handshake and the first sealed frames go to and fro.
  at.wait_until([&] { return x.connected(y); },
                x.settings.attempt_delay + dial + 4 * latency,
                "do not connect in time by another address", x, y);
}

/// An address that leads to nobody costs time once, and not with every
/// connection.
void go_where_it_worked(stage& at, node& x, node& y) {
  auto dial = at.up_to(40ms);
  auto latency = at.up_to(40ms);
  at.make_equal_ways(dial, latency);
  auto silence = at.chance(50) ? route::silent : route::mute;
  at.name_addresses(x, y, {y.address(silence), y.address()});
  at.connect_permanently(x, y);
  at.net.run_for(x.settings.stable_after);
  at.cut_all(x, y);
  at.wait_until([&] { return x.connected(y); }, dial + 4 * latency,
                "do not dial first where they connected last", x, y);
}

/// Whoever wants a connection once dials once, and only one host.
void dial_in_vain(stage& at, node& x, node& y) {
  const tcp_addr any_host{ipv4{}, 1};
  at.name_addresses(x, y, {any_host, y.address(route::refusing)});
  auto before = x.attempts();
  x.connect(y);
  at.wait_until([&] { return !x.peer_of(y); }, soon, "does not give up", x, y);
  if (x.attempts() != before + 1)
    at.judge.fail("dials again for somebody who wanted it once", x, &y);
  at.name_addresses(x, y, {y.address()});
}

/// A stable connection that is lost is replaced without delay.
void dial_at_once(stage& at, node& x, node& y) {
  auto dial = at.up_to(40ms);
  auto latency = at.up_to(40ms);
  at.make_equal_ways(dial, latency);
  at.connect_permanently(x, y);
  at.net.run_for(x.settings.stable_after);
  at.cut_all(x, y);
  at.wait_until([&] { return x.connected(y); }, dial + 4 * latency,
                "do not replace a stable connection at once", x, y);
}

/// However long a node was away, somebody who wants it waits for no more than
/// the longest delay; and once it was there for a while, delays begin anew.
void return_after_long(stage& at, node& x, node& y) {
  const duration dial{1ms};
  auto latency = at.up_to(10ms);
  at.make_equal_ways(dial, latency);
  auto failures = 12; // enough for delays to reach their bound
  at.net.dial_delay = [&](const stream_user&, const node&) {
    return failures-- > 0 ? std::nullopt : std::optional{dial};
  };
  const auto& settings = x.settings;
  x.set_permanent(y);
  at.wait_until([&] { return failures <= 0; },
                failures * (settings.backoff_cap + dial), "does not dial", x,
                y);
  at.wait_until([&] { return x.connected(y); },
                settings.backoff_cap + 2 * dial + 4 * latency,
                "waits too long between attempts", x, y);
  at.net.run_for(settings.stable_after);
  failures = 1;
  at.cut_all(x, y);
  at.wait_until([&] { return x.connected(y); },
                settings.backoff_base + 2 * dial + 4 * latency,
                "waits as if the other one had not been there", x, y);
  at.answer_dials(dial);
}

/// Who is told that there is no room asks again, and not all the time.
void ask_for_room(stage& at, node& x, node& y) {
  at.make_equal_ways(1ms, at.up_to(5ms));
  y.rules.max_peers = 0;
  auto before = x.attempts();
  at.send_one(x, y, "now", 100);
  at.net.run_for(2s);
  // The sum of so many random delays is never less.
  constexpr std::uint64_t most = 20;
  if (auto count = x.attempts() - before; count < 2 || count > most)
    at.judge.fail("asks " + std::to_string(count) + " times for room", x, &y);
  y.rules.max_peers = 1'000;
  at.wait_until([&at] { return at.judge.settled(); },
                x.settings.backoff_cap + soon, "does not find room", x, y);
}

/// Octets that come slowly, but fast enough, are a sign of life.
void trickle(stage& at, node& x, node& y) {
  at.connect_permanently(x, y);
  for (auto id : at.net.between(x, y)) {
    auto& way = at.net.at(id).directions[at.side_of(x, id)];
    way.bytes_per_second = 8'000 + at.random.below(12'000);
    way.piece = 1'000;
  }
  auto before = at.judge.losses(x, y);
  at.send_one(x, y, "now", limits::fragment - 1'000);
  at.wait_until([&at] { return at.judge.settled(); }, 10s,
                "do not get through slowly", x, y);
  if (at.judge.losses(x, y) != before)
    at.judge.fail("lose a slow connection", x, &y);
}

} // namespace

std::span<const scene> scenes_of_connections() {
  static constexpr std::array<scene, 14> all{
    clash_in_peace,     hold_permanently, take_over,    give_up_early,
    come_back,          send_away,        forget_peer,  pass_over_silence,
    go_where_it_worked, dial_in_vain,     dial_at_once, return_after_long,
    ask_for_room,       trickle,
  };
  return all;
}

} // namespace simulation
