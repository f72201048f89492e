// One `inspect` for all plain messages. CAF finds it by argument-dependent
// lookup, so it is in our namespace. It must be a free function, and there must
// be no free `serialize` beside it, which 0.17 would prefer.

#pragma once

#include <string>
#include <tuple>
#include <type_traits>

#include <caf/config.hpp>
#include <caf/error.hpp>
#include <caf/message.hpp>
#include <caf/sec.hpp>
#include <caf/type_id.hpp>

#include <node_proxy/actors/caf/version_check.hpp>
#include <node_proxy/actors/error.hpp>
#include <node_proxy/base/export.hpp>
#include <node_proxy/messages/basics.hpp>
#include <node_proxy/messages/transport_address.hpp>

namespace node_proxy {

/// Whether `T` is in the list NODE_PROXY_PLAIN_MESSAGES.
template <class T>
inline constexpr bool is_plain_message = false;

/// Whether `T` is in the list NODE_PROXY_HANDLE_MESSAGES.
template <class T>
inline constexpr bool is_handle_message = false;

/// A message with handles of actors, see `fields`.
template <class T>
concept handle_message = is_handle_message<T>;

/// A plain message that our `inspect` is for. 0.17 transmits an enum that is a
/// message by itself as its number, and leaves it to the receiver what to do
/// with a number that has no name.
template <class T>
concept plain_message = is_plain_message<T>
#if CAF_MAJOR_VERSION < 1
  && !std::is_enum_v<T>
#endif
  ;

/// The BARE encoding of `x`, unchecked (`bare_values`); nothing if it has none,
/// such as an enum without a name. Defined for plain messages in
/// messages.cpp, which keeps the archives out of all that includes this.
template <class T>
[[nodiscard]] NODE_PROXY_EXPORT bool message_to_bare(const T& x, bytes& bare);

/// Reads `x` from its BARE encoding. Returns whether it was one.
template <class T>
[[nodiscard]] NODE_PROXY_EXPORT bool message_from_bare(bytes_view bare, T& x);

/// `x` with the names of its fields. Defined as those above.
template <class T>
[[nodiscard]] NODE_PROXY_EXPORT std::string message_to_text(const T& x);

/// The message as people read it, which is what `caf::deep_to_string` and CAF's
/// log have of it: `{sender: {node: none, name: "a"}, ...}`. Octets are in
/// hexadecimal; of what is long there is the beginning. (An address has a form
/// of its own.)
template <plain_message T>
  requires(!std::is_enum_v<T> && !std::is_same_v<T, tcp_addr>)
[[nodiscard]] std::string to_string(const T& x) {
  return message_to_text(x);
}

#if CAF_MAJOR_VERSION >= 1

template <class Inspector, plain_message T>
bool inspect(Inspector& f, T& x) {
  auto get = [&x] {
    bytes bare;
    if (!message_to_bare(x, bare))
      bare.clear();
    return bare;
  };
  // What has no encoding arrives empty, and is refused as such. No failure
  // helps: one of the sender silences its middleman, and one of the receiver
  // crashes it if the message has no sender.
  auto set = [&x](const bytes& bare) {
    return bare.empty() || message_from_bare(bare, x);
  };
  return f.object(x).fields(f.field("bare", get, set));
}

template <class Inspector, handle_message T>
bool inspect(Inspector& f, T& x) {
  return std::apply(
    [&](auto&... fields) {
      return f.object(x).fields(f.field("value", fields)...);
    },
    x.fields());
}

template <class Inspector>
bool inspect(Inspector& f, errc& x) {
  auto get = [&x] {
    return static_cast<std::uint8_t>(x);
  };
  auto set = [&x](std::uint8_t value) {
    return from_integer(value, x);
  };
  return f.apply(get, set);
}

#else

template <class Inspector, plain_message T>
typename Inspector::result_type inspect(Inspector& f, T& x) {
  constexpr auto name = caf::meta::type_name(caf::type_name<T>::value);
  using result = typename Inspector::result_type;
  // A string, as 0.17 has no vector of bytes.
  std::string text;
  if constexpr (std::is_same_v<result, caf::error>) {
    if constexpr (Inspector::reads_state) {
      bytes bare;
      if (!message_to_bare(x, bare))
        return caf::sec::invalid_argument;
      text = as_text(bare);
      return f(name, text);
    } else {
      if (auto error = f(name, text))
        return error;
      if (!message_from_bare(as_bytes(text), x))
        return caf::sec::invalid_argument;
      return caf::none;
    }
  } else {
    text = message_to_text(x);
    return f(name, text);
  }
}

template <class Inspector, handle_message T>
typename Inspector::result_type inspect(Inspector& f, T& x) {
  return std::apply(
    [&](auto&... fields) {
      return f(caf::meta::type_name(caf::type_name<T>::value), fields...);
    },
    x.fields());
}

#endif

} // namespace node_proxy
