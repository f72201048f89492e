// What a sender is told, and what a node refuses to begin with.

#include <atomic>

#include <node_proxy/base/hex.hpp>
#include <node_proxy/messages/connect_request.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>
#include <node_proxy/protocol/wire/advert.hpp>

#include "actors/node_fixture.hpp"
#include "actors/reason.hpp"
#include "actors/silent_engine.hpp"

using namespace test;

namespace {

/// Settings under which a test sees soon what takes seconds otherwise.
node_config quick_config() {
  auto result = local_config();
  result.settings.backoff_base = std::chrono::milliseconds{5};
  result.settings.backoff_cap = std::chrono::milliseconds{20};
  return result;
}

node_config knowing(const node_advert& advert) {
  auto result = quick_config();
  result.adverts = {advert};
  return result;
}

/// The advert of a node at an address where nobody listens.
node_advert unreachable_advert(const identity& owner) {
  node_advert result;
  ipv4 loopback{{std::byte{127}, std::byte{0}, std::byte{0}, std::byte{1}}};
  result.addrs = {{tcp_addr{loopback, 1}, 1}};
  result.version = 1;
  REQUIRE(sign_advert(owner, result));
  return result;
}

/// The code of an outcome that is an error.
template <class T>
std::optional<errc> error_of(const caf::expected<T>& outcome) {
  REQUIRE_FALSE(outcome);
  return code_of(outcome.error());
}

/// A silent engine, as long as this exists.
class silent_engine_of {
public:
  explicit silent_engine_of(test_node& node)
    : engine_(node.system.spawn(silent_engine,
                                caf::actor_cast<caf::actor>(node.self))) {
    node.add_engine("silent", engine_);
  }

  silent_engine_of(const silent_engine_of&) = delete;
  silent_engine_of& operator=(const silent_engine_of&) = delete;

  ~silent_engine_of() {
    caf::anon_send_exit(engine_, caf::exit_reason::user_shutdown);
  }

private:
  caf::actor engine_;
};

/// An engine that ends when it has taken one message.
caf::behavior short_lived_engine(caf::event_based_actor* self) {
  return {[self](const engine_msg&) {
    self->quit();
  }};
}

} // namespace

TEST_CASE("who is not known cannot be sent to") {
  test_node a{quick_config()};
  auto stranger = fresh_identity();
  CHECK(error_of(a.send(a.message_to(stranger->id(), "x", {})))
        == errc::unknown_node);
  auto reply =
    a.ask<node_connect_reply>(node_connect_request{stranger->id(), false});
  REQUIRE(reply);
  CHECK(reply->result == node_connect_result::unknown);
}

TEST_CASE("an id that is no point of the curve is unknown") {
  test_node a{quick_config()};
  node_id no_point;
  no_point.data.fill(std::byte{0xff});
  CHECK(error_of(a.send(a.message_to(no_point, "x", {})))
        == errc::unknown_node);
}

TEST_CASE("a message names this node as its sender, or none") {
  test_node b{quick_config()};
  test_node a{knowing(b.node.advert())};
  auto forged = a.message_to(b.node.id(), "x", {});
  forged.msg.sender.node = b.node.id();
  CHECK(error_of(a.send(forged)) == errc::wrong_sender);
}

TEST_CASE("a message that expires before it can be sent says so") {
  auto owner = fresh_identity();
  test_node a{knowing(unreachable_advert(*owner))};
  auto msg = a.message_to(owner->id(), "x", {});
  msg.expiry = rel_time{1};
  CHECK(error_of(a.send(msg)) == errc::expired);
  msg.expiry = abs_time{0};
  CHECK(error_of(a.send(msg)) == errc::expired);
  msg.expiry = rel_time{limits::expiry_seconds + 1};
  CHECK(error_of(a.send(msg)) == errc::bad_expiry);
}

TEST_CASE("a message larger than the peer takes is refused here") {
  auto small = quick_config();
  small.settings.max_message = 1'000;
  test_node b{small};
  test_node a{knowing(b.node.advert())};
  b.add_engine("inbox", b.system.spawn(forward_engine,
                                       caf::actor_cast<caf::actor>(b.self)));
  REQUIRE(a.send(a.message_to(b.node.id(), "inbox", bytes(500))));
  CHECK(error_of(a.send(a.message_to(b.node.id(), "inbox", bytes(1'001))))
        == errc::too_large);
}

TEST_CASE("a full outbox says so at once") {
  auto owner = fresh_identity();
  auto config = knowing(unreachable_advert(*owner));
  config.settings.outbox_bytes = 20'000;
  test_node a{config};
  auto msg = a.message_to(owner->id(), "x", bytes(6'000));
  auto first = a.self->request(a.node.router(), patience, msg);
  CHECK(error_of(a.send(msg)) == errc::outbox_full);
  a.node.shutdown();
  first.receive(
    [](const delivered&) { FAIL("delivered to nobody"); },
    [](const caf::error& e) { CHECK(code_of(e) == errc::shutting_down); });
}

TEST_CASE("policy refuses at either end") {
  auto careful = quick_config();
  auto stranger = quick_config();
  careful.admission.deny(stranger.self->id());
  test_node b{careful};
  stranger.adverts = {b.node.advert()};
  test_node a{stranger};
  auto error_at = [](test_node& x, const node_id& to) {
    auto result = x.send(x.message_to(to, "x", {}));
    REQUIRE_FALSE(result);
    return describe(result.error());
  };
  CHECK(error_at(a, b.node.id()) == "denied: the peer refuses this node");
  auto event = a.next_event<refused_event>();
  CHECK(event.node == b.node.id());
  CHECK(event.reason == connect_reply_error::denied);
  CHECK(event.by == refusing_side::peer);
  auto there = b.next_event<refused_event>();
  CHECK(there.node == a.node.id());
  CHECK(there.by == refusing_side::here);
  CHECK(error_at(b, a.node.id())
        == "denied: " + to_hex(a.node.id().data)
             + ": the policy of this node denies it");
}

TEST_CASE("without a common version there is no connection") {
  auto later = quick_config();
  later.settings.versions = {2, 3};
  test_node b{later};
  test_node a{knowing(b.node.advert())};
  CHECK(error_of(a.send(a.message_to(b.node.id(), "x", {})))
        == errc::incompatible);
}

TEST_CASE("a full node is full until the message expires") {
  auto full = quick_config();
  full.max_peers = 0;
  test_node b{full};
  test_node a{knowing(b.node.advert())};
  auto msg = a.message_to(b.node.id(), "x", {});
  msg.expiry = rel_time{1};
  CHECK(error_of(a.send(msg)) == errc::over_capacity);
}

TEST_CASE("a Node Proxy answers a request as a handshake would be answered") {
  auto answer_of = [](std::size_t max_peers, bool by_other = false) {
    auto other = fresh_identity();
    auto config = knowing(unreachable_advert(*other));
    config.max_peers = max_peers;
    test_node node{std::move(config)};
    auto found = node.ask<node_proxy_found>(lookup_node_proxy{other->id()});
    REQUIRE_MESSAGE(found, reason(found));
    auto from = by_other ? fresh_identity()->id() : other->id();
    connect_request request{1, 1, from, node.node.id(), 0, 0};
    std::string result;
    node.self->request(found->proxy, patience, request)
      .receive(
        [&result](const connect_reply& x) {
          auto refused = std::get_if<connect_reply_error>(&x.result);
          result = refused ? to_string(*refused) : "ok";
        },
        [](const caf::error& e) { FAIL(describe(e)); });
    return result;
  };
  CHECK(answer_of(1) == "ok");
  CHECK(answer_of(0) == "over_capacity");
  CHECK(answer_of(1, true) == "denied");
}

TEST_CASE("who left what no engine takes keeps others out of a full node") {
  auto small = quick_config();
  small.max_peers = 1;
  test_node b{small};
  silent_engine_of engine{b};
  auto config = knowing(b.node.advert());
  config.shutdown_grace = std::chrono::milliseconds{50};
  test_node first{config};
  caf::anon_send(first.node.router(),
                 first.message_to(b.node.id(), "silent", {}));
  static_cast<void>(b.next<done>());
  first.node.shutdown();
  static_cast<void>(b.next_event<disconnected_event>());
  test_node second{knowing(b.node.advert())};
  auto msg = second.message_to(b.node.id(), "x", {});
  msg.expiry = rel_time{1};
  CHECK(error_of(second.send(msg)) == errc::over_capacity);
}

TEST_CASE("who was introduced takes the place of a guest") {
  auto small = quick_config();
  small.max_peers = 1;
  test_node b{small};
  test_node guest{knowing(b.node.advert())};
  test_node introduced{knowing(b.node.advert())};
  CHECK(error_of(guest.send(guest.message_to(b.node.id(), "none", {})))
        == errc::unknown_engine);
  REQUIRE(b.ask<node_advert_reply>(introduced.node.advert()));
  CHECK(
    error_of(introduced.send(introduced.message_to(b.node.id(), "none", {})))
    == errc::unknown_engine);
  auto gone = b.next_event<disconnected_event>();
  CHECK(gone.node == guest.node.id());
  CHECK(gone.reason == "over_capacity");
}

TEST_CASE("an engine that ends before it takes a message is gone") {
  test_node b{quick_config()};
  test_node a{knowing(b.node.advert())};
  b.add_engine("short", b.system.spawn(short_lived_engine));
  // They share a frame, so both are in the mailbox before the first is taken.
  node_out_batch two;
  two.msgs.assign(2, a.message_to(b.node.id(), "short", {}));
  auto outcome = a.ask<batch_outcome>(two);
  REQUIRE_MESSAGE(outcome, reason(outcome));
  CHECK(outcome->delivered == 1);
  REQUIRE(outcome->failures.size() == 1);
  CHECK(outcome->failures[0].index == 1);
  CHECK(outcome->failures[0].error == send_error::engine_gone);
}

TEST_CASE("shutdown answers who still waits") {
  test_node b{quick_config()};
  auto config = knowing(b.node.advert());
  config.shutdown_grace = std::chrono::milliseconds{50};
  test_node a{config};
  silent_engine_of engine{b};
  auto waiting = a.self->request(a.node.router(), patience,
                                 a.message_to(b.node.id(), "silent", {}));
  static_cast<void>(b.next<done>());
  a.node.shutdown();
  waiting.receive([](const delivered&) { FAIL("nobody took it"); },
                  [](const caf::error& e) {
                    CHECK(code_of(e) == errc::unconfirmed);
                    CHECK(context_of(e) == "shutting_down");
                  });
  CHECK(b.next_event<disconnected_event>().reason == "shutdown");
}

TEST_CASE("a Node Proxy that is killed leaves nobody waiting") {
  test_node b{quick_config()};
  test_node a{knowing(b.node.advert())};
  silent_engine_of engine{b};
  auto proxy = a.ask<node_proxy_found>(lookup_node_proxy{b.node.id()});
  REQUIRE(proxy);
  auto waiting = a.self->request(proxy->proxy, patience,
                                 a.message_to(b.node.id(), "silent", {}));
  static_cast<void>(b.next<done>());
  caf::anon_send_exit(proxy->proxy, caf::exit_reason::user_shutdown);
  waiting.receive(
    [](const delivered&) { FAIL("nobody took it"); },
    [](const caf::error& e) { CHECK(code_of(e) == errc::unconfirmed); });
  // Once the Router knows, the next message gets a Node Proxy of its own.
  CHECK(a.next_event<disconnected_event>().reason == "node_proxy_ended");
  b.add_engine("inbox", b.system.spawn(forward_engine,
                                       caf::actor_cast<caf::actor>(b.self)));
  CHECK(a.send(a.message_to(b.node.id(), "inbox", {})));
}

TEST_CASE("batches are answered once, with each failure by its index") {
  test_node b{quick_config()};
  test_node a{knowing(b.node.advert())};
  auto count = std::make_shared<std::atomic<std::size_t>>(0);
  b.add_engine("inbox", b.system.spawn([count]() -> caf::behavior {
    return {[count](const engine_msg_batch& batch) {
      *count += batch.msgs.size();
    }};
  }),
               true);
  node_out_batch batch;
  for (std::size_t i = 0; i < 3'000; ++i)
    batch.msgs.push_back(
      a.message_to(b.node.id(), i % 1'000 == 7 ? "nobody" : "inbox", {}));
  auto outcome = a.ask<batch_outcome>(batch);
  REQUIRE_MESSAGE(outcome, reason(outcome));
  CHECK(outcome->delivered == 2'997);
  REQUIRE(outcome->failures.size() == 3);
  for (const auto& x : outcome->failures) {
    CHECK(x.index % 1'000 == 7);
    CHECK(x.error == send_error::unknown_engine);
  }
  CHECK(*count == 2'997);
  CHECK(a.ask<batch_outcome>(node_out_batch{})->delivered == 0);
}

TEST_CASE("two nodes that dial each other have one connection") {
  auto config_a = quick_config();
  auto config_b = quick_config();
  test_node b{config_b};
  config_a.adverts = {b.node.advert()};
  test_node a{config_a};
  REQUIRE(b.ask<node_advert_reply>(a.node.advert()));
  auto inbox = [](test_node& x) {
    x.add_engine("inbox", x.system.spawn([]() -> caf::behavior {
      return {[](const engine_msg&) {
      }};
    }));
  };
  inbox(a);
  inbox(b);
  for (int i = 0; i < 50; ++i) {
    auto from_a = a.self->request(a.node.router(), patience,
                                  a.message_to(b.node.id(), "inbox", {}));
    auto from_b = b.self->request(b.node.router(), patience,
                                  b.message_to(a.node.id(), "inbox", {}));
    auto none = [](const caf::error& e) {
      FAIL(describe(e));
    };
    from_a.receive([](const delivered&) {}, none);
    from_b.receive([](const delivered&) {}, none);
  }
  for (auto x : {&a, &b}) {
    auto metrics = x->ask<node_metrics>(get_node_metrics{});
    REQUIRE(metrics);
    CHECK(metrics->connected_peers == 1);
    CHECK(metrics->node_proxies == 1);
  }
}

TEST_CASE("engine names are checked") {
  test_node a{quick_config()};
  auto engine = caf::actor_cast<caf::actor>(a.self);
  a.add_engine("one", engine);
  auto add = [&](std::string name) {
    return error_of(
      a.ask<engine_registered>(register_engine{std::move(name), engine}));
  };
  CHECK(add("one") == errc::name_in_use);
  CHECK(add("") == errc::bad_config);
  CHECK(add(std::string(256, 'x')) == errc::bad_config);
  CHECK(add("\xff") == errc::bad_config);
  CHECK(a.ask<engine_found>(lookup_engine{"one"})->engine == engine);
  CHECK(a.ask<engine_unregistered>(unregister_engine{"one"}));
  CHECK(error_of(a.ask<engine_found>(lookup_engine{"one"}))
        == errc::unknown_engine);
}

TEST_CASE("spawn_node names what is wrong") {
  SUBCASE("init was missed") {
    caf::actor_system_config config;
    caf::actor_system system{config};
    auto result = spawn_node(system, local_config());
    REQUIRE_FALSE(result);
    CHECK(code_of(result.error()) == errc::not_initialized);
  }
  SUBCASE("no identity") {
    node_system_config config;
    caf::actor_system system{config};
    auto result = spawn_node(system, {});
    REQUIRE_FALSE(result);
    CHECK(code_of(result.error()) == errc::bad_config);
  }
  SUBCASE("an address that means nothing to others") {
    node_system_config config;
    caf::actor_system system{config};
    for (const auto* text : {"tcp://0.0.0.0:1", "tcp://[::ffff:0.0.0.0]:1",
                             "tcp://10.0.0.1:0", "tcp://[fe80::1%1]:1"}) {
      auto other = local_config();
      other.advertised = {{*parse_address(text), 1}};
      auto result = spawn_node(system, other);
      REQUIRE_FALSE(result);
      CHECK(code_of(result.error()) == errc::bad_config);
      CHECK(context_of(result.error()).find(text) != std::string::npos);
    }
  }
  SUBCASE("address in use") {
    test_node a{quick_config()};
    auto again = local_config();
    again.listen = a.node.addresses();
    auto result = spawn_node(a.system, again);
    REQUIRE_FALSE(result);
    CHECK(code_of(result.error()) == errc::address_in_use);
    CHECK(context_of(result.error()).find("127.0.0.1") != std::string::npos);
  }
}
