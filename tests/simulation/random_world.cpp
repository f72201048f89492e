#include "random_world.hpp"

#include <algorithm>
#include <array>
#include <set>

#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/cipher.hpp>

#include "support/octets.hpp"

namespace simulation {

namespace {

/// How long there are faults.
constexpr duration fault_time = 15s;

/// In how much time everything settles without them.
constexpr duration settle_time = 60s;

/// Reasons that honest nodes have to end a connection.
const std::set<std::string, std::less<>> honest_reasons{
  "closed",          "reset",       "dead_peer", "handshake_timeout",
  "goodbye_timeout", "idle",        "shutdown",  "superseded",
  "over_capacity",   "other_epoch", "limit"};

} // namespace

random_world::random_world(std::uint64_t seed)
  : random_(test::seeded(seed)), net_(seed) {
  net_.limit_transcript(400);
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
  auto end = net_.now().steady + fault_time;
  for (auto step = 0; net_.now().steady < end; ++step) {
    act();
    net_.run_for(chance(50) ? up_to(10ms) : up_to(300ms));
    if (step % 16 == 0)
      for (auto* x : nodes_)
        check_bounds(*x);
  }
  settle();
  check_received();
  check_outcomes();
  check_ends();
  check_connections();
  for (const auto& what : net_.failures())
    fail(what);
  report_.transcript = net_.take_transcript();
  return report_;
}

// -- the world
// -----------------------------------------------------------------

void random_world::make_nodes() {
  auto count = 2 + random_.below(3);
  for (std::uint64_t i = 0; i < count; ++i) {
    auto& x =
      net_.add(std::string(1, static_cast<char>('a' + i)), some_settings());
    x.add_engine("now");
    x.add_engine("soon", up_to(100ms));
    x.add_engine("late", std::nullopt);
    nodes_.push_back(&x);
  }
  for (auto* x : nodes_)
    for (auto* y : nodes_)
      if (x != y && (chance(80) || x == nodes_.front()))
        net_.introduce(*x, *y);
}

peer_settings random_world::some_settings() {
  peer_settings result;
  result.have_aes = aes_available() && chance(50);
  result.max_message = 300'000;
  result.window = (chance(50) ? 3'000 : 300'000) + random_.below(100'000);
  result.outbox_bytes = 400'000 + random_.below(1'000'000);
  result.outbox_messages = 50 + random_.below(200);
  result.backlog_bytes = 70'000 + random_.below(200'000);
  result.handshake_timeout = 1s;
  result.heartbeat_interval = 500ms;
  result.dead_peer_limit = 2s;
  result.idle_timeout = 1s + up_to(5s);
  result.ack_delay = up_to(20ms);
  result.goodbye_timeout = 1s;
  result.backoff_base = 20ms;
  result.backoff_cap = 2s;
  result.stable_after = 1s;
  if (chance(50)) {
    result.rekey_frames = 2 + random_.below(30);
    result.rekey_interval = 1s;
  }
  return result;
}

void random_world::make_connection(connection& x) {
  for (auto& way : x.directions) {
    way.latency = up_to(40ms);
    if (chance(30))
      way.piece = 1 + random_.below(3'000);
    if (chance(20))
      way.bytes_per_second = 100'000 + random_.below(2'000'000);
    if (!quiet_ && chance(10))
      way.cut_at = random_.below(chance(50) ? 2'000 : 100'000);
    if (!quiet_ && chance(3))
      way.hole = true;
  }
}

// -- what happens to it
// --------------------------------------------------------

void random_world::act() {
  auto& x = any_node();
  auto& y = any_node();
  if (&x == &y)
    return;
  auto what = random_.below(100);
  if (what < 55) {
    for (auto n = 1 + random_.below(chance(10) ? 40 : 4); n > 0; --n)
      send_something(x, y);
  } else if (what < 70) {
    for (auto n = 1 + random_.below(4); n > 0; --n)
      x.take("late");
  } else if (what < 78) {
    hurt_connection();
  } else if (what < 83) {
    x.set_permanent(y, chance(50));
  } else if (what < 91) {
    clash(x, y);
  } else if (what < 93) {
    x.issue_advert(x.advert().version + 1);
  } else if (what < 95) {
    net_.introduce(x, y);
  } else if (what < 96) {
    net_.adjust_wall(std::chrono::seconds{
      static_cast<std::int64_t>(random_.below(300)) - 150});
  } else if (chance(40)) {
    restart(x);
  }
}

/// Both dial at once, and have something to say.
void random_world::clash(node& x, node& y) {
  if (chance(50))
    for (auto id : net_.between(x, y))
      net_.cut(id);
  x.connect(y);
  y.connect(x);
  for (auto n = random_.below(4); n > 0; --n) {
    send_something(x, y);
    send_something(y, x);
  }
}

void random_world::send_something(node& from, node& to) {
  constexpr std::array engines{"now", "soon", "late", "none"};
  constexpr std::array<std::size_t, 8> sizes{
    0,       10,     500, 5'000, limits::fragment - 50, limits::fragment,
    150'000, 290'000};
  auto engine = engines[random_.below(20) * 4 / 21];
  send_options options;
  auto lasting = chance(75);
  if (!lasting) {
    options.expiry = rel_time{1 + random_.below(4)};
    if (chance(30))
      options.expiry = abs_time{net_.now().minute().minutes + 1};
  }
  auto reliable = chance(80);
  if (!reliable)
    options.reliability = transport_reliability::unreliable;
  auto name = from.name() + std::to_string(from.incarnation()) + ">" + to.name()
              + "#" + std::to_string(sent_.size());
  auto size = sizes[random_.below(chance(70) ? 3 : sizes.size())];
  auto text = name + " " + std::string(size, 'x');
  auto token = from.send(to, engine, text, options);
  sent_.push_back({&from, &to, from.incarnation(), name, reliable, lasting,
                   std::string_view{engine} != "none", token});
  ++report_.sent;
}

void random_world::hurt_connection() {
  auto all = net_.connections();
  if (all.empty())
    return;
  ++report_.cuts;
  auto id = all[random_.below(all.size())];
  auto& x = net_.at(id);
  auto& way = x.directions[random_.below(2)];
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

void random_world::restart(node& x) {
  ++report_.restarts;
  x.restart();
}

void random_world::settle() {
  quiet_ = true;
  for (auto id : net_.connections())
    for (auto& way : net_.at(id).directions)
      way.cut_at.reset();
  for (auto* x : nodes_) {
    x->take_all();
    for (auto* y : nodes_) {
      if (x == y)
        continue;
      net_.introduce(*x, *y);
      x->set_permanent(*y, false);
    }
  }
  for (duration passed{0}; passed < settle_time && !settled(); passed += 100ms)
    net_.run_for(100ms);
  if (!settled())
    fail("not all messages have an outcome in the end");
  net_.run_for(10s);
}

bool random_world::settled() const {
  return std::ranges::all_of(sent_, [](const sent_message& x) {
    return x.incarnation != x.from->incarnation()
           || !x.from->outcomes().at(x.token).empty();
  });
}

// -- what has to be true
// -------------------------------------------------------

void random_world::check_received() {
  std::map<std::string, std::size_t> index_of;
  for (std::size_t i = 0; i < sent_.size(); ++i)
    index_of[sent_[i].name] = i;
  for (auto* x : nodes_) {
    // The last message of each sender and incarnation in each of ours.
    std::map<std::tuple<node*, unsigned, unsigned>, std::size_t> last;
    std::set<std::size_t> unreliable;
    for (const auto& got : x->all_received()) {
      auto name = got.text.substr(0, got.text.find(' '));
      if (!index_of.contains(name) || sent_[index_of[name]].to != x) {
        fail(x->name() + " got " + name + ", which was not sent to it");
        continue;
      }
      auto index = index_of[name];
      const auto& msg = sent_[index];
      if (!msg.reliable) {
        if (!unreliable.insert(index).second)
          fail(x->name() + " got the unreliable " + name + " twice");
        continue;
      }
      auto& before = last[{msg.from, msg.incarnation, got.incarnation}];
      if (index + 1 <= before)
        fail(x->name() + " got " + name + " after " + sent_[before - 1].name);
      before = index + 1;
    }
  }
}

void random_world::check_outcomes() {
  std::set<std::string> got;
  std::set<std::string> taken;
  for (auto* x : nodes_)
    for (const auto& msg : x->all_received()) {
      auto name = msg.text.substr(0, msg.text.find(' '));
      got.insert(name);
      if (msg.taken)
        taken.insert(name);
    }
  for (const auto& msg : sent_) {
    auto lives = msg.incarnation == msg.from->incarnation();
    auto outcome = msg.from->outcome(msg.token);
    auto all = msg.from->outcomes().at(msg.token).size();
    if (all > 1 || (all == 0 && lives))
      fail(msg.name + " has the outcome " + outcome);
    report_.delivered += outcome == "delivered";
    report_.unconfirmed += outcome.starts_with("unconfirmed");
    if (outcome == "delivered" && !taken.contains(msg.name))
      fail(msg.name + " is said to be delivered but was not taken");
    auto definite = outcome != "pending" && outcome != "delivered"
                    && !outcome.starts_with("unconfirmed");
    if (definite && got.contains(msg.name))
      fail(msg.name + " arrived, and its outcome is " + outcome);
    if (lives && msg.reliable && msg.lasting && msg.known_engine
        && outcome != "delivered" && outcome != "outbox_full"
        && outcome != "unknown_node")
      fail(msg.name + " should be delivered, and its outcome is " + outcome);
    if (lives && msg.reliable && msg.lasting && !msg.known_engine
        && outcome != "unknown_engine" && outcome != "outbox_full"
        && outcome != "unknown_node")
      fail(msg.name + " should be rejected, and its outcome is " + outcome);
  }
}

void random_world::check_ends() {
  for (auto* x : nodes_) {
    if (auto count = x->unreadable(); count > 0)
      fail(x->name() + " could not read " + std::to_string(count)
           + " messages");
    for (const auto& [reason, count] : x->ends()) {
      report_.ends[reason] += count;
      if (!honest_reasons.contains(reason))
        fail(x->name() + " ended " + std::to_string(count) + " connections for "
             + reason);
    }
  }
}

void random_world::check_connections() {
  for (auto* x : nodes_)
    for (auto* y : nodes_)
      if (x < y) {
        auto count = net_.between(*x, *y).size();
        if (count > 1 || x->connected(*y) != y->connected(*x)
            || x->connected(*y) != (count == 1))
          fail(x->name() + " and " + y->name() + " have "
               + std::to_string(count) + " connections");
      }
}

void random_world::check_bounds(const node& x) {
  std::map<std::pair<std::string, std::string>, std::size_t> held;
  for (const auto& got : x.all_received())
    if (got.held)
      held[{got.from, got.text.substr(0, got.text.find('>'))}] +=
        got.text.size();
  for (const auto& [from, size] : held)
    if (size > 2 * x.settings.window + x.settings.max_message)
      fail(x.name() + " holds " + std::to_string(size) + " bytes of "
           + from.second);
}

// -- chance
// --------------------------------------------------------------------

duration random_world::up_to(duration most) {
  return duration{static_cast<std::int64_t>(
    random_.below(static_cast<std::uint64_t>(most.count()) + 1))};
}

node& random_world::any_node() {
  return *nodes_[random_.below(nodes_.size())];
}

} // namespace simulation
