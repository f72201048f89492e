#include <node_proxy/actors/pending_sends.hpp>

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include <node_proxy/actors/outcome.hpp>

namespace node_proxy {

namespace {

void answer(promise<delivered>& waiting,
            const std::optional<send_failure>& failure) {
  if (!failure) {
    fulfil(waiting, delivered{});
    return;
  }
  if (!waiting.pending())
    spdlog::debug("a message that nobody waits for was not delivered: {}",
                  to_string(failure->error));
  fail(waiting, to_error(*failure));
}

} // namespace

pending_sends::~pending_sends() {
  send_failure failure{send_error::unconfirmed,
                       send_failure::unconfirmed_cause::shutting_down};
  for (auto& x : entries_)
    if (x.open > 0)
      end(x, {x.first, failure, x.size});
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
       batch{std::move(waiting), {}, std::vector<bool>(size)}});
  return first;
}

void pending_sends::handle_outcome(const send_outcome& outcome) {
  auto last = outcome.token + outcome.count;
  for (auto token = outcome.token; token < last;) {
    auto x = find(token);
    if (!x)
      break;
    auto count = std::min(x->first + x->size, last) - token;
    end(*x, {token, outcome.failure, count});
    token += count;
  }
  while (!entries_.empty() && entries_.front().open == 0)
    entries_.pop_front();
}

/// Who waits for that message.
pending_sends::entry* pending_sends::find(send_token token) {
  auto next = std::ranges::upper_bound(entries_, token, {}, &entry::first);
  if (next == entries_.begin())
    return nullptr;
  auto x = std::prev(next);
  return token < x->first + x->size ? x : nullptr;
}

/// Some messages of `x` have come to their end.
void pending_sends::end(entry& x, const send_outcome& outcome) {
  auto waiting = std::get_if<batch>(&x.waiting);
  if (!waiting) {
    x.open = 0;
    answer(std::get<promise<delivered>>(x.waiting), outcome.failure);
    return;
  }
  auto& [promised, result, ended] = *waiting;
  auto from = outcome.token - x.first;
  for (auto index = from; index < from + outcome.count; ++index) {
    if (ended[index])
      continue;
    ended[index] = true;
    --x.open;
    if (outcome.failure)
      result.failures.push_back(
        {index, outcome.failure->error, outcome.failure->cause});
    else
      ++result.delivered;
  }
  if (x.open == 0)
    fulfil(promised, std::move(result));
}

} // namespace node_proxy
