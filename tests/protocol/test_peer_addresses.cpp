// Peers that name several addresses.

#include <doctest/doctest.h>

#include "two_nodes.hpp"

using namespace simulation;

namespace {

struct many_addresses : two_nodes {
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

TEST_CASE_FIXTURE(many_addresses, "a connection that comes late is closed") {
  name({b.address(route::slow), b.address()});
  SUBCASE("after another one is established") {}
  SUBCASE("during the handshake on another one") {
    net.prepare = [](connection_id, connection& x) {
      for (auto& way : x.directions)
        way.latency = 60ms; // 251 ms to 371 ms, and the slow one at 401 ms
    };
  }
  a.connect(b);
  REQUIRE(net.run_until([&] { return both_connected(); }, 1s));
  net.run_for(1s);
  CHECK(net.connections().size() == 1);
  CHECK(a.links(b) == 1);
  CHECK(a.attempts() == 2);
  CHECK(b.count("closed") == 1);
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
  net.prepare = [](connection_id id, connection& x) {
    x.directions[1].hole = id == 1;
  };
  name({b.address(route::slow), b.address(), b.address(route::refusing)});
  a.connect(b);
  net.run_for(10s);
  CHECK(a.count("handshake_timeout") == 1);
  // The connection of the slow one came during the handshake.
  CHECK(net.take_transcript() == R"(0 a/b learned advert 2
0 a/b dial
250 a/b dial
5251 a/b dial
5251 b refuses: handshake_timeout
5501 a/b dial
5655 b/a connected in
5656 a/b connected out
5657 b/a learned advert 1
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
  name({b.address(route::silent), b.address(route::refusing),
        b.address(route::silent)});
  a.connect(b);
  net.run_for(1min);
  CHECK(net.take_transcript() == R"(0 a/b learned advert 2
0 a/b dial
250 a/b dial
251 a/b dial
3251 a/b unreachable
)");
  CHECK(a.at_rest());
}

TEST_CASE_FIXTURE(many_addresses, "no more than some attempts at once") {
  std::vector<transport_address> all(dialler::most_attempts,
                                     b.address(route::silent));
  all.emplace_back(b.address());
  name(all);
  a.connect(b);
  net.run_for(2s);
  CHECK(a.attempts() == dialler::most_attempts);
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
