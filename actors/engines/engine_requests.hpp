// Requests to engines of this node.

#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <caf/actor_companion.hpp>

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/actors/caf/running.hpp>
#include <node_proxy/actors/engines/answer_box.hpp>
#include <node_proxy/actors/engines/request_note.hpp>
#include <node_proxy/actors/local_messages.hpp>

namespace node_proxy::internal {

/// Asks engines to take messages, and gathers their answers: however many
/// there are, they cost the asking actor one `engines_answered` in its mailbox
/// until it takes them. CAF's own `request` costs a message and a handler for
/// each answer, and time that grows with the number of open requests.
///
/// An engine has answered when its handler has returned, even if it answers
/// later (`request_note`). Engines in other processes have when their answer
/// is here.
class engine_requests {
public:
  /// Names a request. Later ones have higher numbers.
  using number_type = std::uint64_t;

  /// @param self is told of answers by `engines_answered`, which it handles.
  explicit engine_requests(caf::scheduled_actor* self) : self_(self) {}

  engine_requests(const engine_requests&) = delete;
  engine_requests& operator=(const engine_requests&) = delete;

  ~engine_requests();

  /// What requests to this engine have in common.
  [[nodiscard]] std::shared_ptr<const request_notes>
  notes_on(const engine_entry& engine);

  /// Sends `msg` as a request. An engine that has ended answers with an error
  /// before this returns.
  /// @param notes those of this engine.
  template <class Msg>
  number_type ask(const engine_entry& engine,
                  const std::shared_ptr<const request_notes>& notes, Msg msg) {
    auto id = companion().new_request_id(caf::message_priority::normal);
    auto number = id.response_id().integer_value();
    if (engine.is_remote()) {
      send_as_request(self_, asker_, id, engine.engine(), std::move(msg));
      return number;
    }
    request_handover here{*box_, number};
    send_as_request(self_, asker_, id, engine.engine(), std::move(msg),
                    request_note{notes, number});
    return number;
  }

  /// The answers since the last call.
  [[nodiscard]] std::vector<engine_answer> take_answers();

private:
  void start();
  [[nodiscard]] caf::actor_companion& companion() const;

  caf::scheduled_actor* self_;
  // There is neither before the first engine is asked.
  std::shared_ptr<answer_box> box_;
  // In whose name requests are sent, a companion: CAF hands it the answers in
  // the thread of whoever answers.
  caf::actor asker_;
};

} // namespace node_proxy::internal
