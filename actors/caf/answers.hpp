// Answers to requests, as they come.

#pragma once

#include <utility>

#include <caf/actor_companion.hpp>
#include <caf/mailbox_element.hpp>

namespace node_proxy::internal {

/// Has `f(number, content)` called for each answer that comes to `who`, in the
/// thread of whoever answers. The number is that of the request's
/// `response_id`.
template <class F>
void handle_answers(caf::actor_companion& who, F f) {
  who.on_enqueue([f = std::move(f)](const caf::mailbox_element_ptr& x) {
    if (x->mid.is_response())
      f(x->mid.integer_value(), x->content());
  });
}

} // namespace node_proxy::internal
