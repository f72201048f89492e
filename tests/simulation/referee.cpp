#include "referee.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <node_proxy/protocol/delivery/outbox.hpp>
#include <node_proxy/protocol/delivery/stranger_budget.hpp>
#include <node_proxy/protocol/delivery/window_shares.hpp>
#include <node_proxy/protocol/wire/address_kind.hpp>
#include <node_proxy/protocol/wire/address_range.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

namespace simulation {

namespace {

/// Reasons that honest nodes have to end a connection.
constexpr std::array<std::string_view, 14> honest_reasons{"lost",
                                                          "dead_peer",
                                                          "handshake_timeout",
                                                          "first_frame_timeout",
                                                          "idle",
                                                          "shutdown",
                                                          "shutting_down",
                                                          "goodbye_timeout",
                                                          "superseded",
                                                          "displaced",
                                                          "denied",
                                                          "over_capacity",
                                                          "limit",
                                                          "noise_failed"};

/// Connections that two nodes may have at a time: those that come to their end
/// (`max_links` of the peer), one more that just came, and one that is
/// dialled.
constexpr std::size_t max_links = 10;

/// Attempts to connect with one node in a second, on average. Delays are drawn
/// from a range that begins at 0, and a clash dials at once.
constexpr std::uint64_t max_attempts = 40;

/// Channels between two nodes: each of the engines in both orders.
constexpr std::size_t channels = 10;

std::string in_ms(duration time) {
  return std::to_string(time / 1ms) + " ms";
}

bool is(const std::optional<send_failure>& outcome, send_error error) {
  return outcome && outcome->error == error;
}

/// Whether there is no room for the adverts of all.
bool forgets_adverts(const node& x) {
  return x.memory_bounds().adverts_kept.unheld < advert_book_limits{}.unheld;
}

/// Of what is larger nothing is promised: its receiver may be a stranger.
std::size_t max_size_for_strangers(const peer_settings& settings) {
  stranger_backlog any{receive_budget{settings}.strangers()};
  any.set_counts(true);
  return any.max_size() - outbox::memory_overhead;
}

} // namespace

// -- what the simulation does -------------------------------------------------

void referee::handle_sent(sent_message msg) {
  by_token_[{msg.from, msg.token}] = sent_.size();
  if (msg.reliable) {
    auto& x = waiting_[{msg.from, msg.to}];
    x.bytes += msg.text.size();
    ++x.messages;
  }
  sent_.push_back(std::move(msg));
}

void referee::handle_restart(const node& x) {
  for (auto& [nodes, waits] : waiting_)
    if (nodes.first == &x)
      waits = {};
  for (auto& [nodes, known] : acquaintances_) {
    if (nodes.first != &x)
      continue;
    known.told = known.to_forget = false;
    // Its Router had not heard of those, so that they are not on disk.
    std::erase_if(known.dials, [&](steady_time at) {
      return net_.now().steady - at <= x.mailbox_delay;
    });
  }
  for (auto& [nodes, belief] : beliefs_) {
    if (nodes.first != &x && nodes.second != &x)
      continue;
    (nodes.first == &x ? belief.first : belief.second) = false;
    belief.disagree_since.reset();
    note_agreement(belief);
  }
}

void referee::handle_forget(const node& x, const node& other) {
  auto& known = acquaintances_[{&x, other.id()}];
  known.told = false;
  known.to_forget = true;
}

void referee::handle_denial(const node& x, const node& y) {
  denied_.insert({&x, &y});
  denied_.insert({&y, &x});
}

// -- observer -----------------------------------------------------------------

void referee::handle_received(const node& at, const received& msg) {
  auto index = std::size_t{0};
  if (msg.text.starts_with('#'))
    index = std::stoul(msg.text.substr(1));
  if (index >= sent_.size() || sent_[index].text != msg.text
      || sent_[index].to != &at || sent_[index].from->name() != msg.from)
    return fail("got \"" + msg.text.substr(0, 20) + "\" of "
                  + std::to_string(msg.text.size())
                  + " bytes, which was not sent to it",
                at);
  auto& x = sent_[index];
  auto name = "#" + std::to_string(index);
  if (!x.outcomes.empty()
      && is(x.outcomes.front(), send_error::unconfirmed) == false)
    fail(name + " arrived after its outcome was told", at, x.from);
  if (!x.reliable && !x.arrivals.empty())
    fail(name + " is unreliable and arrived twice", at, x.from);
  x.arrivals.push_back(at.all_received().size() - 1);
  if (!x.reliable)
    return;
  auto& before = last_[{x.from, x.incarnation, &at, at.incarnation(),
                        msg.losses, msg.engine, x.ordering}];
  if (index + 1 <= before)
    fail(name + " arrived after #" + std::to_string(before - 1), at, x.from);
  before = index + 1;
}

void referee::handle_outcome(const node& from, send_token token,
                             const std::optional<send_failure>& outcome) {
  auto& msg = sent_.at(by_token_.at({&from, token}));
  if (msg.outcomes.empty() && msg.reliable) {
    auto& x = waiting_[{msg.from, msg.to}];
    x.bytes -= msg.text.size();
    --x.messages;
  }
  msg.outcomes.push_back(outcome);
  check_outcome(msg, outcome);
}

void referee::handle_connected(const node& at, const node_id& other, bool is) {
  auto found = net_.find(other);
  if (!found)
    return;
  const auto& peer = *found;
  auto nodes = pair_of(at, peer);
  auto& x = beliefs_[nodes];
  auto& mine = nodes.first == &at ? x.first : x.second;
  if (mine == is)
    fail(is ? "connects twice" : "disconnects twice", at, &peer);
  check_disagreement(nodes, x);
  mine = is;
  x.losses += !is;
  if (is)
    epochs_[&at].insert(serving_.at({&at, other}));
  note_agreement(x);
}

/// Who is not connected says nothing but what may lead to a connection, lest
/// the other one take it for a sign of life.
void referee::handle_written(const node& at, const node_id& other,
                             duration age) {
  auto found = net_.find(other);
  if (!found)
    return;
  const auto& peer = *found;
  auto nodes = pair_of(at, peer);
  const auto& x = beliefs_[nodes];
  auto connected = nodes.first == &at ? x.first : x.second;
  if (!connected && age > at.settings.handshake_timeout + at.mailbox_time())
    fail("writes on a connection that it has given up", at, &peer);
}

void referee::handle_resumed(const node& at, const node_id& other,
                             std::uint64_t resent) {
  resent_[{&at, &net_.at(net_.name_of(other))}] += resent;
}

void referee::handle_key_shared(const node& at, const node_id& other) {
  fail("finds that a key is shared, which no two nodes do here", at,
       net_.find(other));
}

/// Numbers of an epoch that was in use go on or, without what is needed for
/// that, never come again.
void referee::handle_served(const node& at, const serve_peer& peer) {
  const auto& record = peer.record;
  serving_[{&at, peer.id}] = record.epoch;
  if (epochs_[&at].contains(record.epoch) && !record.last_established)
    fail("begins the numbers of an epoch anew", at, net_.find(peer.id));
  if (at.serves(twin_of(peer.id)))
    fail("serves two ids of one key", at, net_.find(peer.id));
}

void referee::handle_learned(const node& at, const node_advert& advert) {
  auto& known = versions_[{&at, at.incarnation(), advert.id}];
  auto may_forget =
    forgets_adverts(at) || acquaintances_[{&at, advert.id}].to_forget;
  if (advert.version <= known && !may_forget)
    fail("takes version " + std::to_string(advert.version)
           + " of an advert for newer than " + std::to_string(known),
         at, &net_.at(net_.name_of(advert.id)));
  known = std::max(known, advert.version);
}

/// Never more at once than there may be, nor for strangers than they have
/// earned, and nowhere but where that is allowed.
void referee::handle_dial(const node& at, const node_id& other,
                          const transport_address& to, peer_standing standing) {
  auto* peer = net_.find(other);
  const auto& budget = at.dials();
  if (budget.under_way() > at.max_dials)
    fail("has " + std::to_string(budget.under_way()) + " dials under way", at,
         peer);
  auto part =
    std::max<std::size_t>(at.max_dials / dial_budget::strangers_part, 1);
  if (budget.for_strangers() > part)
    fail("has " + std::to_string(budget.for_strangers())
           + " dials under way for strangers",
         at, peer);
  auto& x = acquaintances_[{&at, other}];
  if (is_stranger(standing))
    x.dials.push_back(net_.now().steady);
  if (x.dials.size() > x.meetings + x.wishes)
    fail("dials a stranger more often than it has met it", at, peer);
  if (peer)
    check_dialled(at, *peer, to, x);
  else
    fail("dials somebody who never said where he is", at);
}

void referee::check_dialled(const node& at, const node& other,
                            const transport_address& to,
                            const acquaintance& x) {
  if (std::ranges::find(x.introduced, to) != x.introduced.end())
    return;
  const auto& host = *host_of(to);
  auto is_met = x.meetings > 0 && host == other.address().ip;
  auto is_named = std::ranges::any_of(x.introduced, [&](const auto& y) {
    if (auto name = std::get_if<dns_addr>(&y))
      return name->port == port_of(to) && stands_for(name->name, host);
    return *host_of(y) == host;
  });
  auto is_allowed =
    std::ranges::any_of(at.settings.dial_ranges, [&](const ip_range& range) {
      return contains(range, host);
    });
  if (!is_met && !is_named && !is_allowed && kind_of(host) != host_kind::global)
    fail("dials " + to_string(to) + " because it was told so", at, &other);
}

/// Never more at once than there may be, be it that nobody waits any more.
void referee::handle_lookup(const node& at, peer_standing standing,
                            bool begins) {
  auto& all = lookups_[{&at, at.incarnation()}];
  if (!begins) {
    all.erase(all.find(standing));
    return;
  }
  all.insert(standing);
  auto for_strangers =
    static_cast<std::size_t>(std::ranges::count_if(all, is_stranger));
  if (all.size() > lookup_budget::max
      || for_strangers > lookup_budget::max_for_strangers)
    fail("looks up " + std::to_string(all.size()) + " names at once, "
           + std::to_string(for_strangers) + " for strangers",
         at);
}

/// Whether a name leads to a host.
bool referee::stands_for(const std::string& name,
                         const ip_address& host) const {
  auto known = net_.names.find(name);
  return known != net_.names.end()
         && std::ranges::find(known->second, host) != known->second.end();
}

void referee::handle_meeting(const node& at, const node_id& other) {
  ++acquaintances_[{&at, other}].meetings;
}

void referee::handle_wish(const node& at, const node_id& other) {
  ++acquaintances_[{&at, other}].wishes;
}

void referee::handle_introduced(const node& at, const node_advert& advert) {
  auto& known = acquaintances_[{&at, advert.id}];
  known.told = true;
  for (const auto& x : advert.addrs)
    known.introduced.push_back(canonical(x.address));
}

// -- checks -------------------------------------------------------------------

bool referee::settled() const {
  return std::ranges::none_of(sent_, &sent_message::pending);
}

void referee::check_bounds(const std::vector<node*>& nodes) {
  for (const auto& [pair, waits] : waiting_) {
    const auto& settings = pair.first->settings;
    // What is still in a mailbox has not been taken in.
    if (pair.first->mailbox_delay > 0s)
      continue;
    if (waits.bytes + waits.messages * outbox::memory_overhead
        > settings.outbox_bytes + channels * (settings.outbox_bytes / 128))
      fail("has taken in " + std::to_string(waits.messages) + " messages of "
             + std::to_string(waits.bytes) + " bytes",
           *pair.first, pair.second);
  }
  for (auto* x : nodes) {
    check_held(*x);
    check_directory(*x);
    for (auto* y : nodes)
      if (auto count = x->links(*y); count > max_links)
        fail("has " + std::to_string(count) + " connections", *x, y);
  }
}

/// Bytes that engines were given and did not take: of the sender's present
/// numbers as much as all windows permit, and unreliable ones; of earlier ones
/// (the sender has restarted) as much once more, and what the one of them
/// brought that went over it.
void referee::check_held(const node& x) {
  std::map<const node*, std::map<unsigned, std::size_t>> held;
  for (const auto& got : x.all_received())
    if (got.held) {
      const auto& msg = sent_[std::stoul(got.text.substr(1))];
      held[msg.from][msg.incarnation] += got.text.size();
    }
  auto most = 2 * x.settings.window + x.settings.large_window
              + channels * x.settings.channel_window;
  for (const auto& [from, incarnations] : held) {
    std::size_t all = 0;
    for (const auto& [incarnation, bytes] : incarnations) {
      all += bytes;
      if (bytes > most)
        fail("holds " + std::to_string(bytes) + " bytes", x, from);
    }
    if (all > 3 * most)
      fail("holds " + std::to_string(all) + " bytes of several lives", x, from);
  }
}

/// What a node knows of others does not grow with their number.
void referee::check_directory(node& x) {
  if (!x.running())
    return;
  const auto& known = x.directory();
  if (auto count = known.guests(); count > 2 * x.rules.max_peers)
    fail("serves " + std::to_string(count) + " guests", x);
  // Whoever was told of a record finds it while its request is open.
  if (auto count = x.records();
      count > x.memory_bounds().peers_kept.records + x.unproven())
    fail("remembers " + std::to_string(count) + " peers", x);
  // Whoever is, or was, named by a policy is no stranger.
  auto named = std::ranges::count(denied_, &x, &node_pair::first);
  auto held = x.served() + x.disk().permanent_peers.size()
              + static_cast<std::size_t>(named);
  if (auto count = known.adverts().size();
      count > x.memory_bounds().adverts_kept.unheld + held)
    fail("knows " + std::to_string(count) + " adverts", x);
  if (forgets_adverts(x))
    return;
  for (const auto& [nodes, other] : acquaintances_)
    if (nodes.first == &x && other.told && !known.adverts().find(nodes.second))
      fail("has forgotten whom it was told of", x, net_.find(nodes.second));
}

/// Permanent peers are dialled, and adverts are known.
void referee::check_restored(const node& x, const stored_state& disk) {
  for (const auto& id : disk.permanent_peers)
    if (!x.serves(id) && x.rules.admission.allows(id))
      fail("does not dial a permanent peer again", x, net_.find(id));
  for (const auto& known : disk.nodes) {
    const auto& id = known.advert.id;
    if (x.directory().adverts().version(id) < known.advert.version
        && disk.nodes.size() <= x.rules.adverts_kept.unheld)
      fail("forgets an advert with its process", x, net_.find(id));
  }
}

void referee::check_answered(const node& x) {
  for (const auto& msg : sent_)
    if (msg.from == &x && msg.pending())
      fail(msg.text.substr(0, msg.text.find(' '))
             + " has no outcome after the shutdown",
           x, msg.to);
}

/// Who reaches somebody else does not get through the handshake.
void referee::check_wrong_numbers(const std::vector<node*>& nodes) {
  std::uint64_t made = 0;
  std::uint64_t refused = 0;
  for (auto* x : nodes) {
    made += x->wrong_numbers();
    refused += x->count("noise_failed");
  }
  if (refused > made)
    fail("refused " + std::to_string(refused - made) + " good handshakes",
         *nodes.front());
}

void referee::check_end(const std::vector<node*>& nodes) {
  for (const auto& msg : sent_)
    check_delivered(msg);
  auto seconds =
    static_cast<std::uint64_t>((net_.now().steady - begun_) / 1s) + 10;
  check_wrong_numbers(nodes);
  for (auto* x : nodes) {
    if (auto count = x->unreadable(); count > 0)
      fail("could not read " + std::to_string(count) + " messages", *x);
    for (const auto& [reason, count] : x->ends())
      if (std::ranges::find(honest_reasons, reason) == honest_reasons.end())
        fail("ended " + std::to_string(count) + " connections for " + reason,
             *x);
    // What peers may have outstanding is given back with them.
    receive_budget all{x->settings};
    if (auto free = x->budget().free(); x->at_rest() && free != all.free())
      fail("has " + std::to_string(free) + " bytes of its budget at the end",
           *x);
    auto& strangers = *x->budget().strangers();
    if (x->at_rest()
        && (strangers.free() != all.strangers()->free()
            || strangers.waiting() != 0))
      fail("counts memory of strangers that have gone", *x);
    if (x->attempts() > max_attempts * seconds * (nodes.size() - 1))
      fail("dialled " + std::to_string(x->attempts()) + " times", *x);
    for (auto* y : nodes)
      if (x < y)
        check_links(*x, *y);
  }
  for (const auto& [pair, x] : beliefs_)
    check_disagreement(pair, x);
}

std::uint64_t referee::losses(const node& x, const node& y) const {
  auto position = beliefs_.find(pair_of(x, y));
  return position != beliefs_.end() ? position->second.losses : 0;
}

std::uint64_t referee::resent(const node& x, const node& y) const {
  auto position = resent_.find({&x, &y});
  return position != resent_.end() ? position->second : 0;
}

void referee::fail(std::string what, const node& x, const node* y) {
  net_.log("failure:", x.name() + (y ? "/" + y->name() : "") + " " + what);
  failures_.push_back({std::move(what), x.name(), y ? y->name() : ""});
}

// -- private ------------------------------------------------------------------

referee::node_pair referee::pair_of(const node& x, const node& y) {
  return x.id() < y.id() ? node_pair{&x, &y} : node_pair{&y, &x};
}

void referee::note_agreement(belief& x) const {
  if (x.first == x.second)
    x.disagree_since.reset();
  else if (!x.disagree_since)
    x.disagree_since = net_.now().steady;
}

/// Two nodes whose clocks run may disagree only for as long as it takes to see
/// that the other one is silent. Who is connected may hear of the other one
/// still: what was under way, or a further attempt that got through one way.
void referee::check_disagreement(const node_pair& nodes, const belief& x) {
  if (!x.disagree_since)
    return;
  const auto& connected = x.first ? *nodes.first : *nodes.second;
  const auto& other = x.first ? *nodes.second : *nodes.first;
  auto since = std::max(*x.disagree_since, connected.last_heard(other));
  auto limit = connected.settings.dead_peer_limit + connected.mailbox_time();
  if (auto time = net_.now().steady - since; time > limit)
    fail("did not agree whether they are connected, for " + in_ms(time - limit)
           + " too long",
         *nodes.first, nodes.second);
}

/// What the sender is told is true.
void referee::check_outcome(const sent_message& msg,
                            const std::optional<send_failure>& outcome) {
  auto name = msg.text.substr(0, msg.text.find(' '));
  auto now = net_.now();
  if (msg.outcomes.size() > 1)
    fail(name + " has two outcomes", *msg.from, msg.to);
  auto taken = std::ranges::any_of(msg.arrivals, [&](std::size_t i) {
    return msg.to->all_received()[i].taken;
  });
  if (!outcome && !taken)
    fail(name + " is said to be delivered and was not taken", *msg.from,
         msg.to);
  if (outcome && outcome->error != send_error::unconfirmed
      && !msg.arrivals.empty())
    fail(name + " arrived and is said to be "
           + std::string{to_string(outcome->error)},
         *msg.from, msg.to);
  if (msg.expires && now.steady > *msg.expires + msg.from->mailbox_time())
    fail(name + " has its outcome " + in_ms(now.steady - *msg.expires)
           + " after it expired",
         *msg.from, msg.to);
  auto expired =
    is(outcome, send_error::expired)
    || (outcome && outcome->cause == send_failure::unconfirmed_cause::expired);
  auto due = (msg.expires && now.steady >= *msg.expires)
             || (msg.expires_by_wall && now.wall >= *msg.expires_by_wall);
  if (expired && !due)
    fail(name + " is said to be expired and is not", *msg.from, msg.to);
}

/// A message that cannot expire is delivered, if its sender lives on and
/// nothing definite speaks against it.
void referee::check_delivered(const sent_message& msg) {
  if (msg.pending())
    return fail(msg.text.substr(0, msg.text.find(' ')) + " has no outcome",
                *msg.from, msg.to);
  if (msg.incarnation != msg.from->incarnation() || !msg.reliable
      || !msg.lasting() || denied_.contains({msg.from, msg.to}))
    return;
  const auto& outcome = msg.outcomes.front();
  // Its encoding takes a little more than the text.
  auto size = msg.text.size() + 100;
  auto too_large = size > msg.to->settings.max_message
                   || size > max_size_for_strangers(msg.from->settings);
  if (is(outcome, send_error::outbox_full)
      || is(outcome, send_error::unknown_node)
      || (too_large && outcome
          && outcome->cause != send_failure::unconfirmed_cause::expired))
    return;
  auto ok =
    msg.known_engine ? !outcome : is(outcome, send_error::unknown_engine);
  if (!ok)
    fail(msg.text.substr(0, msg.text.find(' ')) + " has the outcome "
           + (outcome ? std::string{to_string(outcome->error)} : "delivered"),
         *msg.from, msg.to);
}

void referee::check_links(const node& x, const node& y) {
  auto count = net_.between(x, y).size();
  auto belief = beliefs_[pair_of(x, y)];
  if (count > 1 || belief.first != belief.second
      || belief.first != (count == 1))
    fail("have " + std::to_string(count) + " connections", x, &y);
}

} // namespace simulation
