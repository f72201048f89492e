// To learn that an actor has ended, at once and in the thread where it does.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include <node_proxy/actors/caf/running.hpp>

namespace node_proxy::internal {

/// Is left on an actor. Unlike CAF's monitors it needs no mailbox: what it does
/// comes before, or between, the messages to those who monitor the actor, when
/// that does not take any more messages itself.
class end_note : public caf::attachable {
public:
  using id_type = std::uint64_t;

  /// Is that of no other one in this process.
  [[nodiscard]] static id_type new_id();

  explicit end_note(id_type id) : id_(id) {}

  /// The actor has ended. Called once, without a lock of the actor.
  virtual void handle_end() = 0;

  void actor_exited(const caf::error&, unit*) final { handle_end(); }
  bool matches(const token& what) final;

private:
  id_type id_;
};

/// Leaves a note. If the actor has ended its time has come already.
void attach(const caf::actor& whom, std::unique_ptr<end_note> note);

/// Takes the note back, if it is still there. It may be at work meanwhile.
void detach(const caf::actor& whom, end_note::id_type id);

/// Whether an actor has ended, even if others have not been told yet.
[[nodiscard]] bool has_ended(const caf::actor& whom);

} // namespace node_proxy::internal
