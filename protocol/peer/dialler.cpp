#include <node_proxy/protocol/peer/dialler.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace node_proxy::internal {

void dialler::handle_addresses(std::vector<transport_address> addresses) {
  put(std::move(addresses));
  begin_round();
}

void dialler::handle_contact(std::vector<transport_address> addresses) {
  put(std::move(addresses));
}

std::optional<destination> dialler::handle_dialled(attempt_id id, bool wanted) {
  auto position = std::ranges::find(targets_, id, &target::attempt);
  if (position == targets_.end())
    return std::nullopt;
  position->attempt.reset();
  position->tried = wanted;
  return destination{position->address, position->name};
}

bool dialler::handle_found(attempt_id id,
                           const std::vector<transport_address>& addresses,
                           steady_time now) {
  auto asked = std::ranges::find(targets_, id, &target::attempt);
  if (asked == targets_.end())
    return false;
  asked->attempt.reset();
  asked->tried = true;
  auto name = std::get<dns_addr>(asked->address).name;
  std::vector<target> found;
  for (const auto& x : addresses)
    if (!is_known(x))
      found.push_back({x, false, std::nullopt, name});
  auto found_some = !found.empty();
  targets_.insert(asked + 1, std::move_iterator{found.begin()},
                  std::move_iterator{found.end()});
  not_before_ = now;
  return found_some;
}

void dialler::handle_handshake_end(connection_id connection) {
  handshakes_.remove_if(
    [connection](const handshaking& x) { return x.connection == connection; });
}

void dialler::handle_handshake_abandoned(connection_id connection) {
  auto abandoned = find(connection);
  if (!abandoned)
    return;
  auto position =
    std::ranges::find(targets_, abandoned->to.address, &target::address);
  if (position != targets_.end())
    position->tried = false;
  handle_handshake_end(connection);
}

bool dialler::handle_failure(steady_time now, random_source& random) {
  auto tried_all = !busy() && std::ranges::all_of(targets_, &target::tried);
  if (tried_all)
    wait(now, random);
  else
    not_before_ = now;
  return tried_all;
}

void dialler::handle_end() {
  handshakes_.clear();
  handle_unwanted();
  begin_round();
}

void dialler::handle_unwanted() {
  for (auto& x : targets_)
    abandon(x);
}

void dialler::handle_refusal(steady_time now, random_source& random) {
  handle_end();
  wait(now, random);
}

void dialler::handle_way_back(steady_time now, random_source& random) {
  backoff_.reset();
  not_before_ = std::min(not_before_, now + random.below(comeback_jitter));
}

void dialler::handle_loss(bool at_once, steady_time now,
                          random_source& random) {
  if (at_once) {
    begin_round();
    not_before_ = now;
  } else {
    wait(now, random);
  }
}

std::optional<dialler::attempt> dialler::poll_attempt(steady_time now) {
  if (now < not_before_ || !may_dial())
    return std::nullopt;
  auto next = std::ranges::find_if(
    targets_, [this](const target& x) { return waits(x); });
  next->attempt = ++last_attempt_;
  not_before_ = now + attempt_delay_;
  return attempt{last_attempt_, {next->address, next->name}};
}

std::optional<attempt_id> dialler::poll_abandoned() {
  if (abandoned_.empty())
    return std::nullopt;
  return abandoned_.take_front();
}

bool dialler::has_others() const {
  return handshakes_.size() > 1
         || !std::ranges::all_of(targets_, &target::tried);
}

const dns_addr* dialler::looked_up(attempt_id id) const {
  auto position = std::ranges::find(targets_, id, &target::attempt);
  return position != targets_.end() ? std::get_if<dns_addr>(&position->address)
                                    : nullptr;
}

dialler::handshaking* dialler::find(connection_id connection) {
  return const_cast<handshaking*>(std::as_const(*this).find(connection));
}

const dialler::handshaking* dialler::find(connection_id connection) const {
  auto position =
    std::ranges::find(handshakes_, connection, &handshaking::connection);
  return position != handshakes_.end() ? &*position : nullptr;
}

std::vector<transport_address> dialler::tried() const {
  std::vector<transport_address> result;
  for (const auto& x : targets_)
    if (x.tried && !shakes_hands(x.address))
      result.push_back(x.address);
  return result;
}

std::optional<steady_time> dialler::next_deadline(bool wanted) const {
  std::optional<steady_time> result;
  if (!handshakes_.empty())
    result = handshakes_.front().deadline;
  if (wanted && may_dial())
    result = earliest({result, not_before_});
  return result;
}

/// Replaces the addresses. What goes on at one that stays is kept, and so are
/// those that a name has led to which stays.
void dialler::put(std::vector<transport_address> addresses) {
  auto before = std::exchange(targets_, {});
  auto stays = [this](const target& x) {
    return !x.name.empty()
           && std::ranges::any_of(targets_, [&x](const target& y) {
                const auto* named = std::get_if<dns_addr>(&y.address);
                return named != nullptr && named->name == x.name;
              });
  };
  for (auto& x : addresses) {
    auto same = std::ranges::find(before, x, &target::address);
    targets_.push_back(same != before.end() ? std::exchange(*same, {})
                                            : target{std::move(x)});
    targets_.back().name.clear();
  }
  for (auto& x : before)
    if (stays(x))
      targets_.push_back(std::move(x));
    else
      abandon(x);
}

void dialler::abandon(target& x) {
  if (auto id = std::exchange(x.attempt, std::nullopt))
    abandoned_.push_back(*id);
}

bool dialler::is_known(const transport_address& address) const {
  return std::ranges::find(targets_, address, &target::address)
         != targets_.end();
}

bool dialler::shakes_hands(const transport_address& address) const {
  return std::ranges::any_of(handshakes_, [&address](const handshaking& x) {
    return x.to.address == address;
  });
}

/// Whether an address has yet to be tried in this round.
bool dialler::waits(const target& x) const {
  return !x.tried && !x.attempt && !shakes_hands(x.address);
}

/// How many attempts go on.
std::size_t dialler::under_way() const {
  auto dialling = std::ranges::count_if(
    targets_, [](const target& x) { return x.attempt.has_value(); });
  return static_cast<std::size_t>(dialling) + handshakes_.size();
}

/// Whether there will be an attempt once its time has come.
bool dialler::may_dial() const {
  return under_way() < max_attempts
         && std::ranges::any_of(targets_,
                                [this](const target& x) { return waits(x); });
}

/// What names have led to is to be found anew, but for what is under way.
void dialler::begin_round() {
  std::erase_if(targets_, [this](const target& x) {
    return !x.name.empty() && !x.attempt && !shakes_hands(x.address);
  });
  for (auto& x : targets_)
    x.tried = false;
}

void dialler::wait(steady_time now, random_source& random) {
  begin_round();
  not_before_ = now + backoff_.next(random);
}

} // namespace node_proxy::internal
