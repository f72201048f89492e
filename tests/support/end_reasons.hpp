// All reasons for which a connection may end.

#pragma once

#include <cstddef>
#include <type_traits>
#include <variant>
#include <vector>

#include <node_proxy/protocol/peer/end_reason.hpp>

namespace test {

inline std::vector<node_proxy::internal::end_reason> all_end_reasons() {
  std::vector<node_proxy::internal::end_reason> result;
  auto add = [&result]<class Enum>(std::type_identity<Enum>) {
    for (std::size_t i = 0; i < node_proxy::enum_names<Enum>.size(); ++i)
      result.emplace_back(static_cast<Enum>(i));
  };
  auto add_all =
    [&add]<class... Enums>(std::type_identity<std::variant<Enums...>>) {
      (add(std::type_identity<Enums>{}), ...);
    };
  add_all(std::type_identity<node_proxy::internal::end_reason>{});
  return result;
}

} // namespace test
