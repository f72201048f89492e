// To learn that an engine is done with a request that it has not answered.

#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include <node_proxy/actors/engines/answer_box.hpp>
#include <node_proxy/actors/engines/answer_sender.hpp>
#include <node_proxy/actors/engines/engine_directory.hpp>

namespace node_proxy::internal {

/// What the notes on all requests to one engine have in common. It does not
/// refer to the engine, whose mailbox refers to it.
struct request_notes {
  std::shared_ptr<answer_box> answers;
  shared_engine_stage stage;
  /// Where the answers of a typed engine go; null of others.
  std::shared_ptr<answer_sender> sender;
};

/// Goes with a request to an engine, and answers in its name when CAF destroys
/// the request. The handler has returned then, and has promised to answer
/// later, or delegated, or forgotten its promise: all of the request is taken.
/// If a handler that has promised, and not answered, throws or ends its actor
/// with an error, it has failed. All else is answered by the engine or, when it
/// has ended, by CAF in its name, before the request is destroyed.
struct request_note {
  request_note() = default;

  request_note(std::shared_ptr<const request_notes> notes, std::uint64_t number)
    : notes_(std::move(notes)), number_(number) {}

  request_note(request_note&&) noexcept = default;

  /// There is one note on a request.
  request_note(const request_note&) noexcept : request_note{} {}

  request_note& operator=(const request_note&) = delete;

  ~request_note() {
    if (notes_)
      handle_destroyed();
  }

private:
  void handle_destroyed() const;

  std::shared_ptr<const request_notes> notes_; // null: it is not on a request
  std::uint64_t number_ = 0;
};

/// This thread hands a request over while this exists. An engine that does not
/// take messages any more destroys the request at once: then that has not been
/// handled.
class request_handover {
public:
  request_handover(const request_notes& notes, std::uint64_t number);

  request_handover(const request_handover&) = delete;
  request_handover& operator=(const request_handover&) = delete;

  ~request_handover();

private:
  friend struct request_note;

  const request_notes& notes_;
  const std::uint64_t number_;
  request_handover* const outer_;
  bool destroyed_ = false;
};

} // namespace node_proxy::internal
