// The way of received messages from a Node Proxy to its local engines.

#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <variant>
#include <vector>

#include <node_proxy/actors/engine_directory.hpp>
#include <node_proxy/actors/engine_requests.hpp>
#include <node_proxy/actors/node_log.hpp>
#include <node_proxy/actors/node_proxy_service.hpp>
#include <node_proxy/actors/request_table.hpp>
#include <node_proxy/protocol/control.hpp>
#include <node_proxy/protocol/fifo.hpp>
#include <node_proxy/protocol/inbox.hpp>

namespace node_proxy {

/// One queue for each engine that had messages from this peer. An engine gets
/// the next ones when it has taken some: what its mailbox holds is bounded, and
/// the rest counts against the peer's window.
class engine_lanes {
public:
  /// Told when messages are taken, or will not be.
  using finished_handler = std::function<void(
    std::span<const delivery_id>, std::optional<control::reject_reason>)>;

  engine_lanes(node_proxy_service::pointer self,
               std::shared_ptr<engine_directory> engines, node_log log,
               finished_handler finished)
    : self_(self), engines_(std::move(engines)), log_(std::move(log)),
      requests_(self), finished_(std::move(finished)) {}

  ~engine_lanes();

  /// Passes a message on, or refuses it at once.
  void deliver(deliver_message&& message);

  /// Engines have answered (`engines_answered`).
  void handle_answers();

  /// What is under way to an engine that is gone is refused.
  void handle(const engine_ended& msg);

private:
  struct lane {
    engine_name name;
    engine_ptr to;
    fifo<deliver_message> waiting;
    std::size_t asked = 0; // requests under way
  };

  struct batch_request {
    std::vector<delivery_id> ids;
    batch_progress handled;
  };

  // A request under way: what an engine was asked to take.
  struct request {
    lane* of = nullptr;
    std::variant<delivery_id, batch_request> what;
  };

  using named_lanes = std::unordered_map<engine_name, lane>;

  expected<lane*, control::reject_reason> find_lane(const engine_name& name);
  void end_lane(named_lanes::iterator position);
  void refuse(const delivery_id& id, control::reject_reason reason);
  void pass_on(lane& x);
  void ask_one(lane& x);
  void ask_batch(lane& x);
  void handle_answer(const engine_requests::answer& answer);
  std::optional<control::reject_reason> reason_of(const caf::error& error,
                                                  const lane& x) const;
  void finish(const request& x, std::optional<control::reject_reason> reason);

  node_proxy_service::pointer self_;
  std::shared_ptr<engine_directory> engines_;
  node_log log_;
  engine_requests requests_;
  finished_handler finished_;
  named_lanes lanes_;
  // Which the last message went to, as most do; nullptr if it is gone.
  named_lanes::pointer recent_ = nullptr;
  request_table<request> asked_;
};

} // namespace node_proxy
