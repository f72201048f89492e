#include <node_proxy/actors/proxy/pending_sends.hpp>

#include <algorithm>
#include <memory>
#include <utility>

#include <node_proxy/actors/proxy/outcome.hpp>

namespace node_proxy::internal {

namespace {

/// Below this many entries that have ended a clean-up is not worth its cost.
constexpr std::size_t compaction_threshold = 64;

} // namespace

pending_sends::~pending_sends() {
  send_failure failure{send_error::unconfirmed,
                       send_failure::unconfirmed_cause::shutting_down};
  for (auto& x : entries_)
    if (x.open > 0)
      handle_outcome(x, {x.first, failure, x.size});
}

send_token pending_sends::add(promise<delivered> waiting) {
  auto token = next_++;
  entries_.push_back({token, 1, 1, std::move(waiting)});
  return token;
}

send_token pending_sends::add_batch(promise<batch_outcome> waiting,
                                    std::size_t size) {
  auto first = next_;
  next_ += size;
  if (size == 0)
    fulfil(waiting, batch_outcome{});
  else
    entries_.push_back(
      {first, size, size,
       std::make_unique<batch>(
         batch{std::move(waiting), 0, {}, std::vector<bool>(size)})});
  return first;
}

/// The first entry that does not end before `token`. What waits for engines
/// that take nothing is not looked through for each message to another: several
/// messages of a batch come to their end one after the other.
pending_sends::entry* pending_sends::find(send_token token) {
  if (found_ < entries_.size() && entries_[found_].contains(token))
    return entries_.begin() + found_;
  auto x = std::ranges::upper_bound(entries_, token, {}, &entry::end);
  found_ = static_cast<std::size_t>(x - entries_.begin());
  return x;
}

void pending_sends::handle_outcome(const send_outcome& outcome) {
  auto last = outcome.token + outcome.count;
  for (auto x = find(outcome.token); x != entries_.end() && x->first < last;
       ++x) {
    auto was_open = x->open > 0;
    handle_outcome(*x, outcome);
    ended_ += was_open && x->open == 0;
  }
  clean_up();
}

/// Forgets entries that have come to their end, at an amortized cost of O(1)
/// for each of them.
void pending_sends::clean_up() {
  for (; !entries_.empty() && entries_.front().open == 0; --ended_)
    entries_.pop_front();
  if (ended_ > compaction_threshold && ended_ > entries_.size() / 2) {
    entries_.erase_if([](const entry& x) { return x.open == 0; });
    ended_ = 0;
  }
}

void pending_sends::batch::add_failure(std::uint64_t index,
                                       const send_failure& failure) {
  if (!failed.empty() && failed.back().index + failed.back().count == index
      && failed.back().failure == failure)
    ++failed.back().count;
  else
    failed.push_back({index, 1, failure});
}

batch_outcome pending_sends::batch::outcome() const {
  batch_outcome result{delivered, {}};
  result.failures.reserve(ended.size() - delivered);
  for (const auto& run : failed)
    for (std::uint64_t i = 0; i < run.count; ++i)
      result.failures.push_back(
        {run.index + i, run.failure.error, run.failure.cause});
  return result;
}

void pending_sends::answer(promise<delivered>& waiting,
                           const std::optional<send_failure>& failure) {
  if (!failure)
    return fulfil(waiting, delivered{});
  if (!waiting.pending())
    unanswered_->add(to_errc(failure->error));
  fail(waiting, to_error(*failure));
}

void pending_sends::answer(batch& x) {
  if (!x.waiting.pending())
    for (const auto& run : x.failed)
      unanswered_->add(to_errc(run.failure.error), run.count);
  fulfil(x.waiting, x.outcome());
}

/// Some messages of `x` have come to their end.
void pending_sends::handle_outcome(entry& x, const send_outcome& outcome) {
  if (auto one = std::get_if<promise<delivered>>(&x.waiting)) {
    x.open = 0;
    answer(*one, outcome.failure);
    return;
  }
  auto& waiting = std::get<std::unique_ptr<batch>>(x.waiting);
  auto from = std::max(outcome.token, x.first) - x.first;
  auto to = std::min(outcome.token + outcome.count, x.end()) - x.first;
  for (auto index = from; index < to; ++index) {
    if (waiting->ended[index])
      continue;
    waiting->ended[index] = true;
    --x.open;
    if (outcome.failure)
      waiting->add_failure(index, *outcome.failure);
    else
      ++waiting->delivered;
  }
  if (x.open == 0)
    answer(*waiting);
}

} // namespace node_proxy::internal
