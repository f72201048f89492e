// What atoms are called.

#pragma once

#include <string>

#include <node_proxy/actors/caf/interface_parts.hpp>
#include <node_proxy/actors/caf/version_check.hpp>

namespace node_proxy::internal {

/// The name of an atom, without its namespace and what usually ends it.
template <class T>
std::string atom_text() {
#if CAF_MAJOR_VERSION >= 1
  std::string result{caf::type_name_v<T>};
  if (auto colon = result.rfind(':'); colon != std::string::npos)
    result.erase(0, colon + 1);
  constexpr std::string_view usual = "_atom";
  if (result.ends_with(usual))
    result.resize(result.size() - usual.size());
  return result;
#else
  return caf::to_string(T::get_value());
#endif
}

} // namespace node_proxy::internal
