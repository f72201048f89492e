// What operators ask a running node.

#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <node_proxy/actors/node_status.hpp>
#include <node_proxy/actors/router.hpp>

#include "control_reply.hpp"
#include "node_names.hpp"
#include "recent_events.hpp"

namespace node_proxy::tools {

/// Asks the Router. Any thread may call, and waits for the answer. Errors:
/// sentences.
class node_questions {
public:
  /// How long a `ping` waits.
  static constexpr std::chrono::seconds ping_patience{5};

  /// @param system and `events` have to live longer.
  node_questions(caf::actor_system& system, router_actor router,
                 node_names names, recent_events& events)
    : system_{system}, router_{std::move(router)}, names_{std::move(names)},
      events_{events} {}

  [[nodiscard]] tl::expected<node_status, std::string> status() const;
  [[nodiscard]] tl::expected<node_metrics, std::string> metrics() const;

  /// Whether the node answers.
  [[nodiscard]] tl::expected<void, std::string> check() const;

  /// Has the connection to a node kept up, or not any more.
  [[nodiscard]] tl::expected<void, std::string>
  set_permanent(const node_id& id, bool permanent) const;

  /// Answers a line of a client with JSON, and one about events with a line for
  /// each, behind one that says so.
  ///
  ///     status
  ///     permanent NODE_ID on|off
  ///     disconnect NODE_ID
  ///     forget NODE_ID
  ///     ping NODE_ID
  ///     events
  void answer(std::string_view request, const control_reply_ptr& reply) const;

  /// What `status` is answered with, if there is no error.
  [[nodiscard]] tl::expected<std::string, std::string> status_text() const;

private:
  std::string answer_about(const node_id& id, std::string_view verb,
                           std::string_view value) const;
  std::string set_permanent(const node_id& id, std::string_view value) const;
  template <class Question>
  std::string part(const node_id& id) const;
  void ping(const node_id& id, control_reply_ptr reply) const;

  caf::actor_system& system_;
  router_actor router_;
  node_names names_;
  recent_events& events_;
};

} // namespace node_proxy::tools
