#include <node_proxy/actors/caf_compat.hpp>

#include <algorithm>
#include <cctype>
#include <string>

namespace node_proxy {

namespace {

/// Whether `name` stands in `text`, not as a part of a longer name.
bool has_name(std::string_view text, std::string_view name) {
  auto belongs_to_name = [](char x) {
    return std::isalnum(static_cast<unsigned char>(x)) != 0 || x == '_'
           || x == ':';
  };
  for (auto at = text.find(name); at != std::string_view::npos;
       at = text.find(name, at + 1)) {
    auto end = at + name.size();
    if ((at == 0 || !belongs_to_name(text[at - 1]))
        && (end == text.size() || !belongs_to_name(text[end])))
      return true;
  }
  return false;
}

} // namespace

bool may_handle(const caf::actor& who, std::string_view type) {
  auto signatures = caf::actor_cast<caf::abstract_actor*>(who)->message_types();
  return signatures.empty()
         || std::ranges::any_of(
           signatures, [type](const auto& x) { return has_name(x, type); });
}

} // namespace node_proxy
