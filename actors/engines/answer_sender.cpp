#include <node_proxy/actors/engines/answer_sender.hpp>

#include <utility>

#include <node_proxy/actors/caf/answers.hpp>
#include <node_proxy/actors/caf/messages.hpp>
#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/engines/answer_form.hpp>

namespace node_proxy::internal {

namespace {

/// The error that CAF answers with for an engine that is not there, or has no
/// such handler.
std::optional<caf::error> error_of_caf(const caf::message& answer) {
  const auto& content = content_of(answer);
  if (!content.match_elements<caf::error>())
    return std::nullopt;
  const auto& error = content.get_as<caf::error>(0);
  if (error == caf::sec::request_receiver_down
      || error == caf::sec::unexpected_message)
    return error;
  return std::nullopt;
}

} // namespace

answer_sender::answer_sender(std::shared_ptr<const engine_interface> types,
                             caf::actor_addr router, engine_id engine,
                             std::shared_ptr<answer_box> without_notes,
                             caf::actor_addr proxy)
  : types_(std::move(types)), router_(std::move(router)),
    engine_(std::move(engine)), without_notes_(std::move(without_notes)),
    proxy_(std::move(proxy)) {}

caf::actor answer_sender::spawn_asker(caf::actor_system& system,
                                      std::shared_ptr<answer_sender> sender) {
  auto asker = system.spawn<caf::actor_companion, caf::hidden>();
  handle_answer_messages(companion_of(asker),
                         [to = std::move(sender)](auto number, auto answer) {
                           to->handle_answer(number, std::move(answer));
                         });
  return asker;
}

void answer_sender::handle_asked(std::uint64_t number, open_answer what) {
  std::lock_guard guard{mutex_};
  if (open_.size() >= max_open)
    open_.erase(open_.begin());
  open_.emplace_hint(open_.end(), number, entry{std::move(what), false, {}});
}

std::optional<caf::error> answer_sender::handle_returned(std::uint64_t number) {
  decltype(open_)::node_type known;
  {
    std::lock_guard guard{mutex_};
    auto x = open_.find(number);
    if (x == open_.end())
      return std::nullopt;
    x->second.returned = true;
    if (!x->second.answer)
      return std::nullopt;
    known = open_.extract(x);
  }
  auto& [what, returned, answer] = known.mapped();
  if (auto error = error_of_caf(*answer))
    return error;
  send(what, *answer, proxy_ ? proxy_ : router_);
  return std::nullopt;
}

std::optional<caf::error> answer_sender::handle_failed(std::uint64_t number) {
  decltype(open_)::node_type known;
  {
    std::lock_guard guard{mutex_};
    known = open_.extract(number);
  }
  if (!known || !known.mapped().answer)
    return std::nullopt;
  return error_of_caf(*known.mapped().answer);
}

void answer_sender::handle_answer(std::uint64_t number, caf::message answer) {
  put_aside(number, std::move(answer));
  if (without_notes_)
    without_notes_->put({number, handle_returned(number), std::nullopt});
}

/// Sends the answer if the handler has returned.
void answer_sender::put_aside(std::uint64_t number, caf::message answer) {
  decltype(open_)::node_type known;
  {
    std::lock_guard guard{mutex_};
    auto x = open_.find(number);
    if (x == open_.end())
      return;
    if (!x->second.returned) {
      // The first answer counts.
      if (!x->second.answer)
        x->second.answer = std::move(answer);
      return;
    }
    known = open_.extract(x);
  }
  send(known.mapped().what, answer, router_);
}

void answer_sender::send(const open_answer& what, const caf::message& answer,
                         const caf::actor_addr& to) const {
  auto next = caf::actor_cast<caf::actor>(to);
  if (!next)
    return; // the node has ended
  node_out_msg msg;
  msg.expiry = rel_time{time_to_live};
  msg.msg = {engine_, what.to, what.mailbox,
             encode_answer(*types_, what.handler, answer)};
  send_anonymously(next, std::move(msg));
}

} // namespace node_proxy::internal
