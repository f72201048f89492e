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
  /// @param sender of answers to those who ask it, if it is typed.
  [[nodiscard]] std::shared_ptr<const request_notes>
  notes_on(const engine_entry& engine,
           std::shared_ptr<answer_sender> sender = nullptr);

  /// Where engines' answers wait for this.
  [[nodiscard]] const std::shared_ptr<answer_box>& box();

  /// Sends `msg` as a request. An engine that has ended answers with an error
  /// before this returns.
  /// @param notes those of this engine.
  template <class Msg>
  number_type ask(const engine_entry& engine,
                  const std::shared_ptr<const request_notes>& notes, Msg msg) {
    auto id = new_id();
    send(engine, notes, asker_, id, std::move(msg));
    return number_of(id);
  }

  /// The same for a typed engine and a message that wants an answer.
  /// @param asker gets it.
  number_type ask_for(const engine_entry& engine,
                      const std::shared_ptr<const request_notes>& notes,
                      const caf::actor& asker, open_answer wanted,
                      caf::message msg);

  /// The answers since the last call.
  [[nodiscard]] std::vector<engine_answer> take_answers();

private:
  static number_type number_of(caf::message_id id) {
    return id.response_id().integer_value();
  }

  caf::message_id new_id() { return new_request_id(companion()); }

  template <class Msg>
  void send(const engine_entry& engine,
            const std::shared_ptr<const request_notes>& notes,
            const caf::actor& asker, caf::message_id id, Msg msg) {
    if (engine.is_remote()) {
      send_as_request(self_, asker, id, engine.engine(), std::move(msg));
      return;
    }
    request_handover here{*notes, number_of(id)};
    send_as_request(self_, asker, id, engine.engine(), std::move(msg),
                    request_note{notes, number_of(id)});
  }

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
