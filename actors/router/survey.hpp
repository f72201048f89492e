// Asking all Node Proxies, for those who want to know something of the node.

#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <node_proxy/actors/caf/compat.hpp>

namespace node_proxy::internal {

/// There is one round of questions at a time. Whoever wants to know meanwhile
/// waits for the next one: so no answer is older than its question.
template <class Answer>
class survey {
public:
  /// Somebody wants to know.
  /// @returns whether a round is to begin.
  [[nodiscard]] bool add(promise<Answer> who) {
    next_.push_back(std::move(who));
    return waiting_.empty();
  }

  /// A round begins, in which so many are asked.
  void begin(std::size_t asked) {
    waiting_ = std::exchange(next_, {});
    open_ = asked;
  }

  /// One of those who were asked has answered, or will not.
  void handle_answer() { --open_; }

  /// All of them have.
  [[nodiscard]] bool complete() const { return open_ == 0; }

  /// Tells those who wait for the round.
  /// @returns whether another one is to begin.
  [[nodiscard]] bool end(Answer answer) {
    auto waiting = std::exchange(waiting_, {});
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      auto is_last = i + 1 == waiting.size();
      fulfil(waiting[i], is_last ? std::move(answer) : Answer{answer});
    }
    return !next_.empty();
  }

  /// Somebody waits, for this round or the next one.
  [[nodiscard]] bool wanted() const {
    return !waiting_.empty() || !next_.empty();
  }

private:
  std::vector<promise<Answer>> waiting_;
  std::vector<promise<Answer>> next_;
  std::size_t open_ = 0;
};

/// The rounds in which a process was asked, by their numbers; 0: it has
/// answered.
struct asked_rounds {
  std::uint64_t numbers = 0;
  std::uint64_t status = 0;
};

} // namespace node_proxy::internal
