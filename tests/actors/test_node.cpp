// Nodes in actor systems of their own, connected over TCP.

#include <node_proxy/actors/loop/event_loop.hpp>
#include <node_proxy/protocol/wire/advert.hpp>

#include "actors/proxy/raw_peer.hpp"
#include "actors/reason.hpp"
#include "node_fixture.hpp"

using namespace test;

namespace {

/// Two nodes: `a` knows where `b` is.
struct two_nodes {
  two_nodes() : b(local_config()), a(with_advert(b.node.advert())) {
    // nop
  }

  static node_config with_advert(const node_advert& advert) {
    auto result = local_config();
    result.adverts = {advert};
    return result;
  }

  test_node b;
  test_node a;
};

} // namespace

TEST_CASE_FIXTURE(two_nodes, "an engine gets what an engine elsewhere sends") {
  auto self = caf::actor_cast<caf::actor>(b.self);
  b.add_engine("inbox", b.system.spawn(forward_engine, self));
  auto outcome =
    a.send(a.message_to(b.node.id(), "inbox", to_bytes("hello, world")));
  REQUIRE_MESSAGE(outcome, reason(outcome));
  auto got = next_message(b.self);
  CHECK(as_text(got.msg) == "hello, world");
  CHECK(got.sender == engine_id{a.node.id(), "test"});
  CHECK(got.target.name == "inbox");
}

TEST_CASE_FIXTURE(two_nodes, "the Router runs in the event loop") {
  // Nobody knows this node, which the Router says at once, where it runs.
  auto unknown = a.message_to(fresh_identity()->id(), "inbox", {});
  auto asker =
    a.system.spawn([&](caf::event_based_actor* self) -> caf::behavior {
      auto tell = [to = caf::actor_cast<caf::actor>(a.self)] {
        caf::anon_send(to, in_event_loop());
      };
      return {[=, router = a.node.router()](tick) {
        self->request(router, caf::infinite, unknown)
          .then([](delivered) {}, [tell](const caf::error&) { tell(); });
      }};
    });
  auto is_told_in_loop = [&] {
    a.self->send(asker, tick{});
    return a.next<bool>();
  };
  // What had to wait for 10 ms is left to CAF's scheduler, again and again on a
  // machine that is busy.
  REQUIRE(comes_true(is_told_in_loop));
}

TEST_CASE_FIXTURE(two_nodes, "both ends tell that they are connected") {
  REQUIRE(a.ask<node_connect_reply>(node_connect_request{b.node.id(), false}));
  auto out = a.next_event<connected_event>();
  CHECK(out.node == b.node.id());
  CHECK(out.direction == connection_direction::out);
  CHECK(out.proto_ver == 1);
  auto in = b.next_event<connected_event>();
  CHECK(in.node == a.node.id());
  CHECK(in.direction == connection_direction::in);
}

TEST_CASE_FIXTURE(two_nodes, "nobody is served under an unknown name") {
  auto outcome = a.send(a.message_to(b.node.id(), "nobody", {}));
  REQUIRE_FALSE(outcome);
  CHECK(code_of(outcome.error()) == errc::unknown_engine);
}

TEST_CASE_FIXTURE(two_nodes, "a node that learned an advert answers") {
  REQUIRE(a.ask<node_connect_reply>(node_connect_request{b.node.id(), false}));
  // The handshake tells b that it does not have a's advert.
  auto event = b.next_event<advert_event>();
  CHECK(event.node == a.node.id());
  CHECK(event.version == a.node.advert().version);
  auto self = caf::actor_cast<caf::actor>(a.self);
  a.add_engine("inbox", a.system.spawn(forward_engine, self));
  auto outcome = b.send(b.message_to(a.node.id(), "inbox", to_bytes("hi")));
  REQUIRE_MESSAGE(outcome, reason(outcome));
  CHECK(as_text(next_message(a.self).msg) == "hi");
}

TEST_CASE_FIXTURE(two_nodes, "messages of all sizes arrive in order") {
  auto self = caf::actor_cast<caf::actor>(b.self);
  b.add_engine("inbox", b.system.spawn(forward_engine, self));
  for (std::size_t size :
       {0u, 1u, 1'000u, 64'999u, 65'000u, 65'001u, 1u << 20, 8u << 20}) {
    CAPTURE(size);
    bytes payload(size, std::byte{42});
    auto outcome = a.send(a.message_to(b.node.id(), "inbox", payload));
    REQUIRE_MESSAGE(outcome, reason(outcome));
    CHECK(next_message(b.self).msg == payload);
  }
}

TEST_CASE("an address that does not answer is passed over, and forgotten") {
  full_listener silent;
  auto config = local_config();
  auto identity_of_b = config.self;
  test_node b{std::move(config)};
  auto advert = b.node.advert();
  advert.addrs.insert(advert.addrs.begin(), {silent.address(), 100});
  ++advert.version;
  REQUIRE(sign_advert(*identity_of_b, advert));
  test_node a{two_nodes::with_advert(advert)};
  auto before = open_descriptors();
  REQUIRE(a.ask<node_connect_reply>(node_connect_request{b.node.id(), false}));
  CHECK(a.next_event<connected_event>().node == b.node.id());
  // Both ends of the connection, and nothing else.
  CHECK(wait_for_descriptors(before + 2));
  auto outcome = a.send(a.message_to(b.node.id(), "nobody", {}));
  REQUIRE_FALSE(outcome);
  CHECK(code_of(outcome.error()) == errc::unknown_engine);
}
