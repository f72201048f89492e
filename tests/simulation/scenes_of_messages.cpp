// Scenes about what becomes of messages.

#include <array>

#include "scenes.hpp"

namespace simulation {

namespace {

/// What has arrived on a connection is not sent again on the next one.
void resume(stage& at, node& x, node& y) {
  at.connect(x, y);
  y.add_engine("late", std::nullopt);
  at.send_one(x, y, "late", 100);
  at.net.run_for(soon);
  x.set_permanent(y);
  auto before = at.judge.resent(x, y);
  at.cut_all(x, y);
  at.net.run_for(soon);
  if (at.judge.resent(x, y) != before)
    at.judge.fail("sends again what has arrived", x, &y);
  y.take_all();
}

/// What expired after it was sent, and did not arrive, is not sent again.
void expire(stage& at, node& x, node& y) {
  at.connect(x, y);
  for (auto id : at.net.between(x, y))
    for (auto& way : at.net.at(id).directions)
      way.hole = true;
  send_options options;
  options.expiry = rel_time{1};
  auto lost = at.send_one(x, y, "now", 100, options);
  at.net.run_for(1s);
  x.set_permanent(y);
  at.cut_all(x, y);
  at.net.run_for(soon);
  if (!at.judge.sent()[lost].arrivals.empty())
    at.judge.fail("sends what has expired", x, &y);
}

/// Engines that take nothing hold up nobody else, however much waits for them.
void pass_by(stage& at, node& x, node& y) {
  constexpr duration latency = 10ms;
  at.make_equal_ways(latency, latency);
  at.connect(x, y);
  y.add_engine("never", std::nullopt);
  for (auto n = 20 + at.random.below(40); n > 0; --n) {
    send_options options;
    options.ordering = at.chance(50) ? transport_ordering::ordered
                                     : transport_ordering::unordered;
    at.send_one(x, y, "never", at.random.below(40'000), options);
    if (at.chance(20))
      at.net.run_for(at.up_to(latency));
  }
  if (at.chance(30))
    at.cut_all(x, y);
  auto sent = at.send_one(x, y, "now", at.random.below(600));
  at.wait_until([&] { return !at.judge.sent()[sent].outcomes.empty(); }, soon,
                "waits for an engine that another message is for", x, y);
  y.take_all();
}

/// A message that no engine has taken keeps the connection.
void wait_for_engine(stage& at, node& x, node& y) {
  at.connect_permanently(x, y);
  x.add_engine("late", std::nullopt);
  at.send_one(y, x, "late", 100);
  at.net.run_for(soon);
  x.set_permanent(y, false);
  auto before = at.judge.losses(x, y);
  at.net.run_for(8s); // longer than any of our connections may be idle
  if (at.judge.losses(x, y) != before)
    at.judge.fail("end a connection that waits for an engine", x, &y);
  x.take_all();
}

/// What was taken before a node ends is acknowledged.
void take_and_stop(stage& at, node& x, node& y) {
  at.connect(x, y);
  y.add_engine("late", std::nullopt);
  auto sent = at.send_one(x, y, "late", 100);
  at.net.run_for(soon);
  y.burst([&] {
    y.take_all();
    y.stop(1s);
  });
  at.wait_until([&] { return !at.judge.sent()[sent].outcomes.empty(); }, soon,
                "does not acknowledge when the other one stops", x, y);
  at.net.run_for(1s);
  at.revive(y);
}

/// What arrived is not taken again, though nothing but a record was left of the
/// sender meanwhile.
void remember(stage& at, node& x, node& y) {
  constexpr duration long_dial = 3s;
  at.connect(x, y);
  for (auto id : at.net.between(x, y))
    at.net.at(id).directions[at.side_of(y, id)].hole = true;
  at.send_one(x, y, "now", 100);
  at.net.run_for(duration{500ms});
  auto before = at.net.dial_delay;
  at.answer_dials(long_dial);
  at.cut_all(x, y);
  at.wait_until([&] { return !y.peer_of(x); }, long_dial,
                "does not come to rest", y, x);
  at.wait_until([&at] { return at.judge.settled(); }, long_dial + soon,
                "does not go on", x, y);
  at.net.dial_delay = before;
}

/// Who is denied is told so.
void turn_away(stage& at, node& x, node& y) {
  at.judge.handle_denial(x, y);
  y.deny(x);
  auto sent = at.send_one(x, y, "now", 100);
  at.wait_until([&] { return !at.judge.sent()[sent].outcomes.empty(); }, soon,
                "gets no answer while it is denied", x, y);
  const auto& outcomes = at.judge.sent()[sent].outcomes;
  if (!outcomes.empty()
      && (!outcomes.front() || outcomes.front()->error != send_error::denied))
    at.judge.fail("is not told that it is denied", x, &y);
  y.rules.admission = policy{};
}

} // namespace

std::span<const scene> scenes_of_messages() {
  static constexpr std::array<scene, 7> all{
    resume,        expire,   pass_by,   wait_for_engine,
    take_and_stop, remember, turn_away,
  };
  return all;
}

} // namespace simulation
