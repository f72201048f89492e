#include <node_proxy/actors/proxy/handed_messages.hpp>

#include <utility>

#include <node_proxy/actors/proxy/outcome.hpp>
#include <node_proxy/messages/limits.hpp>

namespace node_proxy::internal {

batch_answer answer_to(promise<delivered> waiting,
                       std::shared_ptr<unanswered_failures> unanswered) {
  return [waiting = std::move(waiting),
          unanswered = std::move(unanswered)](batch_outcome outcome) mutable {
    if (outcome.failures.empty()) {
      fulfil(waiting, delivered{});
      return;
    }
    const auto& x = outcome.failures.front();
    if (waiting.pending())
      fail(waiting, to_error({x.error, x.cause, x.here}));
    else
      unanswered->add(to_errc(x.error));
  };
}

batch_answer answer_to(promise<batch_outcome> waiting,
                       std::shared_ptr<unanswered_failures> unanswered) {
  return [waiting = std::move(waiting),
          unanswered = std::move(unanswered)](batch_outcome outcome) mutable {
    if (!waiting.pending())
      for (const auto& x : outcome.failures)
        unanswered->add(to_errc(x.error));
    fulfil(waiting, std::move(outcome));
  };
}

batch_outcome failed_batch(std::size_t size, const send_failure& failure) {
  batch_outcome result;
  for (std::size_t i = 0; i < size; ++i)
    result.failures.push_back({i, failure.error, failure.cause, failure.here});
  return result;
}

std::uint64_t cost_of(const node_out_batch& batch) {
  std::uint64_t result = 0;
  for (const auto& x : batch.msgs)
    result += x.msg.msg.size() + limits::message_overhead;
  return result;
}

bool name_target(node_out_batch& batch, const node_id& target) {
  for (auto& x : batch.msgs)
    if (x.msg.target.node.value_or(target) != target)
      return false;
    else
      x.msg.target.node = target;
  return true;
}

// -- handed_messages ----------------------------------------------------------

std::uint64_t handed_messages::add(std::size_t size, batch_answer answer) {
  open_.try_emplace(++last_, open_batch{size, std::move(answer)});
  return last_;
}

void handed_messages::handle_outcome(std::uint64_t number,
                                     batch_outcome outcome) {
  auto x = open_.extract(number);
  if (x.empty())
    return;
  auto& batch = x.mapped();
  std::erase_if(outcome.failures, [&batch](const batch_failure& failure) {
    return failure.index >= batch.size;
  });
  batch.answer(std::move(outcome));
}

void handed_messages::fail_all(send_failure::unconfirmed_cause cause) {
  for (auto& [number, x] : std::exchange(open_, {}))
    x.answer(failed_batch(x.size, {send_error::unconfirmed, cause}));
}

} // namespace node_proxy::internal
