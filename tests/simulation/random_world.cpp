#include "random_world.hpp"

#include <algorithm>
#include <array>

#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/crypto/cipher.hpp>

namespace simulation {

namespace {

/// The owner of what the world itself has planned.
constexpr owner_id world = owner_id{1} << 31;

/// Many times what a long history takes.
constexpr std::uint64_t max_events = 200'000;

/// What somebody wants to see of a history that was aborted.
constexpr std::size_t few_lines = 40;

constexpr std::array engines{"now", "soon", "late", "never"};

} // namespace

void world_report::add(const world_report& other) {
  acts += other.acts;
  sent += other.sent;
  delivered += other.delivered;
  unconfirmed += other.unconfirmed;
  restarts += other.restarts;
  cuts += other.cuts;
  rests.add(other.rests);
  for (const auto& [reason, count] : other.ends)
    ends[reason] += count;
}

random_world::random_world(std::uint64_t seed, std::uint64_t max_acts,
                           bool keep_transcript)
  : stage(seed), max_acts_(max_acts) {
  if (!keep_transcript)
    net.limit_transcript(few_lines);
  net.limit_events(max_events);
  net.prepare = [this](connection_id, connection& x) {
    make_connection(x);
  };
  net.dial_delay = [this](const stream_user&,
                          const node&) -> std::optional<duration> {
    if (!quiet && chance(10))
      return std::nullopt;
    return up_to(50ms);
  };
  if (chance(30))
    net.lookup_delay = up_to(3s);
  make_nodes();
}

world_report random_world::run() {
  auto end = net.now().steady + fault_time_;
  while (net.now().steady < end && report_.acts < max_acts_) {
    ++report_.acts;
    act();
    net.run_for(chance(60) ? up_to(10ms) : up_to(300ms));
    if (report_.acts % 8 == 0)
      judge.check_bounds(nodes);
  }
  settle();
  await_idleness();
  play_scene();
  return report();
}

// -- the world ----------------------------------------------------------------

void random_world::make_nodes() {
  auto kind = random.below(100);
  auto count = kind < 60   ? 2
               : kind < 95 ? 3 + random.below(3)
                           : 6 + random.below(7);
  fault_time_ = kind < 95 ? 1s + up_to(9s) : 1s + up_to(5s);
  for (std::uint64_t i = 0; i < count; ++i) {
    auto& x =
      net.add(std::string(1, static_cast<char>('a' + i)), some_settings());
    x.add_engine("now");
    x.add_engine("soon", up_to(100ms));
    x.add_engine("late", std::nullopt);
    x.add_engine("never", std::nullopt);
    if (chance(10))
      x.rules.max_peers = 1 + random.below(2);
    if (chance(20))
      x.rules.peers_kept = {random.below(2), random.below(3),
                            random.below(400'000), up_to(5s)};
    if (chance(20))
      x.rules.adverts_kept.unheld = random.below(3);
    if (chance(30))
      x.max_dials = dialler::max_attempts + random.below(6);
    x.comes_back = chance(50);
    if (chance(50))
      x.mailbox_delay = up_to(20ms);
    x.restart();
    nodes.push_back(&x);
  }
  for (auto* x : nodes)
    for (auto* y : nodes)
      if (x != y && chance(30))
        x->uses_handle.insert(y->id());
  for (auto* x : nodes) {
    x->reached_at = some_addresses(*x);
    issue_advert(*x, 1);
  }
  for (auto* x : nodes)
    for (auto* y : nodes)
      if (x != y && (chance(80) || x == nodes.front()))
        net.introduce(*x, *y);
}

peer_settings random_world::some_settings() {
  peer_settings result;
  // The same histories on machines without it.
  auto wants_aes = chance(50);
  result.have_aes = wants_aes && aes_available();
  result.max_message = chance(90) ? 300'000 : 100'000;
  result.channel_window =
    limits::min_channel_window + random.below(chance(50) ? 1'000 : 30'000);
  result.window = (chance(50) ? 3'000 : 300'000) + random.below(100'000);
  result.large_window = result.max_message + 128 + random.below(400'000);
  result.node_window = chance(50) ? 1'000'000 : 100'000'000;
  if (chance(50))
    result.stranger_window = random.below(600'000);
  result.outbox_bytes = 600'000 + random.below(1'000'000);
  result.channel_idle_timeout = up_to(3s);
  result.backlog_bytes = 140'000 + random.below(400'000);
  result.handshake_timeout = 1s;
  result.heartbeat_interval = 500ms;
  result.dead_peer_limit = 2s;
  result.idle_timeout = 100ms + up_to(chance(50) ? 400ms : 6s);
  result.ack_delay = up_to(20ms);
  result.goodbye_timeout = 1s;
  result.attempt_delay = 1ms + up_to(50ms);
  if (chance(30))
    result.dial_ranges = {{ipv4{{std::byte{10}}}, 8}};
  result.backoff_base = 20ms;
  result.backoff_cap = 2s;
  result.stable_after = 1s;
  if (chance(50)) {
    result.rekey_frames = 2 + random.below(30);
    result.rekey_interval = 1s;
    if (chance(30))
      result.max_session_age = 24s + up_to(24s);
  }
  return result;
}

void random_world::make_connection(connection& x) {
  for (auto& way : x.directions) {
    way.latency = up_to(40ms);
    if (chance(30))
      way.jitter = up_to(60ms);
    if (chance(20))
      way.piece = 1 + random.below(3'000);
    if (chance(20))
      way.bytes_per_second = 100'000 + random.below(2'000'000);
    if (!quiet && chance(10))
      way.cut_at = random.below(chance(50) ? 2'000 : 100'000);
    if (!quiet && chance(3))
      way.hole = true;
  }
}

// -- what happens to it -------------------------------------------------------

void random_world::act() {
  auto& x = any_node();
  auto& y = any_node();
  if (&x == &y || !x.serves())
    return;
  auto what = random.below(1000);
  if (what < 490)
    send_some(x, y);
  else if (what < 500)
    forget(x, y);
  else if (what < 650)
    take_some(x);
  else if (what < 740)
    hurt_connection();
  else if (what < 760)
    part();
  else if (what < 810)
    x.set_permanent(y, chance(50));
  else if (what < 890)
    clash(x, y);
  else if (what < 920)
    issue_advert(x, x.advert().version + 1 + random.below(3));
  else if (what < 950)
    gossip(x, y);
  else if (what < 960)
    net.adjust_wall(
      std::chrono::seconds{static_cast<std::int64_t>(random.below(300)) - 150});
  else if (what < 980)
    end_and_begin(x);
  else if (what < 985)
    stop(x);
  else if (what < 990)
    leave_network(x);
  else if (what < 995)
    call_as_twin(x, y);
  else
    deny(x, y);
}

void random_world::send_some(node& from, node& to) {
  constexpr std::array<std::size_t, 5> large{
    5'000, limits::fragment - 50, limits::fragment, 150'000, 290'000};
  auto send = [&] {
    for (auto n = 1 + random.below(chance(10) ? 40 : 4); n > 0; --n)
      send_one(
        from, to, chance(97) ? engines[random.below(engines.size())] : "none",
        chance(95) ? random.below(600) : large[random.below(large.size())]);
  };
  if (chance(50))
    from.burst(send);
  else
    send();
}

void random_world::take_some(node& x) {
  x.burst([&] {
    for (auto n = 1 + random.below(6); n > 0; --n) {
      std::optional<control::reject_reason> reason;
      x.take("late", reason);
    }
  });
}

void random_world::hurt_connection() {
  auto all = net.connections();
  if (all.empty())
    return;
  ++report_.cuts;
  auto id = all[random.below(all.size())];
  auto& x = net.at(id);
  auto& way = x.directions[random.below(2)];
  net.log(net.describe(x), "hurt");
  switch (random.below(5)) {
  case 0:
    return net.cut(id);
  case 1:
    return net.cut(id, {up_to(3s), up_to(3s)});
  case 2:
    return net.cut(
      id, {chance(50) ? std::optional{up_to(3s)} : std::nullopt, std::nullopt});
  case 3:
    way.cut_at = way.sent + random.below(3'000);
    return;
  default:
    way.hole = true;
  }
}

/// Some of the nodes and the others do not reach each other for a while.
void random_world::part() {
  auto until = net.now().steady + up_to(5s);
  std::vector<node*> here;
  std::vector<node*> there;
  for (auto* x : nodes)
    (chance(50) ? here : there).push_back(x);
  for (auto* x : here)
    for (auto* y : there) {
      net.log(x->name() + "/" + y->name(), "parted");
      net.part(*x, *y, until);
    }
}

/// Both dial at once, and have something to say.
void random_world::clash(node& x, node& y) {
  if (!y.serves())
    return;
  if (chance(50))
    for (auto id : net.between(x, y))
      net.cut(id);
  x.connect(y);
  y.connect(x);
  for (auto n = random.below(4); n > 0; --n) {
    send_one(x, y, engines[random.below(engines.size())], random.below(100));
    send_one(y, x, engines[random.below(engines.size())], random.below(100));
  }
}

void random_world::end_and_begin(node& x) {
  ++report_.restarts;
  auto host = chance(30);
  net.log(x.name(), host ? "vanishes" : "crashes");
  x.crash(host);
  judge.handle_restart(x);
  begin_later(x);
}

/// Ends in good order: whoever waits has to be told in time.
void random_world::stop(node& x) {
  ++report_.restarts;
  auto at_most = up_to(2s);
  net.log(x.name(), "shuts down");
  x.stop(at_most);
  net.schedule(at_most + x.mailbox_time() + 1ms, world, [this, &x] {
    judge.check_answered(x);
    x.crash();
    judge.handle_restart(x);
    begin_later(x);
  });
}

void random_world::begin_later(node& x) {
  net.schedule(chance(50) ? 0s : up_to(3s), world, [this, &x] {
    net.log(x.name(), "starts");
    // It may have lost what it knew of itself and of others.
    if (chance(30))
      x.lose_state();
    auto disk = x.disk();
    x.start(chance(30) ? std::optional<std::uint64_t>{1} : std::nullopt);
    judge.check_restored(x, disk);
    judge.handle_restart(x);
    adverts.push_back(x.advert());
  });
}

/// For a while, one does not want to know the other.
void random_world::deny(node& x, node& y) {
  net.log(x.name() + "/" + y.name(), "denies");
  judge.handle_denial(x, y);
  x.deny(y);
  net.schedule(up_to(3s), world, [this, &x] {
    net.log(x.name(), "denies nobody");
    x.rules.admission = policy{};
  });
}

/// The network of a host is away for a while: its connections are lost, and
/// nobody reaches it.
void random_world::leave_network(node& x) {
  auto until = net.now().steady + up_to(5s);
  net.log(x.name(), "has no network");
  for (auto* y : nodes) {
    if (&x == y)
      continue;
    net.part(x, *y, until);
    for (auto id : net.between(x, *y))
      net.cut(id, {up_to(1s), up_to(1s)});
  }
}

/// `x`, or somebody who has its key, calls under the other id of that key.
void random_world::call_as_twin(node& x, node& y) {
  if (!y.serves())
    return;
  net.log(x.name() + "/" + y.name(), "calls as a twin");
  // One of the two is denied while the other one is there.
  judge.handle_denial(x, y);
  twins_.emplace_back(net, y, x.self(), random.next_key(), up_to(1s));
}

/// Hears of an advert by another way, be it old.
void random_world::gossip(node& x, const node& y) {
  std::vector<const node_advert*> known;
  for (const auto& advert : adverts)
    if (advert.id == y.id())
      known.push_back(&advert);
  x.handle_advert(*known[random.below(known.size())]);
}

/// Somebody has a peer forgotten, and another one may tell of it before it has
/// agreed.
void random_world::forget(node& x, node& y) {
  net.log(x.name() + "/" + y.name(), "is to be forgotten");
  judge.handle_forget(x, y);
  x.part_from(y, true);
  if (chance(50))
    net.schedule(up_to(x.mailbox_time()), world, [this, &x, &y] {
      if (x.serves())
        net.introduce(x, y);
    });
}

// -- the end ------------------------------------------------------------------

world_report random_world::report() {
  judge.check_end(nodes);
  for (const auto& what : net.failures())
    report_.failures.push_back({what, {}, {}});
  for (const auto& x : judge.failures())
    report_.failures.push_back(x);
  report_.transcript = net.take_transcript();
  report_.sent = judge.sent().size();
  for (const auto& msg : judge.sent()) {
    if (msg.outcomes.empty())
      continue;
    const auto& outcome = msg.outcomes.front();
    report_.delivered += !outcome;
    report_.unconfirmed += outcome && outcome->error == send_error::unconfirmed;
  }
  for (auto* x : nodes) {
    for (const auto& [reason, count] : x->ends())
      report_.ends[reason] += count;
    report_.rests.add(x->rests());
  }
  return std::move(report_);
}

} // namespace simulation
