#include <node_proxy/actors/engines/answer_sender.hpp>

#include <utility>

#include <node_proxy/actors/caf/answers.hpp>
#include <node_proxy/actors/caf/messages.hpp>
#include <node_proxy/actors/caf/running.hpp>
#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/engines/answer_form.hpp>
#include <node_proxy/actors/engines/engine_fault.hpp>

namespace node_proxy::internal {

namespace {

bool is_error(const caf::message& answer) {
  return content_of(answer).match_elements<caf::error>();
}

} // namespace

answer_sender::answer_sender(std::shared_ptr<const engine_interface> types,
                             caf::actor_addr router, engine_id engine,
                             caf::actor_addr actor,
                             std::shared_ptr<answer_box> without_notes,
                             caf::actor_addr proxy)
  : types_(std::move(types)), router_(std::move(router)),
    engine_(std::move(engine)), actor_(std::move(actor)),
    without_notes_(std::move(without_notes)), proxy_(std::move(proxy)) {}

caf::actor answer_sender::spawn_asker(caf::actor_system& system,
                                      std::shared_ptr<answer_sender> sender) {
  auto asker = system.spawn<caf::actor_companion, caf::hidden>();
  handle_answer_messages(
    companion_of(asker),
    [to = std::move(sender)](auto number, auto answer, const auto& from) {
      to->handle_answer(number, std::move(answer), from);
    });
  return asker;
}

void answer_sender::handle_asked(std::uint64_t number, open_answer what) {
  decltype(open_)::node_type oldest;
  {
    std::lock_guard guard{mutex_};
    if (open_.size() >= max_open)
      oldest = open_.extract(open_.begin());
    open_.emplace_hint(open_.end(), number,
                       entry{std::move(what), false, {}, {}});
  }
  if (oldest)
    send_failure(oldest.mapped().what, "the engine owes too many answers");
}

std::optional<answered_error>
answer_sender::handle_returned(std::uint64_t number) {
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
  const auto& x = known.mapped();
  if (auto fault = fault_in(x))
    return fault;
  send(x.what, *x.answer, proxy_ ? proxy_ : router_);
  return std::nullopt;
}

bool answer_sender::has_result(std::uint64_t number) {
  std::lock_guard guard{mutex_};
  auto x = open_.find(number);
  return x != open_.end() && x->second.answer && !is_error(*x->second.answer);
}

std::optional<answered_error>
answer_sender::handle_failed(std::uint64_t number) {
  decltype(open_)::node_type known;
  {
    std::lock_guard guard{mutex_};
    known = open_.extract(number);
  }
  return known ? fault_in(known.mapped()) : std::nullopt;
}

void answer_sender::handle_answer(std::uint64_t number, caf::message answer,
                                  const caf::strong_actor_ptr& from) {
  put_aside(number, std::move(answer), from);
  if (without_notes_)
    without_notes_->put({number, handle_returned(number), std::nullopt});
}

/// Sends the answer if the handler has returned.
void answer_sender::put_aside(std::uint64_t number, caf::message answer,
                              const caf::strong_actor_ptr& from) {
  decltype(open_)::node_type known;
  {
    std::lock_guard guard{mutex_};
    auto x = open_.find(number);
    if (x == open_.end())
      return;
    if (!x->second.returned) {
      // The first answer counts.
      if (x->second.answer)
        return;
      if (is_error(answer))
        x->second.from = caf::actor_cast<caf::actor_addr>(from);
      x->second.answer = std::move(answer);
      return;
    }
    known = open_.extract(x);
  }
  send(known.mapped().what, answer, router_);
}

/// What has been answered if that is not for the asker.
std::optional<answered_error> answer_sender::fault_in(const entry& x) const {
  if (!x.answer || !is_error(*x.answer))
    return std::nullopt;
  answered_error result{content_of(*x.answer).get_as<caf::error>(0), x.from};
  return fault_of(result, actor_) ? std::optional{std::move(result)}
                                  : std::nullopt;
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
  if (msg.msg.msg.size() < large_answer)
    send_anonymously(next, std::move(msg));
  else
    send_large(next, what, std::move(msg));
}

/// Sends it in the name of somebody who learns what becomes of it. It is in
/// order with other answers, as it goes from here.
void answer_sender::send_large(const caf::actor& next, const open_answer& what,
                               node_out_msg msg) const {
  auto& system = caf::actor_cast<caf::abstract_actor*>(next)->home_system();
  auto waiting = system.spawn<caf::actor_companion, caf::hidden>();
  handle_answers(
    companion_of(waiting),
    [self = shared_from_this(), what, address = waiting.address(),
     is_known = is_remote(next)](auto, const auto& content, const auto&) {
      if (content.template match_elements<caf::error>())
        self->handle_unsent(what, content.template get_as<caf::error>(0));
      if (is_known)
        end_companion_later(caf::actor_cast<caf::actor>(address));
    });
  send_as_request(waiting, next, std::move(msg));
}

/// An answer was not sent.
void answer_sender::handle_unsent(const open_answer& what,
                                  const caf::error& why) const {
  // Otherwise a shorter one would not get there, either.
  auto code = code_of(why);
  if (code == errc::too_large || code == errc::outbox_full)
    send_failure(what, "the engine's answer cannot be sent: " + describe(why));
}

/// There will be no answer of the engine.
void answer_sender::send_failure(const open_answer& what,
                                 std::string text) const {
  send(what,
       caf::make_message(make_error(errc::engine_failed, std::move(text))),
       router_);
}

} // namespace node_proxy::internal
