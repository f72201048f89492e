// Requests to engines of this node.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <caf/actor_companion.hpp>

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/actors/caf/running.hpp>
#include <node_proxy/actors/local_messages.hpp>

namespace node_proxy::internal {

/// Engines have answered.
struct engines_answered {};

/// Asks engines to take messages, and gathers their answers: however many
/// there are, they cost the asking actor one `engines_answered` in its mailbox
/// until it takes them. CAF's own `request` costs a message and a handler for
/// each answer, and time that grows with the number of open requests.
class engine_requests {
public:
  /// Names a request. Later ones have higher numbers.
  using number_type = std::uint64_t;

  struct answer {
    number_type number = 0;
    /// None if the engine's handler has returned anything else.
    std::optional<caf::error> error;
    /// How much of a batch it has taken, if it says so.
    std::optional<std::uint64_t> taken;
  };

  /// @param self is told of answers by `engines_answered`, which it handles.
  explicit engine_requests(caf::scheduled_actor* self) : self_(self) {}

  engine_requests(const engine_requests&) = delete;
  engine_requests& operator=(const engine_requests&) = delete;

  ~engine_requests();

  /// Sends `msg` as a request. An engine that has ended answers with an error
  /// before this returns.
  template <class Msg>
  number_type ask(const caf::actor& engine, Msg msg) {
    if (!asker_)
      start();
    auto id = companion().new_request_id(caf::message_priority::normal);
    send_as_request(self_, asker_, id, engine, std::move(msg));
    return id.response_id().integer_value();
  }

  /// The answers since the last call.
  [[nodiscard]] std::vector<answer> take_answers();

private:
  class answer_box;

  void start();
  [[nodiscard]] caf::actor_companion& companion() const;

  caf::scheduled_actor* self_;
  // There is neither before the first request.
  std::shared_ptr<answer_box> box_;
  // In whose name requests are sent, a companion: CAF hands it the answers in
  // the thread of whoever answers.
  caf::actor asker_;
};

} // namespace node_proxy::internal
