#include "stage.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include <node_proxy/protocol/wire/address_text.hpp>

#include "support/octets.hpp"

namespace simulation {

namespace {

/// Where nobody is to be sent by whoever says that he is there. None of them
/// leads anywhere here, nor does the last one, at which anybody may be.
constexpr std::array<std::string_view, 10> nowhere{
  "tcp://127.0.0.1:22",        "tcp://192.168.0.1:80",
  "tcp://169.254.169.254:80",  "tcp://224.0.0.1:1",
  "tcp://255.255.255.255:1",   "tcp://0.0.0.0:22",
  "tcp://198.51.100.1:1",      "tcp://[::ffff:127.0.0.1]:22",
  "tcp://[2002:7f00:1::1]:22", "tcp://1.1.1.1:1"};

/// The name of a host that belongs to somebody hostile, and leads to where
/// nobody is to be sent, and to others.
constexpr auto hostile_name = "hostile.test";
constexpr std::array<std::string_view, 7> hostile_hosts{
  "127.0.0.1",        "169.254.169.254", "10.0.0.0", "10.0.0.1",
  "::ffff:127.0.0.1", "0.0.0.0",         "224.0.0.1"};

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

stage::stage(std::uint64_t seed)
  : random(test::seeded(seed)), net(seed), judge(net) {
  for (auto host : hostile_hosts)
    net.names[hostile_name].push_back(*parse_ip_address(host));
}

// -- what nodes do ------------------------------------------------------------

/// @returns its place among all messages.
std::size_t stage::send_one(node& from, node& to, std::string_view engine,
                            std::size_t size) {
  send_options options;
  if (!quiet && chance(20))
    options.expiry = rel_time{random.below(4)};
  else if (!quiet && chance(5))
    options.expiry = abs_time{net.now().minute().minutes + 1};
  if (!quiet && chance(15))
    options.reliability = transport_reliability::unreliable;
  if (chance(20))
    options.ordering = transport_ordering::unordered;
  return send_one(from, to, engine, size, options);
}

std::size_t stage::send_one(node& from, node& to, std::string_view engine,
                            std::size_t size, const send_options& options) {
  auto index = judge.sent().size();
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
      net.now().steady
      + std::chrono::seconds{std::get<rel_time>(options.expiry).seconds};
  auto text = msg.text;
  judge.handle_sent(std::move(msg));
  from.send(to, engine, text, options);
  return index;
}

/// Connects the two, whoever of them dials.
void stage::connect(node& x, node& y) {
  auto first = chance(50);
  (first ? x : y).connect(first ? y : x);
  wait_until([&] { return x.connected(y) && y.connected(x); }, 3s,
             "do not connect", x, y);
}

/// Connects the two by a dial of x, who keeps the connection.
void stage::connect_permanently(node& x, node& y) {
  x.set_permanent(y);
  wait_until([&] { return x.connected(y) && y.connected(x); }, 3s,
             "do not connect", x, y);
}

/// `x` ends without a word and is there again at once.
void stage::revive(node& x) {
  x.crash(true);
  judge.handle_restart(x);
  x.start();
  judge.handle_restart(x);
  adverts.push_back(x.advert());
}

/// `x` begins anew, and remembers as much as any node does.
void stage::give_memory(node& x) {
  auto before = std::exchange(x.rules.peers_kept, {});
  auto adverts_before = std::exchange(x.rules.adverts_kept, {});
  if (before.lifetime < peer_book_limits{}.lifetime
      || adverts_before.unheld < advert_book_limits{}.unheld)
    revive(x);
}

void stage::issue_advert(node& x, std::uint64_t version) {
  if (!quiet && chance(30))
    x.reached_at = some_addresses(x);
  x.issue_advert(version);
  adverts.push_back(x.advert());
}

/// `x` learns that `y` is to be reached in this way.
void stage::name_addresses(node& x, node& y,
                           std::vector<transport_address> of_y) {
  y.reached_at = std::move(of_y);
  x.forget_addresses(y);
  // The other one may know a newer one of an earlier life.
  issue_advert(y, std::max(y.advert().version, x.known_version(y)) + 1);
  net.introduce(x, y);
}

/// Often only the best one; else also addresses that are slow, lead nowhere, or
/// to somebody else. All of them are tried at once.
std::vector<transport_address> stage::some_addresses(const node& x) {
  std::vector<transport_address> result{x.address()};
  if (chance(20))
    result.front() = x.named_address();
  if (chance(60))
    return result;
  constexpr std::array others{route::slow, route::refusing, route::silent,
                              route::mute};
  for (auto n = 1 + random.below(dialler::max_attempts - 1); n > 0; --n) {
    auto kind = random.below(others.size() + 3);
    transport_address added =
      kind < others.size() ? x.address(others[kind]) : any_node().address();
    if (kind == others.size() + 1)
      added = parse_address(nowhere[random.below(nowhere.size())]).value();
    else if (kind > others.size() + 1)
      added = dns_addr{chance(50) ? hostile_name : "unknown.test",
                       any_node().address().port};
    auto place = static_cast<std::ptrdiff_t>(random.below(result.size() + 1));
    result.insert(result.begin() + place, added);
  }
  return result;
}

// -- what their network does --------------------------------------------------

/// From now on each dial succeeds after this time.
void stage::answer_dials(duration after) {
  net.dial_delay = [after](const stream_user&, const node&) {
    return after;
  };
}

/// From now on all connections are alike, messages within a node take no time,
/// and nothing is under way.
void stage::make_equal_ways(duration dial, duration latency) {
  answer_dials(dial);
  net.prepare = [latency](connection_id, connection& c) {
    for (auto& way : c.directions)
      way.latency = latency;
  };
  for (auto* x : nodes)
    x->mailbox_delay = 0s;
  net.run_for(3s); // delays between attempts are over
  await_idleness();
}

/// Cuts what there is between the two; both have noticed on return.
void stage::cut_all(const node& x, const node& y) {
  for (auto id : net.between(x, y))
    net.cut(id);
  net.run_for(0s);
}

/// Cuts a connection such that only `x` notices.
void stage::cut_for(const node& x, connection_id id) {
  auto dialled = side_of(x, id) == 0;
  std::optional<duration> at_once{0};
  net.cut(id,
          {dialled ? at_once : std::nullopt, dialled ? std::nullopt : at_once});
}

/// Which end of a connection `x` has: the dialler's is 0.
std::size_t stage::side_of(const node& x, connection_id id) {
  return net.at(id).ends[0].user == &x ? 0 : 1;
}

// -- what has to follow -------------------------------------------------------

bool stage::wait_until(const std::function<bool()>& done, duration limit,
                       std::string_view what, node& x, node& y) {
  auto result = net.run_until(done, limit);
  if (!result)
    judge.fail(std::string{what}, x, &y);
  return result;
}

/// When nothing is left to be said, all connections are closed, and whoever
/// was connected takes no more memory than a record.
void stage::await_idleness() {
  auto at_rest = [this] {
    return net.connections().empty()
           && std::ranges::all_of(nodes, &node::at_rest);
  };
  if (!net.run_until(at_rest, 30s))
    for (auto* x : nodes)
      if (!x->at_rest())
        judge.fail("does not come to rest", *x);
  // Those who retire are told so.
  for (auto* x : nodes)
    net.run_for(x->mailbox_delay);
  for (auto* x : nodes)
    for (auto* y : nodes)
      if (x < y && !net.between(*x, *y).empty())
        judge.fail("stay connected with nothing to say", *x, y);
}

/// Messages go both ways without delay.
void stage::check_contact(node& x, node& y) {
  send_one(x, y, "now", 100);
  send_one(y, x, "now", 100);
  wait_until([this] { return judge.settled(); }, soon, "do not answer in time",
             x, y);
}

// -- chance -------------------------------------------------------------------

duration stage::up_to(duration most) {
  return duration{static_cast<std::int64_t>(
    random.below(static_cast<std::uint64_t>(most.count()) + 1))};
}

node& stage::any_node() {
  return *nodes[random.below(nodes.size())];
}

} // namespace simulation
