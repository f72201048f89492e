// To learn that an actor has ended, at once and in the thread where it does.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include <node_proxy/actors/caf/running.hpp>

namespace node_proxy::internal {

/// How an actor has ended. It fails if it ends with an error, as it does when a
/// handler throws. `user_shutdown` is none: that is how users end actors.
enum class actor_end : std::uint8_t { normal, failure };

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
  virtual void handle_end(actor_end how) = 0;

  void actor_exited(const caf::error& reason, unit*) final {
    auto failed = reason && reason != caf::exit_reason::user_shutdown;
    handle_end(failed ? actor_end::failure : actor_end::normal);
  }

  bool matches(const token& what) final;

private:
  id_type id_;
};

/// Leaves a note. If the actor has ended its time has come already.
void attach(const caf::actor& whom, std::unique_ptr<end_note> note);

/// Takes the note back, if it is still there. It may be at work meanwhile.
void detach(const caf::actor& whom, end_note::id_type id);

/// How an actor has ended, if it has, even if others have not been told yet.
[[nodiscard]] std::optional<actor_end> end_of(const caf::actor& whom);

/// Whether an actor takes nothing more: it has ended, or is about to. 0.17
/// first answers what the actor has not come to, and notes the end then.
[[nodiscard]] bool is_over(const caf::actor& whom);

} // namespace node_proxy::internal
