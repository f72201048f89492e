// What operators ask a running node.

#pragma once

#include <string>
#include <string_view>

#include <node_proxy/actors/router.hpp>

#include "node_names.hpp"

namespace node_proxy::tools {

/// Asks the Router. Any thread may call, and waits for the answer. Errors:
/// sentences.
class node_questions {
public:
  /// @param system has to live longer.
  node_questions(caf::actor_system& system, router_actor router,
                 node_names names)
    : system_{system}, router_{std::move(router)}, names_{std::move(names)} {}

  [[nodiscard]] expected<node_status, std::string> status() const;
  [[nodiscard]] expected<node_metrics, std::string> metrics() const;

  /// Whether the node answers.
  [[nodiscard]] expected<void, std::string> check() const;

  /// Has the connection to a node kept up, or not any more.
  [[nodiscard]] expected<void, std::string> set_permanent(const node_id& id,
                                                          bool permanent) const;

  /// The answer to a line of a client: JSON.
  ///
  ///     status
  ///     permanent NODE_ID on|off
  [[nodiscard]] std::string answer(std::string_view request) const;

  /// What `status` is answered with, if there is no error.
  [[nodiscard]] expected<std::string, std::string> status_text() const;

private:
  caf::actor_system& system_;
  router_actor router_;
  node_names names_;
};

} // namespace node_proxy::tools
