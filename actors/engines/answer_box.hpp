// Where the answers of engines wait for whoever asked.

#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include <node_proxy/actors/caf/compat.hpp>

namespace node_proxy::internal {

/// Engines have answered.
struct engines_answered {};

/// An error as an answer to a request.
struct answered_error {
  caf::error error;
  /// Who says so. Null: CAF, of an actor that has ended, or this module, of the
  /// engine that was asked.
  caf::actor_addr from;
};

/// What has become of a request to an engine.
struct engine_answer {
  /// That of the request.
  std::uint64_t number = 0;
  /// None if the engine's handler has returned anything else.
  std::optional<answered_error> error;
  /// How much of a batch it has taken, if it says so.
  std::optional<std::uint64_t> taken;
};

/// Answers come from any thread, the first one for a request counts. Their
/// owner gets one `engines_answered`, however many there are, until it takes
/// them.
class answer_box {
public:
  explicit answer_box(caf::actor owner);

  answer_box(const answer_box&) = delete;
  answer_box& operator=(const answer_box&) = delete;

  void put(engine_answer answer);

  [[nodiscard]] std::vector<engine_answer> take();

  /// Forgets the owner. What comes now is of no interest.
  void close();

  /// Is that of no other one in this process.
  [[nodiscard]] std::uint64_t id() const { return id_; }

  /// Whether the last answer that this thread has put into any box is that to
  /// this request: most are, when a handler has just returned.
  [[nodiscard]] bool was_last(std::uint64_t number) const;

private:
  const std::uint64_t id_;
  std::mutex mutex_;
  std::vector<engine_answer> answers_;
  caf::actor owner_; // until it is closed
};

} // namespace node_proxy::internal
