// The way of received messages from a Node Proxy to its local engines.

#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <variant>
#include <vector>

#include <node_proxy/actors/engine_requests.hpp>
#include <node_proxy/actors/node_proxy.hpp>
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

  engine_lanes(node_proxy_actor::pointer self, finished_handler finished)
    : requests_(self), finished_(std::move(finished)) {}

  /// Passes a message on, or refuses it at once.
  void deliver(deliver_message&& message);

  /// Engines have answered (`engines_answered`).
  void handle_answers();

  /// What is under way to engines that are gone is refused.
  void set_engines(std::shared_ptr<const engine_directory> engines);

private:
  struct lane {
    engine_entry to;
    fifo<deliver_message> waiting;
    std::size_t asked = 0; // requests under way
  };

  // A request under way: what an engine was asked to take.
  struct request {
    lane* of = nullptr;
    std::variant<delivery_id, std::vector<delivery_id>> ids;
  };

  lane* find_lane(const engine_name& name);
  void pass_on(lane& x);
  void ask_one(lane& x);
  void ask_batch(lane& x);
  void handle_answer(const engine_requests::answer& answer);
  void finish(const request& x, std::optional<control::reject_reason> reason);
  void refuse_all(lane& x);

  engine_requests requests_;
  finished_handler finished_;
  std::shared_ptr<const engine_directory> engines_;
  using named_lanes = std::unordered_map<engine_name, lane>;

  named_lanes lanes_;
  // Which the last message went to, as most do; nullptr if it is gone.
  named_lanes::pointer recent_ = nullptr;
  request_table<request> asked_;
};

} // namespace node_proxy
