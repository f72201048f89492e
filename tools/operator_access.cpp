#include "operator_access.hpp"

#include <spdlog/spdlog.h>

namespace node_proxy::tools {

tl::expected<void, std::string>
operator_access::open_control(const std::string& path) {
  auto listener = unix_listener::open(path);
  if (!listener)
    return tl::unexpected{listener.error()};
  control_ = std::make_unique<control_server>(
    std::move(*listener),
    [this](std::string_view request, const control_reply_ptr& reply) {
      questions_.answer(request, reply);
    });
  return {};
}

tl::expected<void, std::string>
operator_access::open_http(const http_address& where) {
  auto server = http_server::start(where, questions_, events_);
  if (!server)
    return tl::unexpected{server.error()};
  spdlog::info("HTTP at {}", (*server)->address().text());
  http_.push_back(std::move(*server));
  return {};
}

void operator_access::handle_stopping() {
  for (auto& x : http_)
    x->handle_stopping();
}

} // namespace node_proxy::tools
