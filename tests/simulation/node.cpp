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
  publish(1);
}

tcp_addr node::address(route kind) const {
  return {ipv4{{std::byte{10}, std::byte{0}, std::byte(owner_ >> 8),
                std::byte(owner_ & 0xff)}},
          static_cast<std::uint16_t>(4000 + static_cast<unsigned>(kind))};
}

dns_addr node::named_address(route kind) const {
  return {"n" + std::to_string(owner_) + ".test", address(kind).port};
}

// -- what a test does ---------------------------------------------------------

send_token node::send(const node& to, std::string_view engine,
                      std::string_view text, const send_options& options) {
  node_out_msg msg;
  msg.prefs.ordering = options.ordering;
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
  if (uses_handle.contains(to))
    send_direct(to, token, msg);
  else
    send_routed(to, token, msg);
  return token;
}

void node::connect(const node& to) {
  if (net_.observer)
    net_.observer->handle_wish(*this, to.id());
  with_peer(to.id(), [this](peer& x) { x.handle_connect(net_.now()); });
}

void node::set_permanent(const node& to, bool permanent) {
  auto permanence = permanent ? connection_permanence::permanent
                              : connection_permanence::ephemeral;
  auto x = find_or_serve(to.id());
  if (!x && permanent)
    return;
  if (x)
    send_to(*x, [this, x = *x, permanence] {
      x->machine.handle_permanence(permanence, net_.now());
    });
  directory_->handle_permanence(to.id(), permanence);
  act();
}

void node::handle_advert(const node_advert& advert) {
  if (net_.observer)
    net_.observer->handle_introduced(*this, advert);
  static_cast<void>(directory_->handle_introduction(advert));
  act();
}

void node::forget_addresses(const node& other) {
  directory_->handle_addresses(other.id(), {});
}

void node::issue_advert(std::uint64_t version) {
  std::vector<weighted_address> addresses;
  for (auto weight = reached_at.size(); const auto& x : reached_at)
    addresses.push_back({x, weight--});
  static_cast<void>(directory_->handle_local_addresses(std::move(addresses),
                                                       version, net_.now()));
  act();
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
  for (const auto& x : all_served())
    end(x);
  handles_.clear();
  end_all_dials();
  for (auto* timer : {&directory_timer_, &unproven_timer_})
    if (auto key = std::exchange(*timer, std::nullopt))
      net_.cancel(*key);
  remembered_.clear();
  for (auto& x : received_)
    x.held = false;
  held_bytes_ = 0;
}

void node::start(std::optional<std::uint64_t> version) {
  running_ = true;
  stopping_ = false;
  ++incarnation_;
  publish(version.value_or(advert().version));
}

void node::stop(duration at_most) {
  stopping_ = true;
  directory_->handle_shutdown();
  shut_down(at_most);
}

void node::shut_down(duration at_most) {
  for (const auto& x : all_served())
    send_to(x, [this, x, at_latest = net_.now().steady + at_most] {
      x->machine.handle_shutdown(at_latest, net_.now());
    });
}

// -- what a test may look at --------------------------------------------------

peer* node::peer_of(const node& other) {
  auto position = peers_.find(other.id());
  return position != peers_.end() ? &position->second->machine : nullptr;
}

const peer_record* node::record_of(const node& other) {
  return directory_->record(other.id(), net_.now().steady);
}

std::size_t node::records() {
  return directory_->records(net_.now().steady);
}

std::size_t node::unproven() const {
  auto is_unproven = [](const auto& x) {
    return std::holds_alternative<accepting>(x.second.user);
  };
  return static_cast<std::size_t>(std::ranges::count_if(streams_, is_unproven));
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
  return directory_->adverts().version(other.id());
}

std::size_t node::links(const node& other) const {
  auto is_link = [&other](const auto& x) {
    auto user = std::get_if<remote_ptr>(&x.second.user);
    return user && *user && (*user)->id == other.id();
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
    for (const auto& [reason, count] : x->machine.metrics().ends)
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
    result += x->machine.metrics().attempts;
  return result;
}

std::uint64_t node::frames_in() const {
  std::uint64_t result = 0;
  for (const auto& [id, x] : peers_)
    result += x->machine.metrics().frames_in;
  return result;
}

std::uint64_t node::unreadable() const {
  auto result = other_rejects_;
  for (const auto& [id, x] : peers_)
    result += x->machine.metrics().messages_rejected;
  return result - engine_rejects_;
}

// -- Node Proxies -------------------------------------------------------------

void node::pump(const remote_ptr& x) {
  if (gathers_ || x->ended)
    return;
  for (auto more = true; more;) {
    more = x->machine.flush(net_.now(), frames_);
    while (auto action = x->machine.poll_action())
      perform(x, *action);
    if (x->ended)
      return;
    if (x->machine.stopped()) {
      x->stopped = true;
      end(x);
      directory_->handle_end(x->id, std::nullopt, net_.now().steady);
      act();
      return;
    }
  }
  arm(x);
  offer_rest(x);
}

void node::arm(const remote_ptr& x) {
  if (x->timer)
    net_.cancel(*std::exchange(x->timer, std::nullopt));
  auto now = net_.now();
  auto at = earliest(
    {x->machine.poll_timeout(now), x->retirement.poll_timeout(now.steady)});
  if (at)
    x->timer = net_.schedule(std::max(*at - now.steady, duration{0}), owner_,
                             [this, x] { handle_timer(x); });
}

void node::handle_timer(const remote_ptr& x) {
  x->timer.reset();
  auto now = net_.now();
  x->machine.handle_timeout(now);
  pump(x);
  read_held(x);
  // A deadline that is still there would have us come back at once, for ever.
  if (!x->ended)
    if (auto at = x->machine.poll_timeout(now); at && *at <= now.steady)
      net_.fail("the timeout of " + name_ + " was handled and is still due");
}

void node::perform(const remote_ptr& x, peer_action& action) {
  const auto& other = x->id;
  if (auto dial = std::get_if<dial_peer>(&action)) {
    perform(x, *dial);
  } else if (auto cancel = std::get_if<cancel_dial>(&action)) {
    perform(x, *cancel);
  } else if (auto transmit = std::get_if<transmit_frames>(&action)) {
    auto& stream = streams_[transmit->connection];
    if (net_.observer)
      net_.observer->handle_written(*this, other,
                                    net_.now().steady - stream.begun);
    net_.write(transmit->connection, *this, std::move(transmit->frames));
  } else if (auto close = std::get_if<close_connection>(&action)) {
    streams_.erase(close->connection);
    net_.close(close->connection, *this);
    end_dial_on(close->connection);
  } else if (auto delivery = std::get_if<deliver_message>(&action)) {
    deliver(other, *delivery);
  } else if (auto outcome = std::get_if<send_outcome>(&action)) {
    for (std::uint64_t i = 0; i < outcome->count; ++i)
      handle_outcome(other, outcome->token + i, outcome->failure);
  } else if (auto learned = std::get_if<learned_advert>(&action)) {
    log(other, "learned advert " + std::to_string(learned->advert.version));
    if (net_.observer && learned->advert.version > x->told)
      net_.observer->handle_learned(*this, learned->advert);
    tell_router(x, [this, advert = learned->advert] {
      directory_->handle_advert(advert);
    });
  } else if (auto addresses = std::get_if<learned_addresses>(&action)) {
    tell_router(x, [this, other, memory = addresses->memory] {
      directory_->handle_addresses(other, memory);
    });
  } else if (auto overtaken = std::get_if<overtaken_advert>(&action)) {
    log(other, "overtaken by advert " + std::to_string(overtaken->version));
    tell_router(x, [this, msg = *overtaken] {
      static_cast<void>(directory_->handle_overtaken(msg, net_.now()));
    });
  } else {
    auto event = std::get<peer_event>(action);
    log_event(other, event);
    tell_router(x, [this, other, event] {
      directory_->handle_event(other, event, net_.now().steady);
    });
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

// -- engines ------------------------------------------------------------------

void node::deliver(const node_id& other, const deliver_message& action) {
  const auto& msg = action.msg;
  auto text = std::string{as_text(msg.msg)};
  auto position = engines_.find(msg.target.name);
  auto index = received_.size();
  if (position == engines_.end()) {
    log(other, "no engine " + msg.target.name);
    net_.schedule(0s, owner_,
                  [this, other, id = action.id, began = incarnation_] {
                    if (began == incarnation_)
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
  auto id = x.id;
  if (reason)
    reject(x.from_id, id, *reason);
  else
    tell_finished(x.from_id, id, std::nullopt);
}

void node::reject(const node_id& other, const delivery_id& id,
                  control::reject_reason reason) {
  if (!peers_.contains(other))
    return;
  ++engine_rejects_;
  tell_finished(other, id, reason);
}

/// Whoever has brought a message is served until its engine is done with it.
void node::tell_finished(const node_id& other, const delivery_id& id,
                         std::optional<control::reject_reason> reason) {
  auto position = peers_.find(other);
  if (position == peers_.end())
    return;
  auto x = position->second;
  x->machine.handle_finished(id, reason, net_.now());
  pump(x);
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
    log(other, "disconnected " + std::string{to_string(gone->reason)});
  else if (auto refused = std::get_if<peer_refused>(&event))
    log(other, "refused " + std::string{to_string(refused->reason)});
  else if (auto shared = std::get_if<peer_key_shared>(&event))
    log(other, shared->is_own ? "own key shared" : "key shared");
  else if (auto failed = std::get_if<peer_connect_failed>(&event))
    log(other, "connect failed " + std::string{to_string(failed->reason)});
  else if (auto unreachable = std::get_if<peer_unreachable>(&event))
    log(other,
        "unreachable "
          + std::string{std::visit([](const auto& x) { return to_string(x); },
                                   unreachable->reason)});
}

void node::log(const node_id& other, std::string_view what) {
  net_.log(name_ + "/" + net_.name_of(other), what);
}

} // namespace simulation
