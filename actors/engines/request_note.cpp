#include <node_proxy/actors/engines/request_note.hpp>

#include <exception>
#include <optional>

#include <node_proxy/actors/error.hpp>

namespace node_proxy::internal {

namespace {

// The innermost one of this thread; handing over may run an actor that does so
// itself.
thread_local constinit request_handover* handover = nullptr;

} // namespace

void request_note::handle_destroyed() const {
  auto& answers = *notes_->answers;
  if (answers.was_last(number_))
    return;
  if (handover != nullptr && handover->notes_.answers == notes_->answers
      && handover->number_ == number_) {
    handover->destroyed_ = true;
    return;
  }
  engine_answer answer{number_, std::nullopt, std::nullopt};
  // A handler of a blocking actor throws through whoever holds the request; of
  // other actors the end has been noted before.
  if (std::uncaught_exceptions() > 0 || *notes_->stage == engine_stage::failed)
    answer.error = answered_error{caf::make_error(caf::sec::runtime_error), {}};
  if (auto sender = notes_->sender.get()) {
    // The first answer counts, whatever the handler does then.
    if (answer.error && sender->has_result(number_))
      answer.error = std::nullopt;
    // What an engine has skipped was given back when it ended. In 1.x its end
    // has been noted by then.
    if (!answer.error)
      answer.error = sender->handle_returned(number_);
    else if (auto skipped = sender->handle_failed(number_))
      answer.error = skipped;
  }
  answers.put(std::move(answer));
}

request_handover::request_handover(const request_notes& notes,
                                   std::uint64_t number)
  : notes_(notes), number_(number), outer_(handover) {
  handover = this;
}

request_handover::~request_handover() {
  handover = outer_;
  // CAF has answered for an engine that has ended, but not for a companion.
  if (!destroyed_ || notes_.answers->was_last(number_))
    return;
  if (notes_.sender)
    notes_.sender->handle_failed(number_);
  notes_.answers->put(
    {number_, answered_error{make_error(errc::engine_gone), {}}, std::nullopt});
}

} // namespace node_proxy::internal
