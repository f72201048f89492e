// What a `node_access` is made of.

#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <node_proxy/actors/engines/unanswered_failures.hpp>
#include <node_proxy/actors/log/node_log.hpp>
#include <node_proxy/actors/loop/event_loop.hpp>
#include <node_proxy/actors/router.hpp>
#include <node_proxy/actors/typed/engine_host.hpp>

namespace node_proxy::internal {

class access_parts {
public:
  access_parts(caf::actor_system& its_system,
               std::shared_ptr<event_loop> its_loop, node_id its_id,
               router_actor its_router, node_log its_log,
               std::shared_ptr<internal::unanswered_failures> its_failures)
    : system(its_system), loop(std::move(its_loop)), id(its_id),
      router(std::move(its_router)), log(std::move(its_log)),
      unanswered(std::move(its_failures)) {}

  access_parts(const access_parts&) = delete;
  access_parts& operator=(const access_parts&) = delete;

  /// Ends all hosts.
  ~access_parts();

  /// `host` ends with this.
  void add_host(const engine_host_actor& host);

  caf::actor_system& system;
  /// Where actors run. Like the Router, null if the node has been shut down.
  const std::shared_ptr<event_loop> loop;
  const node_id id;
  const router_actor router;
  const node_log log;
  const std::shared_ptr<internal::unanswered_failures> unanswered;

private:
  std::mutex mutex_;
  // Of engines for a node of another process.
  std::vector<caf::actor_addr> hosts_;
};

} // namespace node_proxy::internal
