// The way of received messages from a Node Proxy to its local engines.

#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <variant>
#include <vector>

#include <node_proxy/actors/engines/engine_directory.hpp>
#include <node_proxy/actors/engines/engine_requests.hpp>
#include <node_proxy/actors/engines/request_table.hpp>
#include <node_proxy/actors/log/node_log.hpp>
#include <node_proxy/base/fifo.hpp>
#include <node_proxy/protocol/delivery/inbox.hpp>
#include <node_proxy/protocol/peer/peer_action.hpp>
#include <node_proxy/protocol/wire/control.hpp>

namespace node_proxy::internal {

/// One queue for each engine that had messages from this peer. An engine gets
/// the next ones when it has taken some: what its mailbox holds is bounded, and
/// the rest counts against the peer's window.
///
/// A message is taken when the engine's handler for it has returned, whether it
/// has answered or will do so later. What an engine has not got, or not come
/// to, when it ends is refused. Its successor of the same name begins with what
/// comes then.
class engine_lanes {
public:
  /// Told when messages are taken, or will not be.
  using finished_handler = std::function<void(
    std::span<const delivery_id>, std::optional<control::reject_reason>)>;

  /// @param proxy is `self` if that takes messages to who asks: a Node Proxy.
  engine_lanes(caf::scheduled_actor* self,
               std::shared_ptr<engine_directory> engines, node_log log,
               finished_handler finished, caf::actor_addr proxy = {});

  engine_lanes(const engine_lanes&) = delete;
  engine_lanes& operator=(const engine_lanes&) = delete;

  ~engine_lanes();

  /// Takes in a message for `pass_on_delivered`, or refuses it at once.
  void deliver(deliver_message&& message);

  /// Passes on what was delivered. To be called after all messages that came
  /// together: an engine that takes batches gets one of them, not one for each.
  void pass_on_delivered();

  /// Engines have answered (`engines_answered`).
  void handle_answers();

  void handle(const engine_left& msg);

  /// Engines have nothing that they have not answered.
  [[nodiscard]] bool idle() const { return asked_.open() == 0; }

private:
  // What an engine was asked to take.
  using request = std::variant<delivery_id, std::vector<delivery_id>>;

  struct lane {
    engine_entry_ptr to;
    std::shared_ptr<const request_notes> notes;
    // In whose name a typed engine is asked what wants an answer.
    caf::actor asker;
    fifo<deliver_message> waiting;
    // How many requests it has not answered.
    std::size_t open = 0;
    // What it has not taken of all this.
    std::shared_ptr<untaken_count> untaken = std::make_shared<untaken_count>();
    // It is among those with new messages.
    bool delivered_to = false;
  };

  struct open_request {
    lane* to = nullptr;
    request what;
  };

  // By what never changes: an engine under a name.
  using lanes = std::unordered_map<const engine_entry*, lane>;

  // What has become of the messages of a request: the first ones were taken,
  // the rest will not be.
  struct result {
    std::size_t taken = 0;
    control::reject_reason rest = control::reject_reason::engine_failed;
  };

  expected<lane*, control::reject_reason> find_lane(const engine_id& whom);
  expected<lane*, control::reject_reason> find_or_add(const engine_id& whom);
  void pass_on(lane& x);
  void start(lane& x, const engine_id& name);
  void ask_one(lane& x);
  void ask_typed(lane& x);
  void ask_batch(lane& x);
  void note_asked(lane& x, std::uint64_t number, request what);
  void handle_answer(const engine_answer& answer);
  void finish(lane& x, const request& asked, result what);
  void refuse(const delivery_id& id, control::reject_reason reason);
  void refuse_waiting(lane& x);
  void refuse_asked(lane& x);
  void forget_if_done(lane& x);

  caf::scheduled_actor* self_;
  node_log log_;
  engine_requests requests_;
  std::shared_ptr<engine_directory> engines_;
  finished_handler finished_;
  caf::actor_addr proxy_;
  lanes lanes_;
  // The last one of each name. Its engine may have left.
  std::unordered_map<engine_name, lane*> by_name_;
  // Where the last message went, as most do; may be nullptr.
  lane* recent_ = nullptr;
  // Those with new messages.
  std::vector<lane*> delivered_to_;
  // By the numbers of the requests.
  request_table<open_request> asked_;
};

} // namespace node_proxy::internal
