// Answers to requests, as they come.

#pragma once

#include <utility>

#include <caf/actor_companion.hpp>
#include <caf/all.hpp>
#include <caf/config.hpp>
#include <caf/error.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/sec.hpp>

namespace node_proxy::internal {

/// The companion behind a handle.
inline caf::actor_companion& companion_of(const caf::actor& who) {
  return *static_cast<caf::actor_companion*>(
    caf::actor_cast<caf::abstract_actor*>(who));
}

/// Whether nobody has answered: 1.x says so in the name of who forgot its
/// promise to, 0.17 says nothing. One that ends forgets its promises first.
template <class Content>
bool is_broken_promise([[maybe_unused]] const Content& content) {
#if CAF_MAJOR_VERSION >= 1
  return content.template match_elements<caf::error>()
         && content.template get_as<caf::error>(0) == caf::sec::broken_promise;
#else
  return false;
#endif
}

/// Has `f(number, content, from)` called for each answer that comes to `who`,
/// in the thread of whoever answers. The number is that of the request's
/// `response_id`. `from` is null if CAF answers for an actor that has ended.
template <class F>
void handle_answers(caf::actor_companion& who, F f) {
  who.on_enqueue([f = std::move(f)](const caf::mailbox_element_ptr& x) {
    if (x->mid.is_response() && !is_broken_promise(x->content()))
      f(x->mid.integer_value(), x->content(), x->sender);
  });
}

/// The same with the content as a message, promises that were forgotten
/// included.
template <class F>
void handle_answer_messages(caf::actor_companion& who, F f) {
  who.on_enqueue([f = std::move(f)](const caf::mailbox_element_ptr& x) {
    if (!x->mid.is_response())
      return;
#if CAF_MAJOR_VERSION >= 1
    f(x->mid.integer_value(), std::move(x->payload), x->sender);
#else
    f(x->mid.integer_value(), x->move_content_to_message(), x->sender);
#endif
  });
}

/// Spawns an actor that hands all that it gets to `to`, as it is, in the thread
/// of whoever sends it. It does not keep `to`, after whose end messages go
/// nowhere.
inline caf::actor spawn_forwarder(caf::actor_system& system,
                                  caf::actor_addr to) {
  auto result = system.spawn<caf::actor_companion, caf::hidden>();
  companion_of(result).on_enqueue(
    [to = std::move(to)](caf::mailbox_element_ptr x) {
      if (auto whom = caf::actor_cast<caf::actor>(to))
        caf::actor_cast<caf::abstract_actor*>(whom)->enqueue(std::move(x),
                                                             nullptr);
    });
  return result;
}

} // namespace node_proxy::internal
