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

/// What ends before the access does.
struct access_state {
  /// Null once the actor system ends.
  caf::actor_system* system = nullptr;
  /// Where actors run, and what tells of the end of the actor system, which
  /// waits as long as somebody has it. Null as the system is.
  std::shared_ptr<event_loop> loop;
  /// Null also once the node has been shut down.
  router_actor router;
};

class access_parts final : public system_dependent {
public:
  [[nodiscard]] static std::shared_ptr<access_parts>
  make(access_state state, const node_id& id, node_log log,
       std::shared_ptr<internal::unanswered_failures> unanswered);

  access_parts(const access_parts&) = delete;
  access_parts& operator=(const access_parts&) = delete;

  /// Ends all hosts.
  ~access_parts() override;

  /// `host` ends with this.
  void add_host(const engine_host_actor& host);

  /// The node is about to be shut down.
  void close();

  void handle_system_end() override;

  /// As it is at one moment.
  [[nodiscard]] access_state state() const;

  const node_id id;
  const node_log log;
  const std::shared_ptr<internal::unanswered_failures> unanswered;

private:
  access_parts(access_state state, const node_id& its_id, node_log its_log,
               std::shared_ptr<internal::unanswered_failures> its_failures)
    : id(its_id), log(std::move(its_log)), unanswered(std::move(its_failures)),
      state_(std::move(state)) {}

  mutable std::mutex mutex_;
  access_state state_;
  // Of engines for a node of another process.
  std::vector<caf::actor_addr> hosts_;
};

} // namespace node_proxy::internal
