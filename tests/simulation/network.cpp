#include "network.hpp"

#include <algorithm>
#include <utility>

#include <node_proxy/protocol/crypto/crypto_init.hpp>

#include "identities.hpp"
#include "support/octets.hpp"

namespace simulation {

namespace {

/// The owner of the events of a connection comes after all nodes.
constexpr owner_id first_connection_owner = owner_id{1} << 32;

/// How long a dial waits while nothing passes.
constexpr duration dial_timeout = 3s;

/// How much longer a dial takes on a slow way.
constexpr duration slow_dial = 400ms;

} // namespace

network::network(std::uint64_t seed)
  : seed_(seed), noise_(test::seeded(seed + (std::uint64_t{1} << 63))) {
  static_cast<void>(init_crypto());
}

network::~network() = default;

// -- nodes --------------------------------------------------------------------

node& network::add(std::string name, const peer_settings& settings) {
  return add(std::move(name), settings, identity_of(nodes_.size()));
}

node& network::add_twin(std::string name, const node& other) {
  return add(std::move(name), other.settings, other.self());
}

node& network::add(std::string name, const peer_settings& settings,
                   std::shared_ptr<const identity> self) {
  auto index = nodes_.size();
  auto result = std::make_unique<node>(*this, name, index, seed_, settings,
                                       std::move(self));
  names[result->named_address().name] = {result->address().ip};
  return *nodes_.emplace(std::move(name), std::move(result)).first->second;
}

node* network::find(const node_id& id) const {
  for (const auto& [name, x] : nodes_)
    if (x->id() == id)
      return x.get();
  return nullptr;
}

std::string network::name_of(const node_id& id) const {
  auto x = find(id);
  return x ? x->name() : std::string{};
}

noise_public_key network::noise_key_of(const node_id& id) const {
  for (const auto& [name, x] : nodes_)
    if (x->id() == id)
      return x->self()->noise_public();
  return node_proxy::noise_key_of(id).value();
}

void network::introduce(node& a, const node& b) {
  a.handle_advert(b.advert());
}

// -- time ---------------------------------------------------------------------

timestamp network::now() const {
  return {now_, std::chrono::floor<std::chrono::seconds>(now_) + wall_offset_};
}

bool network::run_until(const std::function<bool()>& done, duration limit) {
  auto end = now_ + limit;
  while (!done())
    if (!step(end)) {
      now_ = end;
      return done();
    }
  return true;
}

void network::run_for(duration time) {
  run_until([] { return false; }, time);
}

bool network::step(steady_time limit) {
  auto next = agenda_.next();
  if (!next || *next > limit || events_left_ == 0)
    return false;
  if (--events_left_ == 0)
    fail("too much happens: nobody comes to an end");
  auto [at, what] = agenda_.poll();
  now_ = std::max(now_, at);
  what();
  return true;
}

agenda::key network::schedule(duration delay, owner_id owner,
                              std::function<void()> what) {
  return agenda_.add(now_ + delay, owner, std::move(what));
}

// -- connections --------------------------------------------------------------

agenda::key network::dial(stream_user& from, owner_id owner,
                          const transport_address& to, dial_result done) {
  auto [target, kind] = find_address(to);
  std::optional<duration> delay;
  // Nobody here can be at both ends of a connection.
  if (target && target != &from && target->running() && kind != route::refusing)
    delay = dial_delay ? dial_delay(from, *target) : duration{1ms};
  if (delay && kind == route::slow)
    *delay += slow_dial;
  auto parted = target ? parted_until(from, *target) - now_ : duration{0};
  if (kind == route::silent)
    parted = dial_timeout;
  auto works = delay && parted < dial_timeout;
  auto answer = [this, &from, target = target, kind = kind, works,
                 done = std::move(done)] {
    if (works && target->running())
      open(from, *target, kind, done);
    else
      done(std::nullopt);
  };
  return schedule(std::max(delay.value_or(1ms), std::min(parted, dial_timeout)),
                  owner, std::move(answer));
}

std::pair<node*, route>
network::find_address(const transport_address& address) {
  for (const auto& [name, x] : nodes_)
    for (auto kind : {route::direct, route::slow, route::refusing,
                      route::silent, route::mute})
      if (transport_address{x->address(kind)} == address)
        return {x.get(), kind};
  return {nullptr, route::direct};
}

void network::open(stream_user& from, node& to, route kind,
                   const dial_result& done) {
  auto id = ++last_connection_;
  auto& x = connections_[id];
  x.ends = {connection::end{&from}, connection::end{&to}};
  if (auto dialler = dynamic_cast<const node*>(&from))
    x.from = dialler->address().ip;
  if (prepare)
    prepare(id, x);
  x.directions[1].hole = x.directions[1].hole || kind == route::mute;
  to.handle_accepted(id);
  done(id);
}

void network::write(connection_id id, const stream_user& from, bytes data) {
  auto x = find(id);
  if (!x)
    return;
  auto side = side_of(*x, from);
  auto& way = x->directions[side];
  if (!x->ends[side].open)
    return;
  if (way.tamper)
    way.tamper(data, way.sent);
  if (way.keep)
    way.record.insert(way.record.end(), data.begin(), data.end());
  // Long data comes in so many pieces at most, to save time.
  constexpr std::size_t max_pieces = 50;
  auto piece = std::max(way.piece, data.size() / max_pieces);
  for (bytes_view rest{data}; !rest.empty();) {
    auto size = std::min(rest.size(), way.piece > 0 ? piece : rest.size());
    send_piece(id, side, to_bytes(rest.first(size)));
    rest = rest.subspan(size);
  }
}

void network::send_piece(connection_id id, std::size_t side, bytes piece) {
  auto& x = at(id);
  auto& way = x.directions[side];
  auto owner = first_connection_owner + 2 * id + side;
  auto size = piece.size();
  way.busy_until = std::max(
    {now_, way.busy_until, parted_until(*x.ends[0].user, *x.ends[1].user)});
  if (way.bytes_per_second > 0)
    way.busy_until += duration{1s} * size / way.bytes_per_second;
  agenda_.add(way.busy_until, owner, [this, id, side, size] {
    if (auto y = find(id); y && y->ends[side].open)
      y->ends[side].user->handle_written(id, size);
  });
  auto before = way.sent;
  way.sent += size;
  if (way.hole || x.cut)
    return;
  auto delay = way.latency;
  if (way.jitter > 0s)
    delay +=
      duration{noise_.below(static_cast<std::uint64_t>(way.jitter.count()))};
  way.last_arrival = std::max(way.last_arrival, way.busy_until + delay);
  auto cut_here = way.cut_at && way.sent > *way.cut_at;
  if (cut_here)
    piece.resize(*way.cut_at - std::min(*way.cut_at, before));
  agenda_.add(
    way.last_arrival, owner,
    [this, id, side, data = std::move(piece)] { deliver(id, 1 - side, data); });
  if (cut_here)
    agenda_.add(way.last_arrival, owner, [this, id] { cut(id); });
}

void network::close(connection_id id, const stream_user& from) {
  auto x = find(id);
  if (!x)
    return;
  auto side = side_of(*x, from);
  auto& way = x->directions[side];
  if (!std::exchange(x->ends[side].open, false))
    return;
  if (!x->cut && !way.hole) {
    auto parted = parted_until(*x->ends[0].user, *x->ends[1].user);
    auto at = std::max({now_ + way.latency, parted,
                        way.busy_until + way.latency, way.last_arrival});
    agenda_.add(at, first_connection_owner + 2 * id + side,
                [this, id, side] { notify_closed(id, 1 - side, false); });
  }
  forget_if_closed(id);
}

void network::cut(connection_id id, const cut_notice& notice) {
  auto x = find(id);
  if (!x || std::exchange(x->cut, true))
    return;
  auto owner = first_connection_owner + 2 * id;
  if (notice.dialler)
    schedule(*notice.dialler, owner,
             [this, id] { notify_closed(id, 0, true); });
  if (notice.acceptor)
    schedule(*notice.acceptor, owner + 1,
             [this, id] { notify_closed(id, 1, true); });
}

std::vector<connection_id> network::between(const node& a,
                                            const node& b) const {
  std::vector<connection_id> result;
  for (const auto& [id, x] : connections_) {
    auto first = x.ends[0].user == &a && x.ends[1].user == &b;
    auto second = x.ends[0].user == &b && x.ends[1].user == &a;
    if ((first || second) && x.ends[0].open && x.ends[1].open)
      result.push_back(id);
  }
  return result;
}

std::vector<connection_id> network::connections() const {
  std::vector<connection_id> result;
  for (const auto& [id, x] : connections_)
    if (x.ends[0].open || x.ends[1].open)
      result.push_back(id);
  return result;
}

bool network::leads_to(connection_id id, const node_id& to) const {
  const auto* user = connections_.at(id).ends[1].user;
  return std::ranges::any_of(nodes_, [user, &to](const auto& x) {
    return x.second.get() == user && x.second->id() == to;
  });
}

std::string network::describe(const connection& x) const {
  auto name_of_user = [this](const stream_user* user) {
    auto position = std::ranges::find_if(
      nodes_, [user](const auto& y) { return y.second.get() == user; });
    return position != nodes_.end() ? position->first : std::string{"?"};
  };
  return name_of_user(x.ends[0].user) + "/" + name_of_user(x.ends[1].user);
}

void network::part(const node& a, const node& b, steady_time until) {
  parted_[{&a, &b}] = until;
  parted_[{&b, &a}] = until;
}

// -- what happened ------------------------------------------------------------

void network::log(std::string_view who, std::string_view what) {
  if (transcript_limit_ == 0)
    return;
  auto ms = (now_ - start) / 1ms;
  transcript_.push_back(std::to_string(ms) + " " + std::string{who} + " "
                        + std::string{what} + "\n");
  if (transcript_.size() > transcript_limit_)
    transcript_.pop_front();
}

void network::fail(std::string what) {
  log("failure:", what);
  failures_.push_back(std::move(what));
}

std::string network::take_transcript() {
  std::string result;
  for (const auto& line : std::exchange(transcript_, {}))
    result += line;
  return result;
}

// -- private ------------------------------------------------------------------

connection* network::find(connection_id id) {
  auto position = connections_.find(id);
  return position != connections_.end() ? &position->second : nullptr;
}

steady_time network::parted_until(const stream_user& a,
                                  const stream_user& b) const {
  auto position = parted_.find({&a, &b});
  return position != parted_.end() ? position->second : steady_time{};
}

std::size_t network::side_of(const connection& x, const stream_user& user) {
  return x.ends[0].user == &user ? 0 : 1;
}

void network::deliver(connection_id id, std::size_t side, bytes_view data) {
  auto x = find(id);
  if (!x || x->cut || !x->ends[side].open)
    return;
  x->ends[side].user->handle_data(id, data);
}

void network::notify_closed(connection_id id, std::size_t side, bool was_cut) {
  auto x = find(id);
  // Of one that was cut meanwhile its end learns by that alone.
  if (!x || x->cut != was_cut)
    return;
  auto& end = x->ends[side];
  if (std::exchange(end.open, false))
    end.user->handle_closed(id, close_reason::lost);
  forget_if_closed(id);
}

void network::forget_if_closed(connection_id id) {
  auto x = find(id);
  if (x && !x->ends[0].open && !x->ends[1].open && !x->directions[0].keep
      && !x->directions[1].keep)
    connections_.erase(id);
}

} // namespace simulation
