// Scenes about what becomes of messages.

#include "random_world.hpp"

namespace simulation {

/// What has arrived on a connection is not sent again on the next one.
void random_world::resume(node& x, node& y) {
  connect(x, y);
  y.add_engine("late", std::nullopt);
  send_one(x, y, "late", 100);
  net_.run_for(soon);
  x.set_permanent(y);
  auto before = referee_.resent(x, y);
  cut_all(x, y);
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
  cut_all(x, y);
  net_.run_for(soon);
  if (!referee_.sent()[lost].arrivals.empty())
    referee_.fail("sends what has expired", x, &y);
}

/// Engines that take nothing hold up nobody else, however much waits for them.
void random_world::pass_by(node& x, node& y) {
  constexpr duration latency = 10ms;
  make_equal_ways(latency, latency);
  connect(x, y);
  y.add_engine("never", std::nullopt);
  for (auto n = 20 + random_.below(40); n > 0; --n) {
    send_options options;
    options.ordering =
      chance(50) ? transport_ordering::ordered : transport_ordering::unordered;
    send_one(x, y, "never", random_.below(40'000), options);
    if (chance(20))
      net_.run_for(up_to(latency));
  }
  if (chance(30))
    cut_all(x, y);
  auto sent = send_one(x, y, "now", random_.below(600));
  wait_until([&] { return !referee_.sent()[sent].outcomes.empty(); }, soon,
             "waits for an engine that another message is for", x, y);
  y.take_all();
}

/// A message that no engine has taken keeps the connection.
void random_world::wait_for_engine(node& x, node& y) {
  connect_permanently(x, y);
  x.add_engine("late", std::nullopt);
  send_one(y, x, "late", 100);
  net_.run_for(soon);
  x.set_permanent(y, false);
  auto before = referee_.losses(x, y);
  net_.run_for(8s); // longer than any of our connections may be idle
  if (referee_.losses(x, y) != before)
    referee_.fail("end a connection that waits for an engine", x, &y);
  x.take_all();
}

/// What was taken before a node ends is acknowledged.
void random_world::take_and_stop(node& x, node& y) {
  connect(x, y);
  y.add_engine("late", std::nullopt);
  auto sent = send_one(x, y, "late", 100);
  net_.run_for(soon);
  y.burst([&] {
    y.take_all();
    y.stop(1s);
  });
  wait_until([&] { return !referee_.sent()[sent].outcomes.empty(); }, soon,
             "does not acknowledge when the other one stops", x, y);
  net_.run_for(1s);
  revive(y);
}

/// What arrived is not taken again, though nothing but a record was left of the
/// sender meanwhile.
void random_world::remember(node& x, node& y) {
  constexpr duration long_dial = 3s;
  connect(x, y);
  for (auto id : net_.between(x, y))
    net_.at(id).directions[side_of(y, id)].hole = true;
  send_one(x, y, "now", 100);
  net_.run_for(duration{500ms});
  auto before = net_.dial_delay;
  answer_dials(long_dial);
  cut_all(x, y);
  wait_until([&] { return !y.peer_of(x); }, long_dial, "does not come to rest",
             y, x);
  wait_until([this] { return referee_.settled(); }, long_dial + soon,
             "does not go on", x, y);
  net_.dial_delay = before;
}

/// Who is denied is told so.
void random_world::turn_away(node& x, node& y) {
  referee_.handle_denial(x, y);
  y.deny(x);
  auto sent = send_one(x, y, "now", 100);
  wait_until([&] { return !referee_.sent()[sent].outcomes.empty(); }, soon,
             "gets no answer while it is denied", x, y);
  const auto& outcomes = referee_.sent()[sent].outcomes;
  if (!outcomes.empty()
      && (!outcomes.front() || outcomes.front()->error != send_error::denied))
    referee_.fail("is not told that it is denied", x, &y);
  y.rules.admission = policy{};
}

} // namespace simulation
