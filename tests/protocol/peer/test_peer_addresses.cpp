// Peers that name several addresses.

#include <utility>

#include <doctest/doctest.h>

#include <node_proxy/protocol/wire/address_text.hpp>

#include "two_nodes.hpp"

using namespace simulation;

namespace {

struct many_addresses : two_nodes {
  /// Lets the second node say that it is nowhere, and restart.
  void hide_and_restart() {
    b.reached_at.clear();
    b.issue_advert(b.advert().version + 1);
    REQUIRE(net.run_until(
      [&] { return a.known_version(b) == b.advert().version; }, 1s));
    b.restart();
    net.run_for(1s);
    REQUIRE_FALSE(b.connected(a));
    net.take_transcript();
  }

  /// The first node learns where the second one is.
  void name(std::vector<transport_address> addresses) {
    b.reached_at = std::move(addresses);
    b.issue_advert(b.advert().version + 1);
    net.introduce(a, b);
    net.take_transcript();
  }

  /// Nothing gets lost on the way to another node.
  void check_contact() {
    auto token = a.send(b, "echo", "hello");
    REQUIRE(wait_for(token, 1s));
    CHECK(a.outcome(token) == "delivered");
  }
};

} // namespace

TEST_CASE_FIXTURE(many_addresses, "no answer: the next address is dialled") {
  name({b.address(route::silent), b.address()});
  a.connect(b);
  net.run_for(10s);
  CHECK(net.take_transcript() == R"(0 a/b learned advert 2
0 a/b dial
250 a/b dial
254 b/a connected in
255 a/b connected out
256 b/a learned advert 1
)");
  CHECK(a.attempts() == 2);
  check_contact();
}

TEST_CASE_FIXTURE(many_addresses, "a refusal: the next address is dialled") {
  name({b.address(route::refusing), b.address()});
  a.connect(b);
  net.run_for(10s);
  CHECK(net.take_transcript() == R"(0 a/b learned advert 2
0 a/b dial
1 a/b dial
5 b/a connected in
6 a/b connected out
7 b/a learned advert 1
)");
}

TEST_CASE_FIXTURE(many_addresses, "a good address is dialled alone") {
  name({b.address(), b.address(route::slow), b.address(route::silent)});
  a.connect(b);
  net.run_for(10s);
  CHECK(both_connected());
  CHECK(a.attempts() == 1);
}

TEST_CASE_FIXTURE(many_addresses, "a dial that takes longer is given up") {
  name({b.address(route::slow), b.address()});
  std::uint64_t closed = 0; // it was never there
  SUBCASE("after another one is established") {}
  SUBCASE("during the handshake on another one") {
    closed = 1;
    net.prepare = [](connection_id, connection& x) {
      for (auto& way : x.directions)
        way.latency = 60ms; // 251 ms to 371 ms, and the slow one at 401 ms
    };
  }
  a.connect(b);
  REQUIRE(net.run_until([&] { return both_connected(); }, 1s));
  CHECK(a.dials().under_way() == 0);
  net.run_for(1s);
  CHECK(net.connections().size() == 1);
  CHECK(a.links(b) == 1);
  CHECK(a.attempts() == 2);
  CHECK(b.count("lost") == closed);
  CHECK(b.count("superseded") == 0);
  check_contact();
}

TEST_CASE_FIXTURE(many_addresses, "somebody else has the best address now") {
  auto& c = net.add("c");
  name({c.address(), b.address()});
  a.connect(b);
  net.run_for(20ms);
  CHECK(both_connected());
  CHECK(c.count("noise_failed") == 1);
}

TEST_CASE_FIXTURE(many_addresses,
                  "who does not shake hands costs no other address its turn") {
  // The second address gets a connection first, on which nothing comes back.
  name({b.address(route::slow), b.address(route::mute),
        b.address(route::refusing)});
  a.connect(b);
  net.run_for(10s);
  CHECK(a.count("handshake_timeout") == 0);
  CHECK(net.take_transcript() == R"(0 a/b learned advert 2
0 a/b dial
250 a/b dial
404 b/a connected in
405 a/b connected out
406 b/a learned advert 1
)");
}

TEST_CASE_FIXTURE(many_addresses,
                  "an address that fails while another one works out") {
  duration latency{};
  SUBCASE("during the handshake") {
    latency = 2s;
  }
  SUBCASE("after the handshake") {
    latency = 1s;
  }
  a.settings.handshake_timeout = b.settings.handshake_timeout = 20s;
  b.settings.first_frame_timeout = 20s;
  net.prepare = [latency](connection_id, connection& x) {
    for (auto& way : x.directions)
      way.latency = latency;
  };
  name({b.address(route::silent), b.address()}); // fails after 3 s
  a.connect(b);
  net.run_for(15s);
  CHECK(both_connected());
  CHECK(net.take_transcript().find("unreachable") == std::string::npos);
  CHECK(a.peer_of(b)->metrics().failed_attempts == 1);
}

TEST_CASE_FIXTURE(many_addresses,
                  "who wants a connection once has one round of all") {
  auto& c = net.add("c");
  name({b.address(route::silent), b.address(route::refusing),
        c.address(route::silent)});
  a.connect(b);
  net.run_for(1min);
  CHECK(net.take_transcript() == R"(0 a/b learned advert 2
0 a/b dial
250 a/b dial
251 a/b dial
3251 a/b unreachable connection_refused
3251 a/b connect failed connection_refused
)");
  CHECK(a.at_rest());
}

TEST_CASE_FIXTURE(many_addresses, "no more than some attempts at once") {
  std::vector<transport_address> all{b.address(route::silent)};
  for (auto* x : {&net.add("c"), &net.add("d"), &net.add("e")})
    all.emplace_back(x->address(route::silent));
  REQUIRE(all.size() == dialler::max_attempts);
  all.emplace_back(b.address());
  name(all);
  a.connect(b);
  net.run_for(2s);
  CHECK(a.attempts() == dialler::max_attempts);
  net.run_for(2s);
  CHECK(both_connected());
}

TEST_CASE_FIXTURE(many_addresses, "the end while several attempts go on") {
  name({b.address(route::slow), b.address(route::silent)});
  a.connect(b);
  net.run_for(300ms);
  CHECK(a.attempts() == 2);
  a.shut_down();
  CHECK(a.at_rest());
  net.run_for(5s);
  CHECK(net.connections().empty());
  CHECK(a.attempts() == 2);
}

TEST_CASE_FIXTURE(many_addresses,
                  "whoever accepts and says nothing is passed") {
  name({b.address(route::mute), b.address()});
  a.connect(b);
  net.run_for(10s);
  CHECK(net.take_transcript() == R"(0 a/b learned advert 2
0 a/b dial
250 a/b dial
254 b/a connected in
255 a/b connected out
256 b/a learned advert 1
)");
  CHECK(a.links(b) == 1);
  CHECK(b.count("superseded") == 0);
  check_contact();
}

TEST_CASE_FIXTURE(many_addresses, "of two handshakes the first one wins") {
  // Both lead to the peer, the better address by a slow way.
  net.prepare = [](connection_id id, connection& x) {
    for (auto& way : x.directions)
      way.latency = id == 1 ? 1s : duration{50ms};
  };
  name({b.address(), b.address(route::slow)});
  a.connect(b);
  REQUIRE(net.run_until([&] { return both_connected(); }, 1s));
  net.run_for(3s);
  CHECK(net.connections().size() == 1);
  CHECK(b.count("lost") == 1);
  CHECK(b.links(a) == 1);
  CHECK(a.count("superseded") + b.count("superseded") == 0);
  check_contact();
}

TEST_CASE_FIXTURE(many_addresses, "handshakes have a bound, too") {
  std::vector<transport_address> all{b.address(route::mute)};
  for (auto* x : {&net.add("c"), &net.add("d"), &net.add("e")})
    all.emplace_back(x->address(route::mute));
  REQUIRE(all.size() == dialler::max_attempts);
  all.emplace_back(b.address());
  name(all);
  a.connect(b);
  net.run_for(4s);
  CHECK(a.links(b) == dialler::max_attempts);
  net.run_for(2s);
  CHECK(both_connected());
  CHECK(a.links(b) == 1);
}

TEST_CASE_FIXTURE(many_addresses,
                  "where there is no room the next address is dialled") {
  b.rules.max_peers = 0;
  name({b.address(), b.address(route::mute)});
  a.connect(b);
  net.run_for(20ms);
  CHECK(a.attempts() == 2);
  CHECK(a.links(b) == 1);
  CHECK(net.take_transcript().find("refused") == std::string::npos);
}

TEST_CASE_FIXTURE(many_addresses, "a refusal ends all handshakes") {
  b.deny(a);
  name({b.address(route::mute), b.address()});
  a.connect(b);
  net.run_for(1s);
  CHECK(a.links(b) == 0);
  CHECK(net.take_transcript().find("a/b refused denied") != std::string::npos);
  CHECK(a.attempts() == 2);
}

TEST_CASE_FIXTURE(many_addresses,
                  "what is no place of one host is passed over") {
  std::vector<transport_address> all;
  for (auto text :
       {"tcp://0.0.0.0:1", "tcp://[::ffff:0.0.0.0]:1", "tcp://224.0.0.1:1",
        "tcp://255.255.255.255:1", "tcp://[ff02::1]:1", "tcp://10.0.0.1:0"})
    all.push_back(*node_proxy::parse_address(text));
  name(all);
  a.connect(b);
  net.run_for(1s);
  CHECK(a.attempts() == 0);
  all.emplace_back(b.address());
  name(all);
  a.connect(b);
  net.run_for(1s);
  CHECK(both_connected());
  CHECK(a.attempts() == 1);
}

TEST_CASE_FIXTURE(many_addresses, "what worked last is dialled first") {
  name({b.address(route::mute), b.address(route::silent), b.address()});
  a.connect(b);
  net.run_for(1s);
  REQUIRE(both_connected());
  net.cut(the_connection());
  net.run_for(10s);
  net.take_transcript();
  auto before = a.attempts();
  check_contact();
  CHECK(a.attempts() == before + 1);
}

TEST_CASE_FIXTURE(many_addresses, "an advert without addresses hides nothing") {
  connect();
  hide_and_restart();
  check_contact();
}

TEST_CASE_FIXTURE(many_addresses, "what others say outlives an advert") {
  // b has come by itself, and says that it is nowhere.
  net.introduce(b, a);
  b.connect(a);
  net.run_for(100ms);
  REQUIRE(both_connected());
  hide_and_restart();
  check_contact();
}

TEST_CASE_FIXTURE(many_addresses, "an old advert says where a peer is") {
  auto& c = net.add("c");
  auto old = b.advert();
  b.reached_at.clear();
  b.issue_advert(7);
  net.introduce(c, b);
  auto lost = c.send(b, "echo", "lost");
  CHECK(c.outcome(lost) == "unknown_node");
  c.handle_advert(old);
  auto token = c.send(b, "echo", "hello");
  REQUIRE(net.run_until([&] { return c.outcome(token) != "pending"; }, 1s));
  CHECK(c.outcome(token) == "delivered");
  CHECK(c.known_version(b) == 7);
}

TEST_CASE_FIXTURE(many_addresses, "where somebody else answers is not met") {
  // An advert names an address of c's, which stays in nobody's memory.
  auto& c = net.add("c");
  name({c.address(), b.address()});
  a.connect(b);
  net.run_for(1s);
  REQUIRE(both_connected());
  name({});
  net.cut(the_connection());
  net.run_for(10s);
  auto before = a.wrong_numbers();
  check_contact();
  CHECK(a.wrong_numbers() == before);
}

TEST_CASE_FIXTURE(many_addresses,
                  "a name that an operator gives is looked up") {
  name({b.named_address()});
  a.connect(b);
  net.run_for(10s);
  CHECK(net.take_transcript() == R"(0 a/b learned advert 2
0 a/b look up n1.test
1 a/b dial
5 b/a connected in
6 a/b connected out
7 b/a learned advert 1
)");
  auto status = a.peer_of(b)->status(net.now());
  REQUIRE(status.connection);
  CHECK(status.connection->address == transport_address{b.address()});
  CHECK(status.connection->name == "n1.test");
}

TEST_CASE_FIXTURE(many_addresses, "a name is followed to where it leads now") {
  name({b.named_address()});
  net.names["n1.test"] = {*node_proxy::parse_ip_address("10.0.0.99")};
  a.set_permanent(b);
  net.run_for(10s);
  REQUIRE_FALSE(a.connected(b));
  auto failure = a.peer_of(b)->status(net.now()).failure;
  REQUIRE(failure);
  CHECK(failure->name == "n1.test");
  net.names["n1.test"] = {b.address().ip};
  CHECK(net.run_until([&] { return both_connected(); }, 31s));
}

TEST_CASE_FIXTURE(many_addresses, "a name that nobody knows is tried again") {
  name({b.named_address()});
  auto hosts = std::exchange(net.names, {});
  a.set_permanent(b);
  net.run_for(10s);
  auto failure = a.peer_of(b)->status(net.now()).failure;
  REQUIRE(failure);
  CHECK(failure->reason == "unknown_name");
  CHECK(failure->address == transport_address{b.named_address()});
  net.names = hosts;
  CHECK(net.run_until([&] { return both_connected(); }, 31s));
}

TEST_CASE_FIXTURE(many_addresses, "a lookup without an end holds up nobody") {
  net.lookup_delay = std::chrono::hours{1};
  name({b.named_address(), b.address()});
  a.connect(b);
  net.run_for(1s);
  CHECK(both_connected());
  SUBCASE("nor what comes after it") {
    net.cut(the_connection());
    net.run_for(2h);
    check_contact();
  }
}
