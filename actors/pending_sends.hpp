// Those who wait for the outcome of a message.

#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <variant>

#include <node_proxy/actors/caf_compat.hpp>
#include <node_proxy/actors/engine_messages.hpp>
#include <node_proxy/protocol/outbox.hpp>

namespace node_proxy {

/// One table of all promises that a Node Proxy has given for messages. Whatever
/// way it is left, each of them is kept: the destructor answers those that are
/// left with an error.
class pending_sends {
public:
  pending_sends() = default;
  pending_sends(const pending_sends&) = delete;
  pending_sends& operator=(const pending_sends&) = delete;
  ~pending_sends();

  /// A message of its own.
  [[nodiscard]] send_token add(promise<delivered> waiting);

  /// A batch with `size` messages: the first of as many consecutive tokens. An
  /// empty batch is answered at once.
  [[nodiscard]] send_token add_batch(promise<batch_outcome> waiting,
                                     std::size_t size);

  /// One message has come to its end.
  void handle_outcome(const send_outcome& outcome);

private:
  struct batch {
    promise<batch_outcome> waiting;
    send_token first = 0;
    std::size_t open = 0;
    batch_outcome outcome;
  };

  using entry = std::variant<promise<delivered>, std::shared_ptr<batch>>;

  static void answer(promise<delivered>& waiting, const send_outcome& outcome);
  static void answer(const std::shared_ptr<batch>& waiting,
                     const send_outcome& outcome);

  send_token next_ = 1;
  std::unordered_map<send_token, entry> entries_;
};

} // namespace node_proxy
