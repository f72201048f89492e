// What the Router of a worker does.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <node_proxy/actors/proxy/handed_messages.hpp>
#include <node_proxy/actors/router/handshake_counts.hpp>
#include <node_proxy/actors/router/local_route.hpp>
#include <node_proxy/actors/router/proxy_counts.hpp>
#include <node_proxy/actors/router/proxy_spawner.hpp>
#include <node_proxy/actors/router/router_service.hpp>
#include <node_proxy/actors/typed/engine_host.hpp>
#include <node_proxy/messages/connection_permanence.hpp>
#include <node_proxy/protocol/node/limit_watch.hpp>
#include <node_proxy/protocol/node/process_link.hpp>
#include <node_proxy/protocol/node/retirement.hpp>
#include <node_proxy/protocol/node/worker_peers.hpp>

namespace node_proxy::internal {

class worker_state {
public:
  explicit worker_state(router_service::pointer self);

  worker_state(const worker_state&) = delete;
  worker_state& operator=(const worker_state&) = delete;

  ~worker_state();

  void start(const node_config& config, const router_dependencies& services);

  // -- what actors of this process ask ----------------------------------------

  caf::result<delivered> handle(node_out_msg& msg);
  caf::result<batch_outcome> handle(node_out_batch& batch);
  caf::result<node_proxy_found> handle(const lookup_node_proxy& msg);
  caf::result<engine_registered> handle(const register_engine& msg);
  caf::result<node_advert> handle(local_addresses msg);
  caf::result<router_stopped> handle(const stop_router& msg);

  node_advert advert() const { return advert_ ? *advert_ : node_advert{}; }

  /// What the coordinator answers.
  template <class Answer, class Msg>
  caf::result<Answer> ask_coordinator(const Msg& msg) {
    if (is_request(self_))
      ask_for(make_promise<Answer>(self_), msg);
    else
      send_anonymously(coordinator_, msg);
    return caf::delegated<Answer>{};
  }

  // -- what the acceptor and Node Proxies say ---------------------------------

  caf::result<admission> handle(const admission_request& msg);
  void handle(const proven_connection& msg);
  void handle(const handshake_failed& msg);
  void handle(const request_ended& msg);
  void handle(const proxy_event& msg);
  void handle(node_proxy_dormant& msg);
  void handle(passed_on& msg);
  void handle(const all_peer_metrics& msg);
  void handle(all_peer_statuses& msg);
  void handle_tick();

  // -- what the coordinator says ----------------------------------------------

  void handle(worker_order& msg);
  void handle(const shared_engine& msg);
  void handle(const ended_engine& msg);

private:
  struct proxy {
    node_proxy_service handle;
    router_retirement retirement = {};
    // What is left of it, once it has been stopped.
    std::optional<peer_record> record = {};
    // What it had counted when it offered to retire.
    std::unique_ptr<peer_metrics> offered = {};
  };

  // A typed engine of this process: others reach it by its host.
  struct hosted_engine {
    register_engine engine;
    engine_host_actor host;
  };

  // What somebody here has for a peer.
  struct outgoing {
    node_out_batch batch;
    batch_answer answer;
  };

  using ways = worker_peers<outgoing>::way;

  [[nodiscard]] steady_time now() const;

  template <class Msg>
  void send_to(proxy& to, Msg msg) {
    to.retirement.handle_sent();
    send_message(self_, to.handle, proxy_order{std::move(msg)});
  }

  template <class Msg>
  void send_as_user(proxy& to, const Msg& msg) {
    send_anonymously(to.handle, msg);
    send_to(to, routed_mark{});
  }

  /// Has the coordinator answer somebody. Nothing is delegated: CAF says
  /// nothing of requests to a process that has died since.
  template <class Answer, class Msg>
  void ask_for(promise<Answer> waiting, const Msg& msg) {
    if (!link_)
      return fail(waiting, make_error(errc::shutting_down));
    auto number = ++last_request_;
    forwarded_.emplace(number, [waiting](caf::error why) mutable {
      fail(waiting, std::move(why));
    });
    send_request(self_, coordinator_, caf::infinite, msg)
      .then(
        [this, number, waiting](Answer& answer) mutable {
          if (forwarded_.erase(number) > 0)
            fulfil(waiting, std::move(answer));
        },
        [this, number](const caf::error& error) {
          if (auto x = forwarded_.extract(number); !x.empty())
            x.mapped()(error);
        });
  }

  void tell(decltype(worker_report::what) what);
  bool is_coordinator() const;

  void send(const node_id& to, node_out_batch batch, batch_answer answer);
  void deliver(proxy& to, node_out_batch batch, batch_answer answer);
  void send_away(node_out_batch batch, batch_answer answer);
  void pass_on(const node_id& to, node_out_batch batch, batch_answer answer);
  void look_up(const node_id& id, promise<node_proxy_found> waiting);
  void register_host(const register_engine& engine,
                     const engine_host_actor& host);
  void replace_engine(const engine_name& name);
  void end_host(const engine_name& name);
  void watch_engine(const caf::actor& engine);
  void fail_requests();
  void go_on();
  void watch_limits();

  void take(const link_sign& msg);
  void take(handed_batch& msg);
  void take(handed_outcome& msg);
  void take(const fence& msg);
  void take(const told_admission& msg);
  void take(serve_order& msg);
  void take(const take_peer& msg);
  void take(const peer_order& msg);
  void take(const forget_order& msg);
  void take(const retire_order& msg);
  void take(new_advert& msg);
  void take(const forget_engine& msg);
  void take(const told_permanence& msg);
  void take(const tell_numbers& msg);
  void take(const tell_status& msg);
  void take(const may_leave&);
  void take(const leave_now& msg);
  void take(const dismissed&);

  void obey(proxy& to, peer_order::plain what);
  void obey(proxy& to, peer_standing what);
  void obey(proxy& to, connection_permanence what);
  void obey(proxy& to, const node_advert& what);
  proxy* ordered(const node_id& id, claim_id claim);
  void forget_proxy(const node_id& id);

  void handle_down(const caf::down_msg& msg);
  void lose_coordinator(std::string_view why);
  void begin_stop(duration grace);
  void finish_stop();

  router_service::pointer self_;
  node_config config_;
  router_dependencies services_;
  std::optional<timer> timer_;
  coordinator_end coordinator_;
  // There is none before this has joined, nor when the coordinator is lost.
  std::optional<process_link> link_;
  handed_messages handed_;
  worker_peers<outgoing> peers_;
  std::unordered_map<node_id, proxy> proxies_;
  std::unordered_map<caf::actor_id, node_id> proxy_ids_;
  std::uint64_t last_request_ = 0;
  std::map<std::uint64_t, promise<admission>> asked_;
  // Who wants a Node Proxy of which it is not clear yet where it is.
  std::map<node_id, std::vector<promise<node_proxy_found>>> lookups_;
  std::map<std::uint64_t, proven_connection> proven_;
  // Who waits for an answer of the coordinator, and how he gets an error.
  std::map<std::uint64_t, std::function<void(caf::error)>> forwarded_;
  // Who asks it for something that has to be answered here.
  std::map<std::uint64_t, promise<engine_registered>> registering_;
  std::map<std::uint64_t, promise<done>> permanences_;
  // By their hosts.
  std::map<caf::actor_addr, hosted_engine> hosted_;
  // Actors of other processes that have come here to be engines.
  std::map<caf::actor_addr, caf::actor> foreign_engines_;
  std::shared_ptr<engine_directory> engines_;
  std::shared_ptr<unanswered_failures> unanswered_;
  proxy_spawner spawner_;
  local_route local_;
  std::shared_ptr<const node_advert> advert_;
  proxy_counts counts_;
  handshake_counts handshakes_;
  limit_watch limit_watch_;
  // It is about to leave: the coordinator knows, and then the rest stops.
  bool leaving_ = false;
  bool stopping_ = false;
  bool has_left_ = false;
  duration grace_{0};
  promise<router_stopped> stop_waiting_;
};

} // namespace node_proxy::internal
