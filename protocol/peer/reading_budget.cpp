#include <node_proxy/protocol/peer/reading_budget.hpp>

#include <algorithm>
#include <utility>

namespace node_proxy::internal {

namespace {

/// An unfinished frame pays for a read by so many octets: IPv4 has no smaller
/// packets unless they are made small (RFC 879: 536).
constexpr std::int64_t octets_of_read = 512;

/// How long the share of the spare time is taken to be what it is now.
constexpr duration longest_wait = std::chrono::seconds{1};

/// The last so many messages tell what it takes to come to one.
constexpr double lately = 1'024;

double seconds(duration x) {
  return std::chrono::duration<double>(x).count();
}

std::int64_t signed_of(std::size_t x) {
  return static_cast<std::int64_t>(x);
}

} // namespace

void reading_budget::handle_standing(bool is_stranger) {
  least_balance_ =
    is_stranger ? -std::numeric_limits<double>::infinity() : -most_debt;
  balance_ = std::max(balance_, least_balance_);
}

// -- turns --------------------------------------------------------------------

bool reading_budget::begin_turn(steady_time now) {
  refill(now);
  if (paused_)
    return false;
  left_ = std::min(turn, left_ + turn);
  useful_ = false;
  return left_ > 0;
}

void reading_budget::end_turn(std::size_t octets) {
  auto unpaid = reading_cost::read
                * std::max<std::int64_t>(0, octets_of_read - signed_of(octets))
                / octets_of_read;
  if (useful_)
    overhead_ += reading_cost::read;
  else
    spend(static_cast<double>(unpaid));
  if (messages_ > lately) {
    overhead_ /= 2;
    messages_ /= 2;
  }
}

void reading_budget::handle_timeout(steady_time now) {
  refill(now);
}

// -- what comes ---------------------------------------------------------------

void reading_budget::handle_frame(const opened_frame& frame, std::size_t octets,
                                  bool used) {
  auto control = std::get_if<control::frame>(&frame);
  auto messages = std::get_if<opened_messages>(&frame);
  auto unreliable = std::get_if<opened_unreliable>(&frame);
  if (messages && used)
    handle_messages(octets, messages->chunks.size());
  else if (unreliable && used)
    handle_unreliable(octets, unreliable->chunks.size());
  else if (control && std::holds_alternative<node_advert>(*control))
    handle_other(octets, reading_cost::advert);
  else if (control && std::holds_alternative<control::rekey>(*control))
    handle_other(octets, reading_cost::rekey);
  else if (auto ack = control ? std::get_if<control::ack>(control) : nullptr)
    handle_other(octets, reading_cost::chunk * signed_of(ack->channels.size()));
  else
    handle_other(octets);
}

void reading_budget::handle_messages(std::size_t octets, std::size_t count) {
  auto content = signed_of(octets) + reading_cost::chunk * signed_of(count);
  left_ -= reading_cost::frame + content;
  useful_ = true;
  overhead_ += reading_cost::frame;
  messages_ += static_cast<double>(count);
  earn(reward * static_cast<double>(content));
}

void reading_budget::handle_unreliable(std::size_t octets, std::size_t count) {
  left_ -= reading_cost::frame + signed_of(octets)
           + reading_cost::chunk * signed_of(count);
  spend(static_cast<double>(
    std::max<std::int64_t>(0, reading_cost::frame - signed_of(octets))));
}

void reading_budget::handle_other(std::size_t octets, std::int64_t extra) {
  auto cost = reading_cost::frame + signed_of(octets) + extra;
  left_ -= cost;
  spend(static_cast<double>(cost));
}

// -- what becomes of it -------------------------------------------------------

void reading_budget::handle_waste(std::uint64_t octets,
                                  std::uint64_t messages) {
  auto each = messages_ > 0 ? overhead_ / messages_ : 0.0;
  spend(static_cast<double>(octets) + each * static_cast<double>(messages));
}

void reading_budget::handle_waste_so_far(std::uint64_t octets,
                                         std::uint64_t messages) {
  auto octets_before = std::exchange(wasted_octets_, octets);
  auto messages_before = std::exchange(wasted_messages_, messages);
  if (octets != octets_before)
    handle_waste(octets - octets_before, messages - messages_before);
}

void reading_budget::handle_sent(std::size_t count) {
  constexpr auto word = reading_cost::frame + reading_cost::read;
  earn(static_cast<double>(count) * word);
}

// -- state --------------------------------------------------------------------

std::optional<steady_time> reading_budget::next_deadline() const {
  if (!refilled_ || !claims_)
    return std::nullopt;
  auto missing = (paused_ ? enough : from_time) - balance_;
  std::chrono::duration<double> wait{std::max(0.0, missing) / rate()};
  auto rounded = std::chrono::ceil<std::chrono::milliseconds>(wait);
  return *refilled_
         + std::clamp<duration>(rounded, std::chrono::milliseconds{1},
                                longest_wait);
}

// -- private ------------------------------------------------------------------

double reading_budget::rate() const {
  return own_rate + (claims_ ? node_->share() : 0);
}

void reading_budget::refill(steady_time now) {
  auto passed = seconds(now - refilled_.value_or(now));
  refilled_ = now;
  if (balance_ < from_time)
    balance_ = std::min(from_time, balance_ + passed * rate());
  if (balance_ >= enough)
    paused_ = false;
  if (balance_ >= from_time)
    end_claim();
}

void reading_budget::earn(double amount) {
  balance_ = std::max(balance_, std::min(from_use, balance_ + amount));
  if (balance_ >= enough)
    paused_ = false;
}

void reading_budget::spend(double amount) {
  balance_ = std::max(balance_ - amount, least_balance_);
  if (balance_ > 0)
    return;
  paused_ = true;
  if (std::exchange(claims_, true))
    return;
  node_->add_claim();
  useless_since_ = refilled_.value_or(steady_time{});
}

void reading_budget::end_claim() {
  if (std::exchange(claims_, false))
    node_->remove_claim();
}

} // namespace node_proxy::internal
