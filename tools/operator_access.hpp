// How operators reach a running node.

#pragma once

#include <memory>
#include <string>

#include "control_server.hpp"
#include "node_questions.hpp"

namespace node_proxy::tools {

/// Answers them, in threads of its own, until it ends.
class operator_access {
public:
  /// @param system has to live longer.
  operator_access(caf::actor_system& system, router_actor router,
                  node_names names)
    : questions_{system, std::move(router), std::move(names)} {}

  operator_access(const operator_access&) = delete;
  operator_access& operator=(const operator_access&) = delete;

  /// Errors: those of `unix_listener::open`.
  [[nodiscard]] expected<void, std::string>
  open_control(const std::string& path);

private:
  node_questions questions_;
  std::unique_ptr<control_server> control_;
};

} // namespace node_proxy::tools
