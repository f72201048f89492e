// Asking all Node Proxies of a process at once.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include <node_proxy/actors/caf/sending.hpp>

namespace node_proxy::internal {

/// A question to many, with room for what they say. Each of them has a share in
/// it, as a part of the message that asks. Who asks gets `Result` when the last
/// one has handled that message, or has ended without.
///
/// To answer each by itself would take as many requests of CAF, which are dear.
///
/// @tparam Result has `round`, which names the question, and `answers`.
template <class Result>
class roll_call {
public:
  using answer_type = typename decltype(Result::answers)::value_type;

  /// @param asked about how many will answer.
  roll_call(caf::actor_addr from, std::uint64_t round, std::size_t asked)
    : from_(std::move(from)) {
    result_.round = round;
    result_.answers.reserve(asked);
  }

  roll_call(const roll_call&) = delete;
  roll_call& operator=(const roll_call&) = delete;

  ~roll_call() {
    if (auto from = caf::actor_cast<caf::actor>(from_))
      send_anonymously(from, std::move(result_));
  }

  /// From any thread.
  void answer(answer_type x) {
    std::lock_guard guard{mutex_};
    result_.answers.push_back(std::move(x));
  }

private:
  caf::actor_addr from_;
  std::mutex mutex_;
  Result result_;
};

/// Asks all Node Proxies of this process. These questions are not counted as
/// something to do, and so no reason not to retire.
/// @param proxies by their nodes; those of other processes have no `handle`.
template <class Question, class Self, class Proxies>
void ask_all(Self* self, const Proxies& proxies, std::uint64_t round) {
  using call = typename decltype(Question::call)::element_type;
  Question question{
    std::make_shared<call>(self->address(), round, proxies.size())};
  for (const auto& [id, to] : proxies)
    if (to.handle)
      send_message(self, to.handle, question);
}

} // namespace node_proxy::internal
