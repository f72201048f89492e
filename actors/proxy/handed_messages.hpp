// Messages that another process of this node is to deliver.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/actors/caf/messages.hpp>
#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/engines/unanswered_failures.hpp>
#include <node_proxy/actors/exchange_messages.hpp>
#include <node_proxy/protocol/delivery/send_error.hpp>

namespace node_proxy::internal {

/// Gets what became of the messages of a batch.
using batch_answer = std::function<void(batch_outcome)>;

/// For somebody who waits for one message, or does not wait at all.
[[nodiscard]] batch_answer
answer_to(promise<delivered> waiting,
          std::shared_ptr<unanswered_failures> unanswered);

/// The same for a batch.
[[nodiscard]] batch_answer
answer_to(promise<batch_outcome> waiting,
          std::shared_ptr<unanswered_failures> unanswered);

/// All of so many messages have failed.
[[nodiscard]] batch_outcome failed_batch(std::size_t size,
                                         const send_failure& failure);

/// What all messages together count in the bounds of a link, in octets.
[[nodiscard]] std::uint64_t cost_of(const node_out_batch& batch);

/// Has all messages name the node that they are for, as they need not if they
/// were sent to its Node Proxy.
/// @returns whether none names another one.
[[nodiscard]] bool name_target(node_out_batch& batch, const node_id& target);

/// Has a Node Proxy, or what delivers within this node, deliver a batch.
template <class Self, class Handle, class Batch>
void ask_to_deliver(Self* self, const Handle& whom, Batch batch,
                    std::size_t size, batch_answer answer) {
  auto shared = std::make_shared<batch_answer>(std::move(answer));
  send_request(self, whom, caf::infinite, std::move(batch))
    .then([shared](batch_outcome& outcome) { (*shared)(std::move(outcome)); },
          [shared, size](const caf::error&) {
            (*shared)(failed_batch(size, {send_error::unconfirmed}));
          });
}

/// Those who wait for what another process delivers. Whatever becomes of that,
/// each is answered once: when this ends nobody knows what became of the rest.
class handed_messages {
public:
  handed_messages() = default;
  handed_messages(const handed_messages&) = delete;
  handed_messages& operator=(const handed_messages&) = delete;

  ~handed_messages() {
    fail_all(send_failure::unconfirmed_cause::shutting_down);
  }

  /// A batch is handed on.
  /// @returns its number.
  [[nodiscard]] std::uint64_t add(std::size_t size, batch_answer answer);

  /// The other process says what became of it; once.
  void handle_outcome(std::uint64_t number, batch_outcome outcome);

  /// The other process will not say.
  void fail_all(send_failure::unconfirmed_cause cause);

private:
  struct open_batch {
    std::size_t size = 0;
    batch_answer answer;
  };

  std::uint64_t last_ = 0;
  std::unordered_map<std::uint64_t, open_batch> open_;
};

} // namespace node_proxy::internal
