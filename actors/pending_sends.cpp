#include <node_proxy/actors/pending_sends.hpp>

#include <utility>

#include <spdlog/spdlog.h>

#include <node_proxy/actors/outcome.hpp>

namespace node_proxy {

pending_sends::~pending_sends() {
  send_failure failure{send_error::unconfirmed,
                       send_failure::unconfirmed_cause::shutting_down};
  for (auto& [token, waiting] : entries_) {
    send_outcome outcome{token, failure};
    std::visit([&outcome](auto& x) { answer(x, outcome); }, waiting);
  }
}

send_token pending_sends::add(promise<delivered> waiting) {
  auto token = next_++;
  entries_.emplace(token, std::move(waiting));
  return token;
}

send_token pending_sends::add_batch(promise<batch_outcome> waiting,
                                    std::size_t size) {
  auto first = next_;
  next_ += size;
  if (size == 0) {
    fulfil(waiting, batch_outcome{});
    return first;
  }
  auto shared = std::make_shared<batch>(
    batch{std::move(waiting), first, size, batch_outcome{}});
  for (auto token = first; token < next_; ++token)
    entries_.emplace(token, shared);
  return first;
}

void pending_sends::handle_outcome(const send_outcome& outcome) {
  auto found = entries_.extract(outcome.token);
  if (!found.empty())
    std::visit([&outcome](auto& x) { answer(x, outcome); }, found.mapped());
}

void pending_sends::answer(promise<delivered>& waiting,
                           const send_outcome& outcome) {
  if (!outcome.failure) {
    fulfil(waiting, delivered{});
    return;
  }
  if (!waiting.pending())
    spdlog::debug("a message that nobody waits for was not delivered: {}",
                  to_string(outcome.failure->error));
  fail(waiting, to_error(*outcome.failure));
}

void pending_sends::answer(const std::shared_ptr<batch>& waiting,
                           const send_outcome& outcome) {
  if (outcome.failure)
    waiting->outcome.failures.push_back({outcome.token - waiting->first,
                                         outcome.failure->error,
                                         outcome.failure->cause});
  else
    ++waiting->outcome.delivered;
  if (--waiting->open == 0)
    fulfil(waiting->waiting, std::move(waiting->outcome));
}

} // namespace node_proxy
