#include <node_proxy/actors/caf/intrusion.hpp>

#include <node_proxy/actors/caf/messages.hpp>
#include <node_proxy/actors/router.hpp>

namespace node_proxy::internal {

namespace {

/// Whether an actor of another process has ended, to which somebody has linked
/// one of ours, or says so.
bool is_foreign_end(const caf::mailbox_element& what) {
  if (!what.content().match_elements<caf::exit_msg>())
    return false;
  const auto& source = what.content().get_as<caf::exit_msg>(0).source;
  auto whom = caf::actor_cast<caf::strong_actor_ptr>(source);
  return whom && whom->node() != whom->home_system->node();
}

} // namespace

#if CAF_MAJOR_VERSION >= 1

bool is_intrusion(const caf::mailbox_element& what, unit* by) {
  // What CAF does in the middleman's threads for other reasons than a message
  // from outside, it does without `by`.
  if (by == nullptr || caf::proxy_registry::current() == nullptr)
    return is_foreign_end(what);
  auto is = [&what]<class T>(const T*) {
    return what.content().match_elements<T>();
  };
#define NODE_PROXY_IS(name) || is(static_cast<const name*>(nullptr))
  return !(false NODE_PROXY_PLAIN_MESSAGES(NODE_PROXY_IS)
             NODE_PROXY_ROUTER_MESSAGES(NODE_PROXY_IS)
               NODE_PROXY_ENUM_MESSAGES(NODE_PROXY_IS)
                 NODE_PROXY_HANDLE_MESSAGES(NODE_PROXY_IS));
#undef NODE_PROXY_IS
}

#else

// Of our messages, those that cannot leave a process do not arrive either.
// CAF's own may, and two of them end whoever gets them.
bool is_intrusion(const caf::mailbox_element& what, unit* by) {
  if (!what.content().match_elements<caf::exit_msg>()
      && !what.content().match_elements<caf::error>())
    return false;
  if (is_foreign_end(what))
    return true;
  // A thread of CAF's scheduler that has worked for the middleman once looks as
  // if it still did. What actors of this process send by it has their name.
  return by != nullptr && by->proxy_registry_ptr() != nullptr
         && (!what.sender || what.sender->node() != by->system().node());
}

#endif

} // namespace node_proxy::internal
