#include "node.hpp"

#include <algorithm>
#include <utility>

#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/wire/advert.hpp>

#include "network.hpp"
#include "support/octets.hpp"

namespace simulation {

namespace {

/// What a sent or received text looks like in a transcript.
std::string shown(std::string_view text) {
  if (text.size() <= 40)
    return "\"" + std::string{text} + "\"";
  return "(" + std::to_string(text.size()) + " bytes)";
}

std::string text_of(const std::optional<send_failure>& failure) {
  if (!failure)
    return "delivered";
  std::string result{to_string(failure->error)};
  if (failure->cause != send_failure::unconfirmed_cause::none)
    result += "(" + std::string{to_string(failure->cause)} + ")";
  return result;
}

} // namespace

node::node(network& net, std::string name, std::size_t index,
           std::uint64_t seed, const peer_settings& peer_settings,
           std::shared_ptr<const identity> self)
  : settings(peer_settings), net_(net), name_(std::move(name)), owner_(index),
    self_(std::move(self)), random_(test::seeded(seed * 1'000 + index)) {
  reached_at = {address()};
  issue_advert(1);
}

tcp_addr node::address(route kind) const {
  return {ipv4{{std::byte{10}, std::byte{0}, std::byte(owner_ >> 8),
                std::byte(owner_ & 0xff)}},
          static_cast<std::uint16_t>(4000 + static_cast<unsigned>(kind))};
}

// -- what a test does
// ------------------------------------------------------------

send_token node::send(const node& to, std::string_view engine,
                      std::string_view text, const send_options& options) {
  node_out_msg msg;
  msg.prefs.reliability = options.reliability;
  msg.expiry = options.expiry;
  msg.msg.sender = {id(), "test"};
  msg.msg.target = {to.id(), std::string{engine}};
  msg.msg.msg = to_bytes(text);
  return send(to.id(), msg);
}

send_token node::send(const node_id& to, const node_out_msg& msg) {
  auto token = ++last_token_;
  outcomes_[token];
  with_peer(to, [&](peer& x) { x.handle_send(token, msg, net_.now()); });
  return token;
}

void node::connect(const node& to) {
  with_peer(to.id(), [&](peer& x) { x.handle_connect(net_.now()); });
}

void node::set_permanent(const node& to, bool permanent) {
  with_peer(to.id(), [&](peer& x) {
    x.handle_permanence(permanent ? connection_permanence::permanent
                                  : connection_permanence::ephemeral,
                        net_.now());
  });
}

void node::handle_advert(const node_advert& advert) {
  if (auto& known = adverts_[advert.id]; advert.version > known.version)
    known = advert;
  // A peer has to see by itself that it knows a newer one.
  if (peers_.contains(advert.id))
    with_peer(advert.id, [&](peer& x) {
      static_cast<void>(x.handle_introduction(advert, net_.now()));
    });
  else
    addresses_[advert.id].handle_introduction(advert);
}

void node::issue_advert(std::uint64_t version) {
  node_advert advert;
  for (auto weight = reached_at.size(); const auto& x : reached_at)
    advert.addrs.push_back({x, weight--});
  advert.version = version;
  advert.created = net_.now().minute();
  static_cast<void>(sign_advert(*self_, advert));
  advert_ = std::make_shared<const node_advert>(std::move(advert));
  for (auto& [id, x] : peers_)
    net_.schedule(0s, owner_, [this, other = id] {
      if (peers_.contains(other))
        with_peer(other,
                  [&](peer& y) { y.handle_local_advert(advert_, net_.now()); });
    });
}

void node::add_engine(std::string_view engine, std::optional<duration> delay) {
  engines_[std::string{engine}] = {delay};
}

void node::take(std::string_view engine,
                std::optional<control::reject_reason> reason) {
  for (std::size_t i = 0; i < received_.size(); ++i)
    if (auto& x = received_[i]; x.engine == engine && x.held) {
      finish(i, reason);
      return;
    }
}

void node::take_all() {
  for (auto& [name, x] : engines_)
    x.delay = duration{0};
  for (std::size_t i = 0; i < received_.size(); ++i)
    if (received_[i].held)
      finish(i, std::nullopt);
}

void node::restart() {
  crash();
  start();
}

void node::crash(bool host) {
  running_ = false;
  for (auto& [id, x] : std::exchange(streams_, {})) {
    if (host)
      for (auto& way : net_.at(id).directions)
        way.hole = true;
    else
      net_.cut(id);
    net_.close(id, *this);
  }
  for (auto i = peers_.begin(); i != peers_.end();)
    i = forget(i);
  memory = peer_book{memory_limits};
  remembered_.clear();
  for (auto& x : received_)
    x.held = false;
  held_bytes_ = 0;
}

void node::start() {
  running_ = true;
  stopping_ = false;
  ++incarnation_;
}

void node::stop(duration at_most) {
  stopping_ = true;
  shut_down(at_most);
}

void node::shut_down(duration at_most) {
  for (const auto& other : ids_of_peers())
    with_peer(other, [&](peer& x) {
      x.handle_shutdown(net_.now().steady + at_most, net_.now());
    });
}

// -- what a test may look at
// -----------------------------------------------------

peer* node::peer_of(const node& other) {
  auto position = peers_.find(other.id());
  return position != peers_.end() ? &position->second.machine : nullptr;
}

bool node::remembers(const node& other) {
  return memory.find(other.id(), net_.now().steady) != nullptr;
}

bool node::connected(const node& other) {
  auto x = peer_of(other);
  return x && x->connected();
}

steady_time node::last_heard(const node& other) const {
  auto position = heard_.find(other.id());
  return position != heard_.end() ? position->second : steady_time{};
}

std::uint64_t node::known_version(const node& other) const {
  auto position = adverts_.find(other.id());
  return position != adverts_.end() ? position->second.version : 0;
}

std::size_t node::links(const node& other) const {
  auto is_link = [&other](const auto& x) {
    auto user = std::get_if<node_id>(&x.second.user);
    return user && *user == other.id();
  };
  return static_cast<std::size_t>(std::ranges::count_if(streams_, is_link));
}

std::string node::outcome(send_token token) const {
  const auto& all = outcomes_.at(token);
  if (all.empty())
    return "pending";
  std::string result;
  for (const auto& x : all)
    result += (result.empty() ? "" : " and ") + text_of(x);
  return result;
}

std::string node::texts(std::string_view engine) const {
  std::string result;
  for (const auto& x : received_)
    if (x.engine == engine)
      result += (result.empty() ? "" : " ") + x.text;
  return result;
}

node::reason_counts node::ends() const {
  auto result = other_ends_;
  for (const auto& [id, x] : peers_)
    for (const auto& [reason, count] : x.machine.metrics().ends)
      result[std::string{reason}] += count;
  return result;
}

std::uint64_t node::count(std::string_view reason) const {
  auto all = ends();
  auto position = all.find(reason);
  return position != all.end() ? position->second : 0;
}

std::uint64_t node::attempts() const {
  auto result = other_attempts_;
  for (const auto& [id, x] : peers_)
    result += x.machine.metrics().attempts;
  return result;
}

std::uint64_t node::unreadable() const {
  auto result = other_rejects_;
  for (const auto& [id, x] : peers_)
    result += x.machine.metrics().messages_rejected;
  return result - engine_rejects_;
}

// -- peers
// -----------------------------------------------------------------------

std::vector<node_id> node::ids_of_peers() const {
  std::vector<node_id> result;
  for (const auto& [id, x] : peers_)
    result.push_back(id);
  return result;
}

std::map<node_id, node::remote>::iterator
node::forget(std::map<node_id, remote>::iterator position) {
  auto& x = position->second;
  if (x.timer)
    net_.cancel(*x.timer);
  for (const auto& [reason, count] : x.machine.metrics().ends)
    other_ends_[std::string{reason}] += count;
  other_rejects_ += x.machine.metrics().messages_rejected;
  other_attempts_ += x.machine.metrics().attempts;
  return peers_.erase(position);
}

node::remote& node::make_peer(const node_id& other) {
  if (auto position = peers_.find(other); position != peers_.end())
    return position->second;
  if (auto record = recall(other))
    return make_peer(other, *record);
  return make_peer(other, peer_record{random_.next_u64()});
}

/// What is remembered of another node.
std::optional<peer_record> node::recall(const node_id& other) {
  auto record = memory.take(other, net_.now().steady);
  auto known = remembered_.extract(other);
  if (!known.empty() && (!record || (known.mapped() && !record->in))) {
    log(other, "was forgotten");
    ++losses_[other];
    ++rests_.lost;
  }
  return record;
}

/// Nothing is under way with another node.
void node::put_to_rest(std::map<node_id, remote>::iterator position) {
  auto id = position->first;
  if (auto record = position->second.machine.record()) {
    remembered_[id] = record->in.has_value();
    memory.handle_dormant(id, *record, rules.names(id), net_.now().steady);
    ++rests_.remembered;
  } else {
    ++rests_.finished;
  }
  forget(position);
}

node::remote& node::make_peer(const node_id& other, const peer_record& record) {
  peer machine{settings, self_,
               other,    net_.noise_key_of(other),
               record,   random_source{random_.next_key()}};
  machine.handle_local_advert(advert_, net_.now());
  std::uint64_t told = 0;
  if (auto known = adverts_.find(other); known != adverts_.end()) {
    told = known->second.version;
    static_cast<void>(machine.handle_remote_advert(known->second, net_.now()));
    machine.handle_addresses(addresses_[other], net_.now());
  }
  return peers_.emplace(other, remote{std::move(machine), told}).first->second;
}

void node::pump(const node_id& other) {
  if (gathers_)
    return;
  for (auto more = true; more;) {
    auto position = peers_.find(other);
    if (position == peers_.end())
      return;
    auto& machine = position->second.machine;
    more = machine.flush(net_.now());
    while (auto action = machine.poll_action())
      perform(other, *action);
    if (machine.stopped()) {
      forget(position);
      return;
    }
    if (!more && machine.dormant(net_.now())) {
      put_to_rest(position);
      return;
    }
  }
  arm(other);
}

void node::arm(const node_id& other) {
  auto& x = peers_.at(other);
  if (x.timer)
    net_.cancel(*std::exchange(x.timer, std::nullopt));
  auto now = net_.now();
  if (auto at = x.machine.poll_timeout(now))
    x.timer = net_.schedule(std::max(*at - now.steady, duration{0}), owner_,
                            [this, other] { handle_timer(other); });
}

void node::handle_timer(const node_id& other) {
  auto& x = peers_.at(other);
  x.timer.reset();
  auto now = net_.now();
  x.machine.handle_timeout(now);
  pump(other);
  // A deadline that is still there would have us come back at once, for ever.
  if (auto y = peers_.find(other); y != peers_.end())
    if (auto at = y->second.machine.poll_timeout(now); at && *at <= now.steady)
      net_.fail("the timeout of " + name_ + " was handled and is still due");
}

void node::perform(const node_id& other, peer_action& action) {
  if (auto dial = std::get_if<dial_peer>(&action)) {
    log(other, "dial");
    net_.dial(*this, owner_, dial->address,
              [this, other, attempt = dial->id,
               began = incarnation_](std::optional<connection_id> connection) {
                handle_dialled(other, attempt, began, connection);
              });
  } else if (auto transmit = std::get_if<transmit_frames>(&action)) {
    auto& stream = streams_[transmit->connection];
    if (net_.observer)
      net_.observer->handle_written(*this, other,
                                    net_.now().steady - stream.begun);
    net_.write(transmit->connection, *this, std::move(transmit->frames));
  } else if (auto close = std::get_if<close_connection>(&action)) {
    streams_.erase(close->connection);
    net_.close(close->connection, *this);
  } else if (auto delivery = std::get_if<deliver_message>(&action)) {
    deliver(other, *delivery);
  } else if (auto outcome = std::get_if<send_outcome>(&action)) {
    for (std::uint64_t i = 0; i < outcome->count; ++i)
      handle_outcome(other, outcome->token + i, outcome->failure);
  } else if (auto learned = std::get_if<learned_advert>(&action)) {
    log(other, "learned advert " + std::to_string(learned->advert.version));
    if (net_.observer && learned->advert.version > peers_.at(other).told)
      net_.observer->handle_learned(*this, learned->advert);
    auto& known = adverts_[other];
    if (learned->advert.version > known.version)
      known = learned->advert;
  } else if (auto addresses = std::get_if<learned_addresses>(&action)) {
    addresses_[other] = addresses->memory;
  } else if (auto overtaken = std::get_if<overtaken_advert>(&action)) {
    log(other, "overtaken by advert " + std::to_string(overtaken->version));
    if (overtaken->version >= advert_->version)
      issue_advert(overtaken->version + 1);
  } else {
    log_event(other, std::get<peer_event>(action));
  }
}

void node::handle_outcome(const node_id& other, send_token token,
                          const std::optional<send_failure>& failure) {
  outcomes_[token].push_back(failure);
  if (net_.observer)
    net_.observer->handle_outcome(*this, token, failure);
  if (failure)
    log(other, "failed " + std::to_string(token) + " " + text_of(failure));
  else
    log(other, "done " + std::to_string(token));
}

void node::handle_dialled(const node_id& other, attempt_id attempt,
                          unsigned began,
                          std::optional<connection_id> connection) {
  if (connection && !net_.leads_to(*connection, other))
    ++wrong_numbers_;
  if (!running_ || began != incarnation_ || !peers_.contains(other)) {
    if (connection)
      net_.close(*connection, *this);
  } else if (connection) {
    auto& stream = streams_[*connection];
    stream.begun = net_.now().steady;
    stream.user = other;
    with_peer(other, [&](peer& x) {
      x.handle_dialled(attempt, *connection, net_.now());
    });
  } else {
    with_peer(other,
              [&](peer& x) { x.handle_dial_failed(attempt, net_.now()); });
  }
}

// -- engines
// --------------------------------------------------------------------

void node::deliver(const node_id& other, const deliver_message& action) {
  const auto& msg = action.msg;
  auto text = std::string{as_text(msg.msg)};
  auto position = engines_.find(msg.target.name);
  auto index = received_.size();
  if (position == engines_.end()) {
    log(other, "no engine " + msg.target.name);
    net_.schedule(0s, owner_,
                  [this, other, id = action.id, began = incarnation_] {
                    if (began == incarnation_ && peers_.contains(other))
                      reject(other, id, control::reject_reason::unknown_engine);
                  });
    return;
  }
  log(other, "got " + shown(text));
  held_bytes_ += text.size();
  received_.push_back({net_.name_of(*msg.sender.node), other, msg.sender.name,
                       msg.target.name, msg.mailbox, std::move(text), action.id,
                       incarnation_, losses_[other]});
  if (net_.observer)
    net_.observer->handle_received(*this, received_.back());
  if (auto delay = position->second.delay)
    net_.schedule(*delay, owner_, [this, index] {
      if (received_[index].held)
        finish(index, std::nullopt);
    });
}

void node::finish(std::size_t index,
                  std::optional<control::reject_reason> reason) {
  auto& x = received_[index];
  x.held = false;
  x.taken = !reason;
  held_bytes_ -= x.text.size();
  auto from = x.from_id;
  auto id = x.id;
  if (!peers_.contains(from))
    return;
  if (reason)
    reject(from, id, *reason);
  else
    with_peer(
      from, [&](peer& y) { y.handle_finished(id, std::nullopt, net_.now()); });
}

void node::reject(const node_id& other, const delivery_id& id,
                  control::reject_reason reason) {
  ++engine_rejects_;
  with_peer(other, [&](peer& x) { x.handle_finished(id, reason, net_.now()); });
}

void node::log_event(const node_id& other, const peer_event& event) {
  auto ended = std::holds_alternative<peer_disconnected>(event);
  if (net_.observer && (ended || std::holds_alternative<peer_connected>(event)))
    net_.observer->handle_connected(*this, other, !ended);
  if (net_.observer && std::holds_alternative<peer_key_shared>(event))
    net_.observer->handle_key_shared(*this, other);
  auto again = std::get_if<peer_resumed>(&event);
  if (net_.observer && again)
    net_.observer->handle_resumed(*this, other, again->resent);
  if (auto connected = std::get_if<peer_connected>(&event))
    log(other,
        "connected "
          + std::string{connected->role == connection_role::initiator ? "out"
                                                                      : "in"});
  else if (auto resumed = std::get_if<peer_resumed>(&event))
    log(other, "resumed " + std::to_string(resumed->resent));
  else if (auto gone = std::get_if<peer_disconnected>(&event))
    log(other, "disconnected " + std::string{gone->reason});
  else if (auto refused = std::get_if<peer_refused>(&event))
    log(other, "refused " + std::string{to_string(refused->reason)});
  else if (auto shared = std::get_if<peer_key_shared>(&event))
    log(other, shared->is_own ? "own key shared" : "key shared");
  else
    log(other, "unreachable");
}

void node::log(const node_id& other, std::string_view what) {
  net_.log(name_ + "/" + net_.name_of(other), what);
}

} // namespace simulation
