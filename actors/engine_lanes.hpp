// The way of received messages from a Node Proxy to its local engines.

#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include <node_proxy/actors/node_proxy.hpp>
#include <node_proxy/protocol/control.hpp>
#include <node_proxy/protocol/inbox.hpp>

namespace node_proxy {

/// One queue for each engine that has messages from this peer. An engine gets
/// the next ones when it has taken some: what its mailbox holds is bounded, and
/// the rest counts against the peer's window.
class engine_lanes {
public:
  /// Told when messages are taken, or will not be.
  using finished_handler = std::function<void(
    const delivery_id&, std::optional<control::reject_reason>)>;

  engine_lanes(node_proxy_actor::pointer self, finished_handler finished)
    : self_(self), finished_(std::move(finished)) {}

  /// Passes a message on, or refuses it at once.
  void deliver(deliver_message message);

  /// What is under way to engines that are gone is refused.
  void set_engines(std::shared_ptr<const engine_directory> engines);

private:
  // Names one request to an engine.
  using request_number = std::uint64_t;

  struct lane {
    engine_entry to;
    std::deque<deliver_message> waiting;
    // Messages that the engine was asked to take, by request.
    std::map<request_number, std::vector<delivery_id>> asked;
  };

  void pass_on(lane& x, const engine_name& name);
  void ask_one(lane& x, const engine_name& name);
  void ask_batch(lane& x, const engine_name& name);
  template <class Msg>
  void ask(lane& x, const engine_name& name, Msg msg,
           std::vector<delivery_id> ids);
  void handle_answer(const engine_name& name, request_number request,
                     std::optional<control::reject_reason> reason);
  void refuse_all(const lane& x);

  node_proxy_actor::pointer self_;
  finished_handler finished_;
  std::shared_ptr<const engine_directory> engines_;
  std::unordered_map<engine_name, lane> lanes_;
  request_number last_request_ = 0;
};

} // namespace node_proxy
