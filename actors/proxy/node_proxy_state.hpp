// What a Node Proxy is made of.

#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>

#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/engines/engine_lanes.hpp>
#include <node_proxy/actors/loop/now.hpp>
#include <node_proxy/actors/proxy/node_proxy_service.hpp>
#include <node_proxy/actors/proxy/pending_sends.hpp>
#include <node_proxy/messages/node_proxy_msg.hpp>
#include <node_proxy/protocol/node/retirement.hpp>
#include <node_proxy/protocol/peer/peer.hpp>

namespace node_proxy::internal {

/// The shell around a `peer`: feeds it, does what it says, keeps its time.
class node_proxy_state {
public:
  explicit node_proxy_state(node_proxy_service::pointer self) : self_(self) {
    // nop
  }

  node_proxy_state(const node_proxy_state&) = delete;
  node_proxy_state& operator=(const node_proxy_state&) = delete;

  ~node_proxy_state() {
    // However this ends, what it has counted is not lost.
    if (peer_)
      tell_counted();
    // The Router is not to keep all who ever watched it.
    if (retirement_.retired() && retirement_.given_out())
      demonitor_end(self_, services_->router.address());
  }

  void start(node_proxy_config config);

  // -- handlers ---------------------------------------------------------------

  /// What users may say, too.
  template <class Reply, class Msg>
  caf::result<Reply> handle_direct(const Msg& msg);

  /// Before what only the Router says.
  void handle_routed();

  caf::result<delivered> handle(const node_out_msg& msg);
  caf::result<batch_outcome> handle(const node_out_batch& batch);
  caf::result<connect_reply> handle(const connect_request& request);
  void handle(proxy_order& msg);
  void handle(const connection_ready& msg);
  void handle_tick();
  void handle_flush();

  void handle_flush_queued() {
    flush_queued_ = false;
    handle_flush();
  }

  void handle_turns_over();
  void handle_answers();
  void handle(const engine_left& msg);

  parted handle(const part_from_peer& msg) {
    handle_routed();
    auto was = peer_->status(now());
    auto ok = peer_->handle_parting(msg.forget, now_);
    handle_flush();
    return {was.waiting.messages, was.untaken, !ok};
  }

  void handle(const retire&);

  void handle(const get_peer_metrics& msg) const {
    // The Router got those of one that has retired with its offer.
    if (peer_)
      msg.call->answer({self_->id(), peer_->metrics()});
  }

  void handle(const get_peer_status& msg) {
    if (peer_)
      msg.call->answer(peer_->status(now()));
  }

private:
  // Of all Node Proxies whose turn it is in this thread.
  static frame_memory& memory_of_frames();

  void look_at_clock() { now_ = now_of(self_); }

  const timestamp& now() {
    look_at_clock();
    return now_;
  }

  void obey(attach_session& order);
  void obey(const stop_node_proxy& order);

  void obey(const local_advert_changed& order) {
    peer_->handle_local_advert(order.advert, now());
    act();
  }

  void obey(const connect_now&) {
    peer_->handle_connect(now());
    act();
  }

  void obey(const way_back&) {
    peer_->handle_way_back(now());
    act();
  }

  void obey(const seek&) {
    peer_->handle_seek(now());
    act();
  }

  void obey(const regarded& order) {
    peer_->handle_standing(order.standing, now());
    act();
  }

  void obey(const displaced&) {
    peer_->handle_displacement(now());
    handle_flush();
  }

  void obey(const looked_up&) {
    retirement_.handle_given_out(now().steady
                                 + services_->settings->idle_timeout);
    act();
  }

  void obey(const routed_mark&) { act(); }

  template <class Reply, class Msg>
  void take_or_pass_on(const Msg& msg, promise<Reply> waiting);
  template <class Reply, class Msg>
  void pass_on(const Msg& msg, promise<Reply> waiting);
  void release_held();
  void take(const node_out_msg& msg, promise<delivered> waiting);
  void take(const node_out_batch& batch, promise<batch_outcome> waiting);
  void take(const node_msg& msg, promise<node_msg_taken> waiting);
  void take(const connect_reply& reply, promise<done> waiting);
  void take(const node_advert& advert, promise<node_advert_reply> waiting);
  void take(connection_permanence permanence, promise<done> waiting);

  void act();
  void tell_counted();
  bool waits_for_engines() const;
  void offer_rest();
  void send(send_token token, const node_out_msg& msg, time_limit limit = {});
  void flush_soon();
  void arm_tick();
  void add(const connection_ptr& x);
  void read(connection_id id);
  void pause(connection& x);
  void read_paused();

  void perform(dial_peer& action);
  void dial(const dial_peer& action);
  void look_up(attempt_id attempt, const std::string& name);
  void perform(cancel_dial& action);
  void perform(transmit_frames& action);
  void perform(close_connection& action);
  void perform(deliver_message& action);
  void perform(send_outcome& action);
  void perform(learned_advert& action);
  void perform(learned_addresses& action);
  void perform(overtaken_advert& action);
  void perform(peer_event& action);

  node_proxy_service::pointer self_;
  // Of all Node Proxies of the node.
  std::shared_ptr<const node_proxy_dependencies> services_;
  node_id remote_;
  noise_public_key remote_key_{};
  std::shared_ptr<event_loop> loop_;
  // Like the lanes, absent once this has retired.
  std::unique_ptr<peer> peer_;
  // There from the start on.
  std::optional<pending_sends> pending_;
  // Absent once this has retired, as engines refer to it.
  std::optional<engine_lanes> lanes_;
  std::unordered_map<connection_id, connection_ptr> connections_;
  // Of these, which are to be read when the peer may be again.
  std::set<connection_id> paused_;
  bool flush_queued_ = false;
  // The Router knows all that this has counted.
  bool counted_told_ = false;
  // Engines have finished something since the last flush.
  bool owes_ = false;
  // What has been taken since the last flush.
  std::size_t gathered_ = 0;
  // The last look at the clocks, which is good enough for what waits for that
  // flush: to look again for each message is dear.
  timestamp now_;
  proxy_retirement<std::function<void()>> retirement_;
  // Dials under way, wanted or not: each may bring a connection.
  std::size_t dials_ = 0;
  // Until then what is left is to be whole, for another process.
  std::optional<steady_time> stops_at_;
  std::optional<timer> timer_;
  std::optional<turn_end> turn_end_;
};

} // namespace node_proxy::internal
