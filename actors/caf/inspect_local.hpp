// The `inspect` of messages that stay in their actor system.

#pragma once

#include <type_traits>

#include <caf/all.hpp>

namespace node_proxy::internal {

/// Whether `T` is in the list NODE_PROXY_LOCAL_MESSAGES.
template <class T>
inline constexpr bool is_local_message = false;

/// A message that has no form outside of its actor system.
template <class T>
concept local_message = is_local_message<T>;

#if CAF_MAJOR_VERSION >= 1

// It has a name and no content. That it does not fail is for the same reason as
// with plain messages; who gets it from another process does without it
// (`loop_actor`).
template <class Inspector, local_message T>
bool inspect(Inspector& f, T& x) {
  return f.object(x).fields();
}

#else

template <class Inspector, local_message T>
typename Inspector::result_type inspect(Inspector& f, T&) {
  using result = typename Inspector::result_type;
  if constexpr (std::is_same_v<result, caf::error>)
    return caf::sec::invalid_argument;
  else
    return f(caf::meta::type_name(caf::type_name<T>::value));
}

#endif

} // namespace node_proxy::internal
