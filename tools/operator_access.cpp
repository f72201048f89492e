#include "operator_access.hpp"

#include <spdlog/spdlog.h>

namespace node_proxy::tools {

expected<void, std::string>
operator_access::open_control(const std::string& path) {
  auto listener = unix_listener::open(path);
  if (!listener)
    return unexpected{listener.error()};
  control_ = std::make_unique<control_server>(
    std::move(*listener),
    [this](std::string_view request, const control_reply_ptr& reply) {
      questions_.answer(request, reply);
    });
  return {};
}

expected<void, std::string>
operator_access::open_http(const http_address& where) {
  auto server = http_server::start(where, questions_, events_);
  if (!server)
    return unexpected{server.error()};
  spdlog::info("HTTP at {}", (*server)->address().text());
  http_.push_back(std::move(*server));
  return {};
}

void operator_access::handle_stopping() {
  for (auto& x : http_)
    x->handle_stopping();
}

} // namespace node_proxy::tools
