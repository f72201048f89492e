// A Router, and a test that is everybody else: transport, acceptor, peers.

#include <node_proxy/actors/router/router_service.hpp>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>

#include <caf/default_attachable.hpp>

#include <node_proxy/actors/loop/now.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>
#include <node_proxy/protocol/wire/advert.hpp>
#include <node_proxy/protocol/wire/frame.hpp>

#include "actors/node_fixture.hpp"

using namespace test;

namespace {

/// Nobody can be reached; `to` is told who was tried. Names stand for this host
/// and others to which no stranger sends a node.
transport_actor::behavior_type transport_behavior(transport_actor::pointer,
                                                  const caf::actor& to) {
  return {
    [](const listen& msg) { return listening{msg.address}; },
    [](const stop_listening& msg) { return listening_stopped{msg.address}; },
    [to](const dial& msg) -> caf::result<dialled> {
      caf::anon_send(to, msg);
      return make_error(errc::unreachable);
    },
    [to](const find_hosts& msg) {
      caf::anon_send(to, msg);
      return hosts_found{{*parse_ip_address("127.0.0.1"),
                          *parse_ip_address("169.254.169.254"),
                          *parse_ip_address("::1")}};
    },
    [](stop_dialling) {},
  };
}

/// The body of the only frame in `stream`.
bytes body_of(bytes_view stream) {
  deframer input{limits::frame_body};
  input.handle_input(stream);
  auto body = input.poll_body();
  REQUIRE(body);
  REQUIRE(*body);
  return to_bytes(**body);
}

struct fixture : system_fixture {
  explicit fixture(node_config given = local_config(),
                   const stored_state& stored = {})
    : node(std::move(given)),
      transport(
        system.spawn(transport_behavior, caf::actor_cast<caf::actor>(self))),
      router(spawn_router(system, node,
                          {transport,
                           event_loop::of(system, 1).value(),
                           {},
                           {},
                           std::make_shared<unanswered_failures>()},
                          stored)) {
    // nop
  }

  ~fixture() {
    static_cast<void>(ask<router_stopped>(router, stop_router{}));
    caf::anon_send_exit(transport, caf::exit_reason::user_shutdown);
  }

  node_metrics metrics() {
    return must<node_metrics>(router, get_node_metrics{});
  }

  /// How often a connection was given up for the reason.
  std::uint64_t failures(std::string_view reason) {
    for (const auto& x : metrics().failed_handshakes)
      if (x.reason == reason)
        return x.count;
    return 0;
  }

  /// A message to an engine of a node, as one that answers would send it.
  node_out_msg message_to(const node_id& id) const {
    node_out_msg result;
    result.expiry = rel_time{60};
    result.msg.sender = {node.self->id(), "test"};
    result.msg.target = {id, "inbox"};
    return result;
  }

  node_config node;
  transport_actor transport;
  router_service router;
};

/// A connection that the test is the other end of.
class held_connection : public connection {
public:
  [[nodiscard]] connection_id id() const noexcept override { return id_; }

  void set_owner(const connection_owner& owner,
                 const std::shared_ptr<event_loop>&) override {
    std::lock_guard guard{mutex_};
    owner_ = owner;
    changed_.notify_all();
  }

  void begin_stream() override {
    // nop
  }

  read_result read(const body_handler&) override {
    std::lock_guard guard{mutex_};
    read_result result;
    if (is_broken_)
      result.end = close_reason::lost;
    return result;
  }

  void pause() override {
    // nop
  }

  std::size_t write(bytes_view frames) override { return frames.size(); }

  std::size_t write_rest() override { return 0; }

  [[nodiscard]] std::size_t unsent() const noexcept override { return 0; }

  void close() override {
    std::lock_guard guard{mutex_};
    is_closed_ = true;
    changed_.notify_all();
  }

  /// Waits until somebody owns it or, if that is false, until it is closed.
  bool is_taken() {
    std::unique_lock guard{mutex_};
    if (!changed_.wait_for(guard, patience,
                           [this] { return is_closed_ || owner_; }))
      FAIL("nobody cares for a connection");
    return !is_closed_;
  }

  void break_off() {
    std::lock_guard guard{mutex_};
    is_broken_ = true;
    caf::anon_send(owner_, connection_ready{id_});
  }

private:
  static connection_id next_id() {
    static std::atomic<connection_id> last = 0;
    return ++last;
  }

  const connection_id id_ = next_id();
  std::mutex mutex_;
  std::condition_variable changed_;
  connection_owner owner_;
  bool is_closed_ = false;
  bool is_broken_ = false;
};

/// Somebody dials the node of the Router, with the test in place of acceptor,
/// connection and peer.
class inbound_peer {
public:
  inbound_peer(fixture& there, std::shared_ptr<const identity> who,
               const node_id& id)
    : there_(there), who_(std::move(who)),
      initiator_(*who_, there.node.self->noise_public(), os_random_key(),
                 offer(id)),
      responder_(*there.node.self, os_random_key()) {
    // nop
  }

  inbound_peer(fixture& there, const std::shared_ptr<const identity>& who)
    : inbound_peer(there, who, who->id()) {
    // nop
  }

  /// Asks the Router, and sends what it lets the acceptor answer.
  void greet() {
    auto init = initiator_.write_init();
    REQUIRE(init);
    auto request = responder_.handle_init(body_of(*init));
    REQUIRE(request);
    admitted_ =
      there_.must<admission>(there_.router, admission_request{*request});
    auto reply = responder_.handle_facts(admitted_.facts, admitted_.epoch,
                                         there_.node.settings,
                                         now_of(&*there_.self).steady);
    REQUIRE(reply);
    auto result = initiator_.handle_reply(body_of(*reply));
    REQUIRE(result);
    REQUIRE(std::holds_alternative<session>(*result));
    session_.emplace(std::move(std::get<session>(*result)));
  }

  /// Shows that it is there: the Router gets the connection.
  void prove() {
    bytes out;
    session_->seal(control::resume{}, out);
    auto proven = responder_.handle_first_frame(body_of(out));
    REQUIRE(proven);
    there_.self->send(
      there_.router,
      proven_connection{std::make_shared<proven_session>(std::move(*proven)),
                        connection_});
  }

  /// Waits until a Node Proxy has the connection or, if that is false, until it
  /// is closed.
  bool is_taken() { return connection_->is_taken(); }

  /// Connects.
  void come() {
    greet();
    prove();
    REQUIRE(is_taken());
  }

  /// The connection breaks.
  void leave() { connection_->break_off(); }

  /// Of the node's numbers, as the peer was told.
  [[nodiscard]] std::uint64_t epoch() const { return admitted_.epoch; }

private:
  hello offer(const node_id& id) const {
    hello result;
    result.request.proto_ver_min = 1;
    result.request.proto_ver_max = 1;
    result.request.src_node_id = id;
    result.request.dst_node_id = there_.node.self->id();
    result.epoch = 1;
    result.ciphers = {1};
    result.max_message = 1'000;
    return result;
  }

  fixture& there_;
  std::shared_ptr<held_connection> connection_ =
    std::make_shared<held_connection>();
  std::shared_ptr<const identity> who_;
  initiator_handshake initiator_;
  responder_handshake responder_;
  admission admitted_;
  std::optional<session> session_;
};

node_config forgetful_config() {
  auto result = local_config();
  result.peers_kept.records = 1;
  return result;
}

} // namespace

TEST_CASE("an epoch that was told stays until the peer has come") {
  fixture uut{forgetful_config()};
  auto who = fresh_identity();
  inbound_peer first{uut, who};
  first.come();
  inbound_peer second{uut, who};
  first.leave();
  REQUIRE(comes_true([&] { return uut.metrics().remembered_peers == 1; }));
  second.greet();
  // Of others there are too many.
  inbound_peer other{uut, fresh_identity()};
  other.come();
  other.leave();
  REQUIRE(comes_true([&] { return uut.metrics().node_proxies == 0; }));
  CHECK(second.epoch() == first.epoch());
  second.prove();
  CHECK(second.is_taken());
}

TEST_CASE("an epoch that is lost with its Node Proxy does not begin anew") {
  fixture uut;
  auto who = fresh_identity();
  inbound_peer first{uut, who};
  first.come();
  inbound_peer second{uut, who};
  second.greet();
  auto found =
    uut.must<node_proxy_found>(uut.router, lookup_node_proxy{who->id()});
  caf::anon_send_exit(found.proxy, caf::exit_reason::kill);
  REQUIRE(comes_true([&] { return uut.metrics().node_proxies == 0; }));
  CHECK(second.epoch() == first.epoch());
  second.prove();
  CHECK_FALSE(second.is_taken());
  CHECK(uut.failures("epoch_ended") == 1);
  CHECK(uut.metrics().node_proxies == 0);
  // It comes again.
  inbound_peer third{uut, who};
  third.come();
  CHECK(third.epoch() != first.epoch());
}

TEST_CASE("an epoch goes on where there is a record of it") {
  fixture uut;
  auto who = fresh_identity();
  inbound_peer first{uut, who};
  first.come();
  first.leave();
  REQUIRE(comes_true([&] { return uut.metrics().remembered_peers == 1; }));
  inbound_peer second{uut, who};
  second.come();
  CHECK(second.epoch() == first.epoch());
}

TEST_CASE("of two ids of one key only one gets in, however close together they "
          "come") {
  fixture uut;
  auto who = fresh_identity();
  inbound_peer one{uut, who};
  inbound_peer other{uut, who, twin_of(who->id())};
  one.greet();
  other.greet();
  one.prove();
  other.prove();
  CHECK(one.is_taken());
  CHECK_FALSE(other.is_taken());
  CHECK(uut.metrics().node_proxies == 1);
  auto found = uut.ask<node_proxy_found>(uut.router,
                                         lookup_node_proxy{twin_of(who->id())});
  REQUIRE_FALSE(found);
  CHECK(code_of(found.error()) == errc::denied);
}

TEST_CASE_FIXTURE(fixture, "Node Proxies end with their Router") {
  auto who = fresh_identity();
  inbound_peer peer{*this, who};
  peer.come();
  auto found = must<node_proxy_found>(router, lookup_node_proxy{who->id()});
  SUBCASE("in good order") {
    must<router_stopped>(router, stop_router{});
  }
  SUBCASE("however it ends") {
    caf::anon_send_exit(router, caf::exit_reason::kill);
  }
  self->wait_for(found.proxy);
}

TEST_CASE("answers wait for a bounded number of peers that have left") {
  auto config = local_config();
  config.max_peers = 2;
  fixture uut{config};
  std::vector<std::shared_ptr<const identity>> all;
  for (int i = 0; i < 4; ++i) {
    all.push_back(fresh_identity());
    inbound_peer peer{uut, all.back()};
    peer.come();
    peer.leave();
    REQUIRE(comes_true([&] { return uut.metrics().node_proxies == 0; }));
  }
  for (auto i : {0u, 1u})
    uut.self->send(uut.router, uut.message_to(all[i]->id()));
  REQUIRE(comes_true([&] { return uut.metrics().node_proxies == 2; }));
  auto refused = uut.ask<delivered>(uut.router, uut.message_to(all[2]->id()));
  REQUIRE_FALSE(refused);
  CHECK(code_of(refused.error()) == errc::outbox_full);
  CHECK(uut.metrics().node_proxies == 2);
  SUBCASE("but for who is here") {
    inbound_peer back{uut, all[0]};
    back.come();
    REQUIRE(comes_true([&] { return uut.metrics().connected_peers == 1; }));
    uut.self->send(uut.router, uut.message_to(all[2]->id()));
    REQUIRE(comes_true([&] { return uut.metrics().node_proxies == 3; }));
  }
  SUBCASE("but for who was told of by others") {
    node_advert advert;
    advert.version = 1;
    REQUIRE(sign_advert(*all[2], advert));
    uut.must<node_advert_reply>(uut.router, advert);
    uut.self->send(uut.router, uut.message_to(all[2]->id()));
    REQUIRE(comes_true([&] { return uut.metrics().node_proxies == 3; }));
  }
}

TEST_CASE("who has lost all peers tries one of them after the other") {
  stored_state stored;
  std::set<std::uint16_t> all;
  for (std::uint16_t port = 1; port <= 3; ++port) {
    auto who = fresh_identity();
    auto address = std::get<tcp_addr>(any_port());
    address.port = port;
    node_advert advert;
    advert.addrs = {{address, 1}};
    advert.version = 1;
    REQUIRE(sign_advert(*who, advert));
    // Strangers would be dialled as often as they have earned only.
    address_memory memory;
    memory.handle_introduction(advert);
    stored.nodes.push_back({advert, memory});
    stored.connected_peers.push_back(who->id());
    all.insert(port);
  }
  fixture uut{local_config(), stored};
  uut.must<node_advert>(uut.router, local_addresses{});
  // All at once when it starts, and then in turn.
  for (auto round : {1, 2}) {
    CAPTURE(round);
    std::set<std::uint16_t> dialled;
    for (std::size_t i = 0; i < all.size(); ++i)
      dialled.insert(std::get<tcp_addr>(uut.next<dial>().address).port);
    CHECK(dialled == all);
  }
  // None of them stays for that.
  REQUIRE(comes_true([&] { return uut.metrics().node_proxies == 0; }));
}

TEST_CASE("names are dialled where whoever told of them may send a node") {
  node_advert advert;
  auto who = fresh_identity();
  advert.addrs = {{dns_addr{"a.test", 7}, 1}};
  advert.version = 1;
  REQUIRE(sign_advert(*who, advert));
  stored_state stored;
  address_memory memory;
  SUBCASE("an operator") {
    memory.handle_introduction(advert);
    stored.nodes.push_back({advert, memory});
    fixture uut{local_config(), stored};
    uut.self->send(uut.router, uut.message_to(who->id()));
    CHECK(uut.next<find_hosts>().name == "a.test");
    CHECK(uut.next<dial>().address == parse_address("tcp://127.0.0.1:7"));
    CHECK(uut.next<dial>().address == parse_address("tcp://169.254.169.254:7"));
    CHECK(uut.next<dial>().address == parse_address("tcp://[::1]:7"));
  }
  SUBCASE("the peer itself") {
    // It has called once.
    memory.handle_call(std::nullopt);
    stored.nodes.push_back({advert, memory});
    fixture uut{local_config(), stored};
    uut.self->send(uut.router, uut.message_to(who->id()));
    CHECK(uut.next<find_hosts>().standing == peer_standing::known);
    auto refused = [](const node_status& x) {
      return x.peers.size() == 1 && x.peers[0].failure
             && x.peers[0].failure->reason == "forbidden_addresses";
    };
    REQUIRE(comes_true([&] {
      return refused(uut.must<node_status>(uut.router, get_node_status{}));
    }));
    CHECK(uut.metrics().peers.connection_attempts == 1);
  }
}
