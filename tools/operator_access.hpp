// How operators reach a running node.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "control_server.hpp"
#include "http_server.hpp"
#include "node_questions.hpp"
#include "recent_events.hpp"

namespace node_proxy::tools {

/// Answers them, in threads of its own, until it ends.
class operator_access {
public:
  /// @param system and `events` have to live longer.
  operator_access(caf::actor_system& system, router_actor router,
                  node_names names, recent_events& events)
    : questions_{system, std::move(router), std::move(names), events},
      events_{events} {}

  operator_access(const operator_access&) = delete;
  operator_access& operator=(const operator_access&) = delete;

  /// Errors: those of `unix_listener::open`.
  [[nodiscard]] tl::expected<void, std::string>
  open_control(const std::string& path);

  /// Errors: those of `http_server::start`.
  [[nodiscard]] tl::expected<void, std::string>
  open_http(const http_address& where);

  /// Whether the node answers.
  [[nodiscard]] bool check() const { return questions_.check().has_value(); }

  /// The node is about to stop.
  void handle_stopping();

private:
  node_questions questions_;
  recent_events& events_;
  std::unique_ptr<control_server> control_;
  std::vector<std::unique_ptr<http_server>> http_;
};

} // namespace node_proxy::tools
