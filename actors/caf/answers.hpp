// Answers to requests, as they come.

#pragma once

#include <utility>

#include <caf/actor_companion.hpp>
#include <caf/config.hpp>
#include <caf/error.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/sec.hpp>

namespace node_proxy::internal {

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

/// Has `f(number, content)` called for each answer that comes to `who`, in the
/// thread of whoever answers. The number is that of the request's
/// `response_id`.
template <class F>
void handle_answers(caf::actor_companion& who, F f) {
  who.on_enqueue([f = std::move(f)](const caf::mailbox_element_ptr& x) {
    if (x->mid.is_response() && !is_broken_promise(x->content()))
      f(x->mid.integer_value(), x->content());
  });
}

} // namespace node_proxy::internal
