#include <node_proxy/actors/engines/engine_requests.hpp>

#include <optional>
#include <utility>

#include <node_proxy/actors/caf/answers.hpp>
#include <node_proxy/actors/caf/sending.hpp>

namespace node_proxy::internal {

namespace {

template <class Content>
engine_answer make_answer(std::uint64_t number, const Content& content,
                          const caf::strong_actor_ptr& from) {
  engine_answer result{number, std::nullopt, std::nullopt};
  if (content.template match_elements<caf::error>())
    result.error = answered_error{content.template get_as<caf::error>(0),
                                  caf::actor_cast<caf::actor_addr>(from)};
  else if (content.template match_elements<batch_taken>())
    result.taken = content.template get_as<batch_taken>(0).count;
  return result;
}

} // namespace

engine_requests::~engine_requests() {
  // Engines that have not answered yet refer to the companion, and to the box,
  // and these to the actor that asked.
  if (!asker_)
    return;
  end_companion(companion());
  box_->close();
}

std::shared_ptr<const request_notes>
engine_requests::notes_on(const engine_entry& engine,
                          std::shared_ptr<answer_sender> sender) {
  return std::make_shared<request_notes>(
    request_notes{box(), engine.stage(), std::move(sender)});
}

const std::shared_ptr<answer_box>& engine_requests::box() {
  if (!asker_)
    start();
  return box_;
}

engine_requests::number_type engine_requests::ask_for(
  const engine_entry& engine, const std::shared_ptr<const request_notes>& notes,
  const caf::actor& asker, open_answer wanted, caf::message msg) {
  auto id = new_id();
  notes->sender->handle_asked(number_of(id), std::move(wanted));
  send(engine, notes, asker, id, std::move(msg));
  return number_of(id);
}

std::vector<engine_answer> engine_requests::take_answers() {
  return box_ ? box_->take() : std::vector<engine_answer>{};
}

void engine_requests::start() {
  box_ = std::make_shared<answer_box>(caf::actor_cast<caf::actor>(self_));
  // Hidden: the end of the actor system does not wait for it.
  asker_ = self_->system().spawn<caf::actor_companion, caf::hidden>();
  internal::handle_answers(
    companion(),
    [box = box_](auto number, const auto& content, const auto& from) {
      box->put(make_answer(number, content, from));
    });
}

caf::actor_companion& engine_requests::companion() const {
  return companion_of(asker_);
}

} // namespace node_proxy::internal
