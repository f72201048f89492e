// What the Router knows and does.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <node_proxy/actors/disk/state_keeper.hpp>
#include <node_proxy/actors/node_event.hpp>
#include <node_proxy/actors/router/local_delivery.hpp>
#include <node_proxy/actors/router/router_service.hpp>
#include <node_proxy/protocol/crypto/random_source.hpp>
#include <node_proxy/protocol/node/advert_book.hpp>
#include <node_proxy/protocol/node/peer_book.hpp>

namespace node_proxy::internal {

class router_state {
public:
  explicit router_state(router_service::pointer self);

  router_state(const router_state&) = delete;
  router_state& operator=(const router_state&) = delete;

  ~router_state();

  void start(const node_config& config, const router_services& services,
             const stored_state& stored);

  // -- what local engines ask
  // --------------------------------------------------

  caf::result<delivered> handle(node_out_msg& msg);
  caf::result<batch_outcome> handle(node_out_batch& batch);
  node_connect_reply handle(const node_connect_request& msg);
  node_advert_reply handle(const node_advert& advert);
  caf::result<engine_registered> handle(const register_engine& msg);
  caf::result<engine_unregistered> handle(const unregister_engine& msg);
  caf::result<engine_found> handle(const lookup_engine& msg);
  caf::result<node_proxy_found> handle(const lookup_node_proxy& msg);
  node_advert handle(local_addresses msg);
  node_metrics metrics();
  caf::result<router_stopped> handle(const stop_router& msg);

  node_advert advert() const {
    return local_advert_ ? *local_advert_ : node_advert{};
  }

  // -- what acceptors and Node Proxies say
  // -------------------------------------

  admission handle(const admission_request& msg);
  void handle(const proven_connection& msg);
  void handle(const proxy_event& msg);

  void handle(const handshake_failed& msg);
  void handle(const come_back_to& msg);
  void handle(node_proxy_dormant& msg);
  void handle(passed_on& msg);

private:
  struct proxy {
    node_proxy_service handle;
    std::uint64_t epoch = 0;
    // How many messages it got from here.
    std::uint64_t sent = 0;
    bool connected = false;
    bool permanent = false;
    // It is there because the peer came, now or before.
    bool guest = false;
  };

  // What an operator has been told, and is not told again until the peer is
  // connected.
  struct trouble {
    // The peer's last word if it refused us.
    std::optional<connect_reply_error> refused = std::nullopt;
    // None of its addresses answered.
    bool unreachable = false;
  };

  /// What a sender gets whose message goes nowhere. Without a request that is
  /// nothing: an error would end it.
  template <class R>
  caf::result<R> refuse(errc code, std::string context,
                        std::uint64_t messages = 1) {
    if (is_request(self_))
      return make_error(code, std::move(context));
    unanswered_->add(code, messages);
    return promise<R>{};
  }

  /// The same for what changes engines; the log has it then.
  template <class R>
  caf::result<R> refuse(caf::error error) {
    if (is_request(self_))
      return error;
    services_.log.warn("{}", describe(error));
    return promise<R>{};
  }

  bool is_local(const node_out_msg& msg) const {
    const auto& node = msg.msg.target.node;
    return !node || *node == config_.self->id();
  }

  local_delivery_actor& local();
  expected<proxy*, errc> find_or_spawn(const node_id& id);
  proxy& spawn_proxy(const node_id& id, const noise_public_key& key,
                     const peer_record& record);
  void forget_proxy(const node_id& id);
  bool is_known(const node_id& id);
  bool is_guest(const node_id& id) const;
  trouble& trouble_with(const node_id& id);
  void tell_way_back();

  /// All that is sent to a Node Proxy is counted, see `node_proxy_dormant`.
  template <class Msg>
  void send_to(proxy& to, Msg msg) {
    ++to.sent;
    self_->send(to.handle, std::move(msg));
  }

  /// The same for a message that users send, too.
  template <class Msg>
  void send_as_user(proxy& to, const Msg& msg) {
    caf::anon_send(to.handle, msg);
    send_to(to, routed_mark{});
  }

  connect_facts facts_about(const node_id& id) const;
  bool has_room_for(const node_id& id) const;
  bool has_room_for_guest() const;
  void issue_advert(std::uint64_t version);
  void handle_down(const caf::down_msg& msg);
  void finish_stop();
  void introduce(const node_advert& advert);
  void hold_if_named(const node_id& id);
  void keep(const node_id& id);
  void set_permanent(const node_id& id, bool permanent);
  void come_back();
  void dial_permanent_peers();
  void set_connected(const node_id& id, bool connected);
  void write_state();
  void report(node_event event) const;

  void handle_what(const node_id& remote, const peer_event& event);
  void handle_what(const node_id& remote, const learned_advert& msg);
  void handle_what(const node_id& remote, const learned_addresses& msg);
  void handle_what(const node_id& remote, const overtaken_advert& msg);
  void handle_what(const node_id& remote, connection_permanence permanence);
  void handle_event(const node_id& remote, const peer_connected& event);
  void handle_event(const node_id& remote, const peer_resumed& event);
  void handle_event(const node_id& remote, const peer_disconnected& event);
  void handle_event(const node_id& remote, const peer_refused& event);
  void handle_event(const node_id& remote, const peer_key_shared& event);
  void handle_event(const node_id& remote, const peer_unreachable& event);

  router_service::pointer self_;
  node_config config_;
  // Without a keeper nothing is on disk.
  router_services services_;
  random_source random_;
  std::unordered_map<node_id, proxy> proxies_;
  // The same by their actors.
  std::unordered_map<caf::actor_id, node_id> proxy_ids_;
  // Peers without a Node Proxy.
  peer_book book_;
  std::unordered_map<node_id, trouble> troubles_;
  std::unordered_set<node_id> connected_;
  advert_book adverts_;
  // Also those that have no Node Proxy for now.
  std::unordered_set<node_id> permanent_peers_;
  // Who is connected, or was when the connection was lost; as it is on disk.
  std::unordered_set<node_id> noted_connected_;
  std::shared_ptr<engine_directory> engines_;
  std::shared_ptr<unanswered_failures> unanswered_;
  // There is none before the first message of this node to itself.
  local_delivery_actor local_;
  std::vector<weighted_address> addresses_;
  std::shared_ptr<const node_advert> local_advert_;
  std::map<std::string_view, std::uint64_t> failed_handshakes_;
  // What is to be on disk besides. There is one change for each thing that
  // changed, and one write at a time, however slow the disk is.
  state_changes unwritten_;
  bool writing_ = false;
  // The version of this node's last advert, before this process.
  std::uint64_t earlier_version_ = 0;
  // Before that nobody is told again.
  steady_time next_way_back_{};
  bool stopping_ = false;
  promise<router_stopped> stop_waiting_;
  // How many failures nobody was told of when the end began.
  std::uint64_t unanswered_before_ = 0;
};

} // namespace node_proxy::internal
