// Those who wait for the outcome of a message.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/actors/engine_messages.hpp>
#include <node_proxy/actors/engines/unanswered_failures.hpp>
#include <node_proxy/base/fifo.hpp>
#include <node_proxy/protocol/delivery/send_outcome.hpp>

namespace node_proxy::internal {

/// One table of all promises that a Node Proxy has given for messages. Whatever
/// way it is left, each of them is kept: the destructor answers those that are
/// left with an error.
class pending_sends {
public:
  /// @param unanswered counts failures that nobody waits for.
  explicit pending_sends(std::shared_ptr<unanswered_failures> unanswered)
    : unanswered_{std::move(unanswered)} {}

  pending_sends(const pending_sends&) = delete;
  pending_sends& operator=(const pending_sends&) = delete;
  ~pending_sends();

  /// A message of its own.
  [[nodiscard]] send_token add(promise<delivered> waiting);

  /// A batch with `size` messages: the first of as many consecutive tokens. An
  /// empty batch is answered at once.
  [[nodiscard]] send_token add_batch(promise<batch_outcome> waiting,
                                     std::size_t size);

  /// Messages have come to their end, each of them once.
  void handle_outcome(const send_outcome& outcome);

  /// How many entries are held. However many messages are refused while others
  /// wait, they are at most a few more than twice those that wait.
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

private:
  // Consecutive messages that failed for the same reason: most of a batch may
  // be refused long before the rest comes to its end.
  struct failed_run {
    std::uint64_t index = 0;
    std::uint64_t count = 0;
    send_failure failure;
  };

  struct batch {
    promise<batch_outcome> waiting;
    std::uint64_t delivered = 0;
    std::vector<failed_run> failed;
    // By index, which messages have come to their end.
    std::vector<bool> ended;

    void add_failure(std::uint64_t index, const send_failure& failure);
    [[nodiscard]] batch_outcome outcome() const;
  };

  // Who waits for `size` messages with tokens from `first` on, of which `open`
  // have not come to their end.
  struct entry {
    send_token first = 0;
    std::uint64_t size = 0;
    std::uint64_t open = 0;
    // Most wait for one message: they need not carry what a batch does.
    std::variant<promise<delivered>, std::unique_ptr<batch>> waiting;

    [[nodiscard]] send_token end() const { return first + size; }

    [[nodiscard]] bool contains(send_token token) const {
      return token >= first && token < end();
    }
  };

  [[nodiscard]] entry* find(send_token token);
  void answer(promise<delivered>& waiting,
              const std::optional<send_failure>& failure);
  void answer(batch& x);
  void handle_outcome(entry& x, const send_outcome& outcome);
  void clean_up();

  std::shared_ptr<unanswered_failures> unanswered_;
  send_token next_ = 1;
  fifo<entry> entries_;   // by their tokens
  std::size_t found_ = 0; // where the last one was, before others were removed
  std::size_t ended_ = 0; // of entries_
};

} // namespace node_proxy::internal
