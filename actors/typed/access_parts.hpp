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

class access_parts final : public system_dependent {
public:
  /// @param system null if it has ended, as are the following.
  /// @param loop like the Router, null of a node that has been shut down.
  [[nodiscard]] static std::shared_ptr<access_parts>
  make(caf::actor_system* system, const std::shared_ptr<event_loop>& loop,
       const node_id& id, router_actor router, node_log log,
       std::shared_ptr<internal::unanswered_failures> unanswered);

  access_parts(const access_parts&) = delete;
  access_parts& operator=(const access_parts&) = delete;

  /// Ends all hosts.
  ~access_parts() override;

  /// `host` ends with this.
  void add_host(const engine_host_actor& host);

  void handle_system_end() override;

  /// Null once the actor system ends.
  [[nodiscard]] caf::actor_system* system() const;

  /// Where actors run: null if the node has been shut down, or the actor system
  /// ends.
  [[nodiscard]] std::shared_ptr<event_loop> loop() const;

  /// Null likewise.
  router_actor router;
  const node_id id;
  const node_log log;
  const std::shared_ptr<internal::unanswered_failures> unanswered;

private:
  access_parts(caf::actor_system* system, std::shared_ptr<event_loop> loop,
               const node_id& its_id, router_actor its_router, node_log its_log,
               std::shared_ptr<internal::unanswered_failures> its_failures)
    : router(std::move(its_router)), id(its_id), log(std::move(its_log)),
      unanswered(std::move(its_failures)), system_(system),
      loop_(std::move(loop)) {}

  mutable std::mutex mutex_;
  caf::actor_system* system_;
  std::shared_ptr<event_loop> loop_;
  // Of engines for a node of another process.
  std::vector<caf::actor_addr> hosts_;
};

} // namespace node_proxy::internal
