// What the Router does: carries out what the directory of peers decides.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/disk/state_keeper.hpp>
#include <node_proxy/actors/node_event.hpp>
#include <node_proxy/actors/node_status.hpp>
#include <node_proxy/actors/operator_messages.hpp>
#include <node_proxy/actors/proxy/outcome.hpp>
#include <node_proxy/actors/router/event_observers.hpp>
#include <node_proxy/actors/router/handshake_counts.hpp>
#include <node_proxy/actors/router/local_route.hpp>
#include <node_proxy/actors/router/node_workers.hpp>
#include <node_proxy/actors/router/process_limits.hpp>
#include <node_proxy/actors/router/proxy_counts.hpp>
#include <node_proxy/actors/router/proxy_spawner.hpp>
#include <node_proxy/actors/router/router_service.hpp>
#include <node_proxy/actors/router/survey.hpp>
#include <node_proxy/messages/connection_permanence.hpp>
#include <node_proxy/protocol/node/claimed_directory.hpp>
#include <node_proxy/protocol/node/limit_watch.hpp>
#include <node_proxy/protocol/node/retirement.hpp>

namespace node_proxy::internal {

class router_state {
public:
  explicit router_state(router_service::pointer self);

  router_state(const router_state&) = delete;
  router_state& operator=(const router_state&) = delete;

  ~router_state();

  void start(const node_config& config, const router_dependencies& services,
             const stored_state& stored);

  // -- what local engines ask -------------------------------------------------

  caf::result<delivered> handle(node_out_msg& msg);
  caf::result<batch_outcome> handle(node_out_batch& batch);
  node_connect_reply handle(const node_connect_request& msg);
  node_advert_reply handle(const node_advert& advert);
  caf::result<engine_registered> handle(const register_engine& msg);
  caf::result<engine_unregistered> handle(const unregister_engine& msg);
  caf::result<engine_found> handle(const lookup_engine& msg);
  caf::result<node_proxy_found> handle(const lookup_node_proxy& msg);
  node_advert handle(local_addresses msg);
  caf::result<node_metrics> handle(get_node_metrics);
  caf::result<node_status> handle(get_node_status);
  caf::result<node_parting> handle(const disconnect_node& msg);
  caf::result<node_parting> handle(const forget_node& msg);
  caf::result<node_advert> handle(const get_node_advert& msg);
  connected_nodes handle(get_connected_nodes) const;
  caf::result<done> handle(const subscribe_observer& msg);
  done handle(const unsubscribe_observer& msg);
  caf::result<router_stopped> handle(const stop_router& msg);

  node_advert advert() const {
    const auto& present = directory_->advert();
    return present ? *present : node_advert{};
  }

  // -- what the acceptor and Node Proxies say ---------------------------------

  connect_reply handle(const connect_request& msg) const {
    return directory_->answer(msg);
  }

  admission handle(const admission_request& msg);
  void handle(const proven_connection& msg);
  void handle(const proxy_event& msg);
  void handle(const handshake_failed& msg);
  void handle(const request_ended& msg);
  void handle(node_proxy_dormant& msg);
  void handle(passed_on& msg);
  void handle(all_peer_metrics& msg);
  void handle(all_peer_statuses& msg);
  void handle(const engine_left& msg);
  void handle_tick();

  // -- what workers say, router_workers.cpp -----------------------------------

  node_joined handle(const join_node& msg);
  void handle(worker_report& msg);
  void handle(const ended_engine& msg);

private:
  /// What another process serves.
  struct served_elsewhere {
    node_id id;
    worker_id holder = coordinator;
    claim_id claim = 0;
  };

  struct proxy {
    // Null of what is served elsewhere.
    node_proxy_service handle = {};
    std::optional<served_elsewhere> elsewhere = {};
    router_retirement retirement = {};
  };

  /// What a sender gets whose message goes nowhere.
  template <class R>
  caf::result<R> refuse(errc code, std::string context,
                        std::uint64_t messages = 1) {
    return internal::refuse<R>(self_, *unanswered_, code, std::move(context),
                               messages);
  }

  /// Why a node is not to be talked to.
  caf::error error_about(const node_id& id, send_error error) const {
    return make_error(to_errc(error),
                      words_about(id, error, directory_->allows(id)));
  }

  /// The same because of that.
  template <class R>
  caf::result<R> refuse_peer(const node_id& id, send_error error,
                             std::uint64_t messages = 1) {
    if (is_request(self_))
      return error_about(id, error);
    unanswered_->add(to_errc(error), messages);
    return promise<R>{};
  }

  /// The same for what is no message to an engine.
  template <class R>
  caf::result<R> refuse(caf::error error) {
    return internal::refuse<R>(self_, services_.log, std::move(error));
  }

  expected<proxy*, send_error> find_or_spawn(const node_id& id);
  void end_own(const node_id& id, std::optional<peer_record> record);

  /// To the Node Proxy of a peer that is served here.
  template <class Msg>
  void send_here(proxy& to, Msg msg) {
    to.retirement.handle_sent();
    send_message(self_, to.handle, proxy_order{std::move(msg)});
  }

  /// The same wherever it is.
  template <class Msg>
  void send_to(proxy& to, Msg msg) {
    if (to.elsewhere)
      order(*to.elsewhere, msg);
    else
      send_here(to, std::move(msg));
  }

  /// The same for a message that users send, too.
  template <class Msg>
  void send_as_user(proxy& to, const Msg& msg) {
    if (to.elsewhere)
      return order(*to.elsewhere, msg);
    send_anonymously(to.handle, msg);
    send_here(to, routed_mark{});
  }

  // router_workers.cpp, router_claims.cpp
  void order(const served_elsewhere& to, const regarded& msg);
  void order(const served_elsewhere& to, const displaced& msg);
  void order(const served_elsewhere& to, const seek& msg);
  void order(const served_elsewhere& to, const way_back& msg);
  void order(const served_elsewhere& to, const connect_now& msg);
  void order(const served_elsewhere& to, connection_permanence msg);
  void order(const served_elsewhere& to, const node_advert& msg);
  void tell_peer(const served_elsewhere& to, decltype(peer_order::what) what);
  void tell(worker_id to, decltype(worker_order::what) what);
  void tell_all(const decltype(worker_order::what)& what);
  node_worker* current_worker(worker_id& id);
  void take(worker_id from, const link_sign& msg);
  void take(worker_id from, handed_batch& msg);
  void take(worker_id from, handed_outcome& msg);
  void take(worker_id from, const fence& msg);
  void take(worker_id from, const asked_admission& msg);
  void take(worker_id from, const ended_request& msg);
  void take(worker_id from, const proven_peer& msg);
  void take(worker_id from, const offered_rest& msg);
  void take(worker_id from, const ended_service& msg);
  void take(worker_id from, told_event& msg);
  void take(worker_id from, const told_parting& msg);
  void take(worker_id from, const met_limit& msg);
  void take(worker_id from, const engine_noted& msg);
  void take(worker_id from, const told_numbers& msg);
  void take(worker_id from, told_status& msg);
  void take(worker_id from, const leaving& msg);
  void take(worker_id from, const left& msg);
  void take(worker_id from, const asked_permanence& msg);
  expected<void, arrival_error> take_in(const arrival& x, worker_id called);
  void end_workers(node_workers& workers);
  void serve_here(const serve_peer& x);
  void serve_elsewhere(const serve_claim& x);
  void deliver(node_out_batch batch, batch_answer answer);
  void hand_on(const served_elsewhere& to, node_out_batch batch,
               batch_answer answer);
  void hand_on_unnamed(const served_elsewhere& to, node_out_batch batch,
                       batch_answer answer);
  void pass_on_elsewhere(const served_elsewhere& to, caf::message& content);
  void hold(const node_id& to, node_out_batch batch, batch_answer answer);
  void go_on();
  void advertise();
  void share(const register_engine& engine, promise<engine_registered> waiting);
  std::string objection_to(const join_node& msg) const;
  void handle_worker_down(const caf::down_msg& msg);
  void end_registrations();
  register_engine for_others(const register_engine& engine);
  void end_host(const engine_name& name);
  void watch_foreign(const caf::actor& engine);
  void end_foreign(const caf::actor_addr& engine);
  void end_engines_by(worker_id worker, const caf::node_id* spared);
  void lose(worker_id id, std::string_view why);
  void forget_worker(worker_id id);
  void watch_workers();
  template <class Question>
  std::size_t ask_workers(std::uint64_t round);
  void end_late_rounds();

  /// Somebody who was asked has answered, or will not.
  template <class Survey>
  void note_answer(std::uint64_t& round, Survey& survey,
                   void (router_state::*end)()) {
    if (std::exchange(round, 0) == 0)
      return;
    survey.handle_answer();
    if (survey.complete())
      (this->*end)();
  }

  void introduce(const node_advert& advert);
  void handle_down(const caf::down_msg& msg);
  void finish_stop();

  void act();
  void perform(const serve_claim& action);
  void perform(const end_claim& action);
  void perform(const report_lost& action);
  void perform(const regard_peer& action);
  void perform(const displace_peer& action);
  void perform(const seek_peer& action);
  void perform(const hurry_peer& action);
  void perform(const introduce_peer& action);
  void perform(const announce_advert& action);
  void perform(const report_denied& action);
  void perform(const report_turned_away& action);
  void perform(const report_left_out& action);
  void write_state();
  void check_issued(const expected<void, issue_error>& result) const;

  void take(const node_id& remote, const peer_event& event);
  void take(const node_id& remote, const learned_advert& msg);
  void take(const node_id& remote, const learned_addresses& msg);
  void take(const node_id& remote, const overtaken_advert& msg);
  void take(const node_id& remote, connection_permanence permanence);
  void take(const node_id& remote, const proxy_metrics& metrics);
  void take(const node_id&, const peer_record&) {
    // This node ends with its peers.
  }

  // router_metrics.cpp, router_status.cpp
  void begin_metrics_survey();
  void end_metrics_survey();
  node_metrics metrics();
  void begin_status_survey();
  void end_status_survey();
  node_status status();
  peer_status unserved_status(const node_id& id) const;
  peer_status untold_status(const node_id& id) const;
  void add_workers(node_status& to, steady_time now);
  std::vector<limit_use> limits_in_use();
  void answer_surveys();

  // router_operator.cpp
  caf::result<node_parting> part(const node_id& id, node_parting verdict,
                                 bool forget);
  caf::result<node_parting> forget_elsewhere(const served_elsewhere& at,
                                             const node_parting& verdict);
  void end_parting(waiting_parting x, const told_parting& answer);
  void end_partings_of(worker_id worker);
  void forget_peer(const node_id& id);
  void watch_limits();

  void report(const node_event& event);
  void report(const node_id& remote, const peer_connected& event);
  void report(const node_id& remote, const peer_resumed& event);
  void report(const node_id& remote, const peer_disconnected& event);
  void report(const node_id& remote, const peer_refused& event);
  void report(const node_id& remote, const peer_key_shared& event);
  void report(const node_id& remote, const peer_unreachable& event);
  void report(const node_id& remote, const peer_connect_failed& event);
  void watch(const register_engine& engine);
  void report_gone(const engine_entry& x);

  router_service::pointer self_;
  node_config config_;
  // Without a keeper nothing is on disk.
  router_dependencies services_;
  directory_settings settings_;
  // Like the timer, there from the start on.
  std::optional<claimed_directory> directory_;
  std::optional<timer> timer_;
  // Of those that the directory has served.
  std::unordered_map<node_id, proxy> proxies_;
  // The same by their actors.
  std::unordered_map<caf::actor_id, node_id> proxy_ids_;
  std::shared_ptr<engine_directory> engines_;
  // Of a node that takes workers.
  std::unique_ptr<node_workers> workers_;
  // Where this process itself can be reached.
  std::vector<weighted_address> own_addresses_;
  std::shared_ptr<unanswered_failures> unanswered_;
  proxy_spawner spawner_;
  local_route local_;
  handshake_counts handshakes_;
  proxy_counts counts_;
  survey<node_metrics> metrics_survey_;
  survey<node_status> status_survey_;
  std::uint64_t last_round_ = 0;
  asked_rounds asked_here_;
  event_observers observers_{self_};
  limit_watch limit_watch_;
  // What has been said in the present rounds.
  all_peer_metrics counted_;
  std::vector<peer_status> statuses_;
  steady_time started_{};
  // There is one write at a time, however slow the disk is.
  bool writing_ = false;
  // It has said where it is: engines that come from now on are news.
  bool running_ = false;
  bool stopping_ = false;
  promise<router_stopped> stop_waiting_;
  // How many failures were in no answer when the end began.
  std::uint64_t unanswered_before_ = 0;
};

} // namespace node_proxy::internal
