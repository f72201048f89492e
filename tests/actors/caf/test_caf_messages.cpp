// Messages as CAF sees them: on their way through CAF's own middleman, and as
// errors.

#include <chrono>
#include <set>

#include <node_proxy/actors/caf/whole_messages.hpp>

#include "actors/system_fixture.hpp"
#include "remoting_config.hpp"

namespace node_proxy::internal {

namespace {

using namespace test;

node_id some_id(unsigned first) {
  node_id result;
  for (auto& octet : result.data)
    octet = static_cast<std::byte>(first++);
  return result;
}

signature some_signature() {
  signature result;
  auto value = 255u;
  for (auto& octet : result.data)
    octet = static_cast<std::byte>(value--);
  return result;
}

engine_msg some_engine_msg() {
  return {{some_id(1), "printer"},
          {some_id(2), "reader"},
          7,
          to_bytes("text \x01\xff and binary")};
}

node_advert some_advert() {
  node_advert result;
  result.id = some_id(3);
  result.addrs = {
    {tcp_addr{ipv4{{std::byte{127}, {}, {}, std::byte{1}}}, 4000}, 10},
    {quic_addr{{ipv6{}, 443, "issuer"}}, 5}};
  result.version = 1'700'000'000;
  result.created = {123'456};
  result.sig = some_signature();
  return result;
}

duration_counts some_times() {
  duration_counts result;
  result.add(std::chrono::milliseconds{3});
  result.add(std::chrono::minutes{1});
  return result;
}

node_metrics some_metrics() {
  node_metrics result;
  result.connected_peers = 1;
  result.node_proxies = 2;
  result.remembered_peers = 3;
  result.known_adverts = 4;
  result.proven_handshakes = 5;
  result.handshakes = some_times();
  result.failed_handshakes = {{"closed", 6}};
  result.unanswered_failures = {{"denied", 7}};
  result.late_answers = 8;
  result.event_loops = 9;
  result.event_loops_busy_us = 10;
  result.lost_workers = 29;
  auto& peers = result.peers;
  peers.connection_attempts = 11;
  peers.failed_attempts = 12;
  peers.connections = 13;
  peers.connection_ends = {{"idle", 14}};
  peers.messages_in = 15;
  peers.messages_out = 16;
  peers.bytes_in = 17;
  peers.bytes_out = 18;
  peers.messages_delivered = 19;
  peers.acknowledgements = some_times();
  peers.messages_failed = {{"expired", 20}};
  peers.messages_resent = 21;
  peers.messages_taken = 22;
  peers.messages_rejected = 23;
  peers.unreliable_dropped = 24;
  peers.frames_in = 25;
  peers.stale_adverts = 26;
  peers.unchecked_adverts = 27;
  peers.unknown_controls = 28;
  return result;
}

node_status some_status() {
  peer_status peer;
  peer.node = some_id(1);
  peer.state = peer_state::retrying;
  peer.permanent = true;
  peer.retry_ms = 2;
  peer.refusal = connect_reply_error::denied;
  peer.refused_by = refusing_side::here;
  peer.obstacle = {
    obstacle_kind::undialled_addresses,
    {{tcp_addr{ipv4{}, 83}, dial_objection::outside_dial_ranges}}};
  peer.failure = {tcp_addr{ipv4{}, 80}, "a.test", "timed_out", 3};
  peer.last_end = {"lost", 4};
  peer.connection = {connection_direction::out,
                     tcp_addr{ipv4{}, 81},
                     "b.test",
                     5,
                     "aes256_gcm",
                     6,
                     7};
  peer.traffic = {8, 9, 10, 11, 12, 13, 14, {{"expired", 15}}};
  peer.waiting = {16, 17, 18};
  peer.waiting_for = {{"inbox", {19, 20, 21}}};
  peer.untaken = 22;
  peer.untaken_by = {{"outbox", {34, 35, 36}}};
  return {some_id(2),
          23,
          {tcp_addr{ipv4{}, 82}},
          {peer},
          {{"outbox", true, 24}},
          25,
          26,
          {{"peers", 27, 28, 29}},
          {{30, {tcp_addr{ipv4{}, 83}}, 31, 32, 33, worker_stage::silent}}};
}

/// Sends back all plain messages and `node_status`; answers a number with the
/// error of that code.
caf::behavior mirror() {
  auto fail = [](std::uint8_t code) -> caf::result<caf::ok_atom> {
    return make_error(static_cast<errc>(code), "from afar");
  };
#define NODE_PROXY_MIRROR(name) [](const name& x) { return x; },
  return {NODE_PROXY_PLAIN_MESSAGES(NODE_PROXY_MIRROR) NODE_PROXY_ENUM_MESSAGES(
    NODE_PROXY_MIRROR) NODE_PROXY_MIRROR(node_status) fail};
#undef NODE_PROXY_MIRROR
}

/// Two actor systems, joined by CAF's middleman, with a mirror in the second.
struct remoting_fixture : basic_system_fixture<remoting_config> {
  remoting_config far_config;
  caf::actor_system far_system{far_config};
  caf::actor far_mirror;
  caf::actor remote;

  remoting_fixture() {
    far_mirror = far_system.spawn(mirror);
    auto port = far_system.middleman().publish(far_mirror, 0, "127.0.0.1");
    REQUIRE(port);
    auto handle = system.middleman().remote_actor("127.0.0.1", *port);
    REQUIRE(handle);
    remote = *handle;
  }

  ~remoting_fixture() {
    caf::anon_send_exit(far_mirror, caf::exit_reason::user_shutdown);
  }

  template <class T>
  void check_round_trip(const T& x) {
    CHECK(must<T>(remote, x) == x);
  }
};

} // namespace

TEST_CASE_FIXTURE(remoting_fixture,
                  "every plain message crosses CAF's own middleman") {
  check_round_trip(some_id(9));
  check_round_trip(engine_id{some_id(9), "name"});
  check_round_trip(some_engine_msg());
  check_round_trip(node_out_msg{{transport_ordering::unordered,
                                 transport_reliability::unreliable,
                                 transport_security::direct},
                                abs_time{77},
                                some_engine_msg()});
  check_round_trip(node_msg{12, encrypted_msg_aes256_gcm{to_bytes("sealed")}});
  check_round_trip(connect_request{1, 2, some_id(4), some_id(5), 6, 7});
  check_round_trip(connect_reply{connect_reply_ok{1, {2, 3}}});
  check_round_trip(connect_reply{connect_reply_error::denied});
  check_round_trip(some_advert());
  check_round_trip(node_advert_reply{node_advert_accepted{9}});
  check_round_trip(node_advert_reply{node_advert_refusal::wrong_node});
  check_round_trip(connection_permanence::permanent);
  check_round_trip(node_connect_request{some_id(6), true});
  check_round_trip(node_connect_reply{node_connect_result::denied});
  check_round_trip(some_metrics());
  check_round_trip(some_status());
  check_round_trip(
    node_parting{parting_result::under_way, 1, 2, true, true, true});
  check_round_trip(node_event{limit_event{"peers", 3, 4}});
  check_round_trip(node_event{node_proxy_ended_event{some_id(7)}});
  check_round_trip(node_event{missed_event{4}});
}

TEST_CASE_FIXTURE(remoting_fixture, "an error crosses CAF's own middleman") {
  auto code = static_cast<std::uint8_t>(errc::unconfirmed);
  auto answer = ask<caf::ok_atom>(remote, code);
  REQUIRE_FALSE(answer);
  CHECK(code_of(answer.error()) == errc::unconfirmed);
  CHECK(context_of(answer.error()) == "from afar");
  CHECK(describe(answer.error()) == "unconfirmed: from afar");
}

TEST_CASE_FIXTURE(
  remoting_fixture,
  "what peers must not be sent crosses the middleman as it is") {
  auto message = some_engine_msg();
  message.target.name = "not UTF-8: \xff";
  check_round_trip(message);
  auto advert = some_advert();
  advert.addrs.resize(1'000, advert.addrs.front());
  check_round_trip(advert);
}

TEST_CASE_FIXTURE(remoting_fixture,
                  "a message without an encoding leaves the middleman intact") {
  caf::anon_send(remote, static_cast<connection_permanence>(9));
  check_round_trip(some_advert());
}

TEST_CASE("errors have names") {
  std::set<std::string> names;
  errc code{};
  for (unsigned value = 1; value < 256; ++value) {
    if (!from_integer(static_cast<std::uint8_t>(value), code))
      break;
    CHECK(names.insert(to_string(code)).second);
  }
  CHECK(to_string(errc::expired) == "expired");
  CHECK(to_string(errc::timed_out) == "timed_out");
  CHECK(to_string(errc::out_of_resources) == *names.find("out_of_resources"));
  CHECK(to_string(static_cast<errc>(0)) == "unknown");
  CHECK(to_string(static_cast<errc>(255)) == "unknown");
  CHECK_FALSE(from_integer(0, code));
}

TEST_CASE("errors are told apart from those of CAF") {
  auto ours = make_error(errc::denied);
  CHECK(code_of(ours) == errc::denied);
  CHECK(context_of(ours).empty());
  CHECK(describe(ours) == "denied");
  caf::error theirs = caf::sec::request_timeout;
  CHECK_FALSE(code_of(theirs));
  CHECK(describe(theirs).find("request_timeout") != std::string::npos);
  caf::error end = caf::exit_reason::user_shutdown;
  CHECK_FALSE(code_of(end));
  CHECK(describe(end).find("user_shutdown") != std::string::npos);
  CHECK_FALSE(code_of(caf::error{}));
  CHECK(describe(caf::error{}) == "none");
}

TEST_CASE("messages print as people read them") {
  node_out_msg msg;
  msg.expiry = rel_time{10};
  msg.msg = {{std::nullopt, "a\n"}, {node_id{}, "b"}, 7, to_bytes("hi")};
  auto zeros = std::string(64, '0');
  CHECK(caf::deep_to_string(msg)
        == "{prefs: {ordering: ordered, reliability: reliable, security: "
           "direct}, expiry: rel_time{seconds: 10}, msg: {sender: {node: none, "
           "name: \"a\\u000a\"}, target: {node: "
             + zeros + ", name: \"b\"}, mailbox: 7, msg: 6869}}");
  CHECK(caf::deep_to_string(
          node_event{disconnected_event{node_id{}, std::string{"lost"}}})
        == "{what: disconnected_event{node: " + zeros + ", reason: \"lost\"}}");
  CHECK(caf::deep_to_string(node_id{}) == zeros);
  CHECK(caf::deep_to_string(delivered{}) == "{}");
  CHECK(caf::deep_to_string(some_advert())
          .find("{address: tcp://127.0.0.1:4000, weight: 10}")
        != std::string::npos);
  msg.msg.msg = bytes(33);
  CHECK(to_string(msg.msg).ends_with("00... (33 octets)}"));
  node_out_batch batch;
  batch.time_limits_ms = std::vector<std::uint64_t>(17, 5);
  CHECK(to_string(batch).ends_with("5, 5]... (17)}"));
}

TEST_CASE("CAF prints our errors as words") {
  auto error = make_error(errc::denied, "by policy");
#if CAF_MAJOR_VERSION >= 1
  CHECK(caf::to_string(error).find("denied") != std::string::npos);
#else
  test_config config;
  caf::actor_system system{config};
  CHECK(system.render(error) == "denied: by policy");
#endif
}

} // namespace node_proxy::internal
