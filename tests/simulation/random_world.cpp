#include "random_world.hpp"

#include <algorithm>
#include <array>

#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/crypto/cipher.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

#include "support/octets.hpp"

namespace simulation {

namespace {

/// The owner of what the world itself has planned.
constexpr owner_id world = owner_id{1} << 31;

/// Many times what a long history takes.
constexpr std::uint64_t max_events = 200'000;

/// What somebody wants to see of a history that was aborted.
constexpr std::size_t few_lines = 40;

constexpr std::array engines{"now", "soon", "late", "never"};

/// Where nobody is to be sent by whoever says that he is there. None of them
/// leads anywhere here, nor does the last one, at which anybody may be.
constexpr std::array<std::string_view, 10> nowhere{
  "tcp://127.0.0.1:22",        "tcp://192.168.0.1:80",
  "tcp://169.254.169.254:80",  "tcp://224.0.0.1:1",
  "tcp://255.255.255.255:1",   "tcp://0.0.0.0:22",
  "tcp://198.51.100.1:1",      "tcp://[::ffff:127.0.0.1]:22",
  "tcp://[2002:7f00:1::1]:22", "tcp://1.1.1.1:1"};

/// A text that shows whether a part was lost, doubled or taken from another
/// one.
std::string text_of(std::size_t index, std::size_t size) {
  auto result = "#" + std::to_string(index) + " ";
  auto begin = result.size();
  result.resize(std::max(begin, size));
  for (auto i = begin; i < result.size(); ++i)
    result[i] = static_cast<char>((i * i / 251 + index * 7) & 0x7f);
  return result;
}

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
  : random_(test::seeded(seed)), net_(seed), referee_(net_),
    max_acts_(max_acts) {
  if (!keep_transcript)
    net_.limit_transcript(few_lines);
  net_.limit_events(max_events);
  net_.prepare = [this](connection_id, connection& x) {
    make_connection(x);
  };
  net_.dial_delay = [this](const stream_user&,
                           const node&) -> std::optional<duration> {
    if (!quiet_ && chance(10))
      return std::nullopt;
    return up_to(50ms);
  };
  make_nodes();
}

world_report random_world::run() {
  auto end = net_.now().steady + fault_time_;
  while (net_.now().steady < end && report_.acts < max_acts_) {
    ++report_.acts;
    act();
    net_.run_for(chance(60) ? up_to(10ms) : up_to(300ms));
    if (report_.acts % 8 == 0)
      referee_.check_bounds(nodes_);
  }
  settle();
  await_idleness();
  play_scene();
  return report();
}

// -- the world ----------------------------------------------------------------

void random_world::make_nodes() {
  auto kind = random_.below(100);
  auto count = kind < 60   ? 2
               : kind < 95 ? 3 + random_.below(3)
                           : 6 + random_.below(7);
  fault_time_ = kind < 95 ? 1s + up_to(9s) : 1s + up_to(5s);
  for (std::uint64_t i = 0; i < count; ++i) {
    auto& x =
      net_.add(std::string(1, static_cast<char>('a' + i)), some_settings());
    x.add_engine("now");
    x.add_engine("soon", up_to(100ms));
    x.add_engine("late", std::nullopt);
    x.add_engine("never", std::nullopt);
    if (chance(10))
      x.rules.max_peers = 1 + random_.below(2);
    if (chance(20))
      x.rules.peers_kept = {random_.below(2), random_.below(3),
                            random_.below(400'000), up_to(5s)};
    if (chance(20))
      x.rules.adverts_kept.strangers = random_.below(3);
    if (chance(30))
      x.max_dials = dialler::max_attempts + random_.below(6);
    x.comes_back = chance(50);
    if (chance(50))
      x.mailbox_delay = up_to(20ms);
    x.restart();
    nodes_.push_back(&x);
  }
  for (auto* x : nodes_)
    for (auto* y : nodes_)
      if (x != y && chance(30))
        x->uses_handle.insert(y->id());
  for (auto* x : nodes_) {
    x->reached_at = some_addresses(*x);
    issue_advert(*x, 1);
  }
  for (auto* x : nodes_)
    for (auto* y : nodes_)
      if (x != y && (chance(80) || x == nodes_.front()))
        net_.introduce(*x, *y);
}

peer_settings random_world::some_settings() {
  peer_settings result;
  // The same histories on machines without it.
  auto wants_aes = chance(50);
  result.have_aes = wants_aes && aes_available();
  result.max_message = chance(90) ? 300'000 : 100'000;
  result.channel_window =
    limits::min_channel_window + random_.below(chance(50) ? 1'000 : 30'000);
  result.window = (chance(50) ? 3'000 : 300'000) + random_.below(100'000);
  result.large_window = result.max_message + 128 + random_.below(400'000);
  result.node_window = chance(50) ? 1'000'000 : 100'000'000;
  if (chance(50))
    result.stranger_window = random_.below(600'000);
  result.outbox_bytes = 600'000 + random_.below(1'000'000);
  result.channel_idle_timeout = up_to(3s);
  result.backlog_bytes = 140'000 + random_.below(400'000);
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
    result.rekey_frames = 2 + random_.below(30);
    result.rekey_interval = 1s;
  }
  return result;
}

/// Often only the best one; else also addresses that are slow, lead nowhere, or
/// to somebody else. All of them are tried at once.
std::vector<transport_address> random_world::some_addresses(const node& x) {
  std::vector<transport_address> result{x.address()};
  if (chance(60))
    return result;
  constexpr std::array others{route::slow, route::refusing, route::silent,
                              route::mute};
  for (auto n = 1 + random_.below(dialler::max_attempts - 1); n > 0; --n) {
    auto kind = random_.below(others.size() + 2);
    transport_address added =
      kind < others.size() ? x.address(others[kind]) : any_node().address();
    if (kind > others.size())
      added = parse_address(nowhere[random_.below(nowhere.size())]).value();
    auto place = static_cast<std::ptrdiff_t>(random_.below(result.size() + 1));
    result.insert(result.begin() + place, added);
  }
  return result;
}

void random_world::make_connection(connection& x) {
  for (auto& way : x.directions) {
    way.latency = up_to(40ms);
    if (chance(30))
      way.jitter = up_to(60ms);
    if (chance(20))
      way.piece = 1 + random_.below(3'000);
    if (chance(20))
      way.bytes_per_second = 100'000 + random_.below(2'000'000);
    if (!quiet_ && chance(10))
      way.cut_at = random_.below(chance(50) ? 2'000 : 100'000);
    if (!quiet_ && chance(3))
      way.hole = true;
  }
}

// -- what happens to it -------------------------------------------------------

void random_world::act() {
  auto& x = any_node();
  auto& y = any_node();
  if (&x == &y || !x.serves())
    return;
  auto what = random_.below(1000);
  if (what < 500)
    send_some(x, y);
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
    issue_advert(x, x.advert().version + 1 + random_.below(3));
  else if (what < 950)
    gossip(x, y);
  else if (what < 960)
    net_.adjust_wall(std::chrono::seconds{
      static_cast<std::int64_t>(random_.below(300)) - 150});
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
    for (auto n = 1 + random_.below(chance(10) ? 40 : 4); n > 0; --n)
      send_one(
        from, to, chance(97) ? engines[random_.below(engines.size())] : "none",
        chance(95) ? random_.below(600) : large[random_.below(large.size())]);
  };
  if (chance(50))
    from.burst(send);
  else
    send();
}

/// @returns its place among all messages.
std::size_t random_world::send_one(node& from, node& to,
                                   std::string_view engine, std::size_t size) {
  send_options options;
  if (!quiet_ && chance(20))
    options.expiry = rel_time{random_.below(4)};
  else if (!quiet_ && chance(5))
    options.expiry = abs_time{net_.now().minute().minutes + 1};
  if (!quiet_ && chance(15))
    options.reliability = transport_reliability::unreliable;
  if (chance(20))
    options.ordering = transport_ordering::unordered;
  return send_one(from, to, engine, size, options);
}

std::size_t random_world::send_one(node& from, node& to,
                                   std::string_view engine, std::size_t size,
                                   const send_options& options) {
  auto index = referee_.sent().size();
  sent_message msg;
  msg.from = &from;
  msg.to = &to;
  msg.incarnation = from.incarnation();
  msg.token = from.next_token();
  msg.text = text_of(index, size);
  msg.engine = engine;
  msg.ordering = options.ordering;
  msg.reliable = options.reliability == transport_reliability::reliable;
  msg.known_engine = engine != "none";
  if (auto minute = std::get_if<abs_time>(&options.expiry))
    msg.expires_by_wall = std::chrono::seconds{60 * minute->minutes};
  else if (options.expiry != send_options{}.expiry)
    msg.expires =
      net_.now().steady
      + std::chrono::seconds{std::get<rel_time>(options.expiry).seconds};
  auto text = msg.text;
  referee_.handle_sent(std::move(msg));
  from.send(to, engine, text, options);
  return index;
}

void random_world::take_some(node& x) {
  x.burst([&] {
    for (auto n = 1 + random_.below(6); n > 0; --n) {
      std::optional<control::reject_reason> reason;
      x.take("late", reason);
    }
  });
}

void random_world::hurt_connection() {
  auto all = net_.connections();
  if (all.empty())
    return;
  ++report_.cuts;
  auto id = all[random_.below(all.size())];
  auto& x = net_.at(id);
  auto& way = x.directions[random_.below(2)];
  net_.log(net_.describe(x), "hurt");
  switch (random_.below(5)) {
  case 0:
    return net_.cut(id);
  case 1:
    return net_.cut(id, {up_to(3s), up_to(3s)});
  case 2:
    return net_.cut(
      id, {chance(50) ? std::optional{up_to(3s)} : std::nullopt, std::nullopt});
  case 3:
    way.cut_at = way.sent + random_.below(3'000);
    return;
  default:
    way.hole = true;
  }
}

/// Some of the nodes and the others do not reach each other for a while.
void random_world::part() {
  auto until = net_.now().steady + up_to(5s);
  std::vector<node*> here;
  std::vector<node*> there;
  for (auto* x : nodes_)
    (chance(50) ? here : there).push_back(x);
  for (auto* x : here)
    for (auto* y : there) {
      net_.log(x->name() + "/" + y->name(), "parted");
      net_.part(*x, *y, until);
    }
}

/// Both dial at once, and have something to say.
void random_world::clash(node& x, node& y) {
  if (!y.serves())
    return;
  if (chance(50))
    for (auto id : net_.between(x, y))
      net_.cut(id);
  x.connect(y);
  y.connect(x);
  for (auto n = random_.below(4); n > 0; --n) {
    send_one(x, y, engines[random_.below(engines.size())], random_.below(100));
    send_one(y, x, engines[random_.below(engines.size())], random_.below(100));
  }
}

void random_world::end_and_begin(node& x) {
  ++report_.restarts;
  auto host = chance(30);
  net_.log(x.name(), host ? "vanishes" : "crashes");
  x.crash(host);
  referee_.handle_restart(x);
  begin_later(x);
}

/// Ends in good order: whoever waits has to be told in time.
void random_world::stop(node& x) {
  ++report_.restarts;
  auto at_most = up_to(2s);
  net_.log(x.name(), "shuts down");
  x.stop(at_most);
  net_.schedule(at_most + x.mailbox_time() + 1ms, world, [this, &x] {
    referee_.check_answered(x);
    x.crash();
    referee_.handle_restart(x);
    begin_later(x);
  });
}

void random_world::begin_later(node& x) {
  net_.schedule(chance(50) ? 0s : up_to(3s), world, [this, &x] {
    net_.log(x.name(), "starts");
    // It may have lost what it knew of itself and of others.
    if (chance(30))
      x.lose_state();
    auto disk = x.disk();
    x.start(chance(30) ? std::optional<std::uint64_t>{1} : std::nullopt);
    referee_.check_restored(x, disk);
    referee_.handle_restart(x);
    adverts_.push_back(x.advert());
  });
}

/// For a while, one does not want to know the other.
void random_world::deny(node& x, node& y) {
  net_.log(x.name() + "/" + y.name(), "denies");
  referee_.handle_denial(x, y);
  x.deny(y);
  net_.schedule(up_to(3s), world, [this, &x] {
    net_.log(x.name(), "denies nobody");
    x.rules.admission = policy{};
  });
}

/// The network of a host is away for a while: its connections are lost, and
/// nobody reaches it.
void random_world::leave_network(node& x) {
  auto until = net_.now().steady + up_to(5s);
  net_.log(x.name(), "has no network");
  for (auto* y : nodes_) {
    if (&x == y)
      continue;
    net_.part(x, *y, until);
    for (auto id : net_.between(x, *y))
      net_.cut(id, {up_to(1s), up_to(1s)});
  }
}

/// `x`, or somebody who has its key, calls under the other id of that key.
void random_world::call_as_twin(node& x, node& y) {
  if (!y.serves())
    return;
  net_.log(x.name() + "/" + y.name(), "calls as a twin");
  // One of the two is denied while the other one is there.
  referee_.handle_denial(x, y);
  twins_.emplace_back(net_, y, x.self(), random_.next_key(), up_to(1s));
}

/// Hears of an advert by another way, be it old.
void random_world::gossip(node& x, const node& y) {
  std::vector<const node_advert*> known;
  for (const auto& advert : adverts_)
    if (advert.id == y.id())
      known.push_back(&advert);
  x.handle_advert(*known[random_.below(known.size())]);
}

void random_world::issue_advert(node& x, std::uint64_t version) {
  if (!quiet_ && chance(30))
    x.reached_at = some_addresses(x);
  x.issue_advert(version);
  adverts_.push_back(x.advert());
}

// -- the end ------------------------------------------------------------------

world_report random_world::report() {
  referee_.check_end(nodes_);
  for (const auto& what : net_.failures())
    report_.failures.push_back({what, {}, {}});
  for (const auto& x : referee_.failures())
    report_.failures.push_back(x);
  report_.transcript = net_.take_transcript();
  report_.sent = referee_.sent().size();
  for (const auto& msg : referee_.sent()) {
    if (msg.outcomes.empty())
      continue;
    const auto& outcome = msg.outcomes.front();
    report_.delivered += !outcome;
    report_.unconfirmed += outcome && outcome->error == send_error::unconfirmed;
  }
  for (auto* x : nodes_) {
    for (const auto& [reason, count] : x->ends())
      report_.ends[reason] += count;
    report_.rests.add(x->rests());
  }
  return std::move(report_);
}

// -- chance -------------------------------------------------------------------

duration random_world::up_to(duration most) {
  return duration{static_cast<std::int64_t>(
    random_.below(static_cast<std::uint64_t>(most.count()) + 1))};
}

node& random_world::any_node() {
  return *nodes_[random_.below(nodes_.size())];
}

} // namespace simulation
