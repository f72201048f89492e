#include "operator_access.hpp"

namespace node_proxy::tools {

expected<void, std::string>
operator_access::open_control(const std::string& path) {
  auto listener = unix_listener::open(path);
  if (!listener)
    return unexpected{listener.error()};
  control_ = std::make_unique<control_server>(
    std::move(*listener),
    [this](std::string_view request) { return questions_.answer(request); });
  return {};
}

} // namespace node_proxy::tools
