// Peers that came by themselves, and what they can have this node dial.

#include <doctest/doctest.h>

#include <node_proxy/protocol/wire/address_kind.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

#include "two_nodes.hpp"

using namespace simulation;

namespace {

/// The first node has called the second one, which knows it by that alone.
struct caller : two_nodes {
  caller() {
    for (auto* x : {&a, &b})
      x->settings.backoff_cap = 1s;
  }

  void name(std::initializer_list<std::string_view> addresses) {
    std::vector<transport_address> all;
    for (auto text : addresses)
      all.push_back(parse_address(text).value());
    name(std::move(all));
  }

  void name(std::vector<transport_address> addresses) {
    a.reached_at = std::move(addresses);
    a.issue_advert(a.advert().version + 1);
  }

  /// a calls, tells where it is, and leaves without a word.
  void call_and_go() {
    a.connect(b);
    REQUIRE(net.run_until(
      [&] { return b.known_version(a) == a.advert().version; }, 1s));
    a.crash();
    net.run_for(10ms);
    a.start();
    net.run_for(2s);
    REQUIRE_FALSE(b.connected(a));
    net.take_transcript();
  }
};

} // namespace

TEST_CASE_FIXTURE(caller, "a stranger is dialled back where it called from") {
  call_and_go();
  auto token = b.send(a, "echo", "hello");
  net.run_for(1s);
  CHECK(b.outcome(token) == "delivered");
  CHECK(b.attempts() == 1);
}

TEST_CASE_FIXTURE(caller, "a stranger sends nobody into other networks") {
  name({"tcp://127.0.0.1:22", "tcp://10.0.0.99:4000", "tcp://192.168.0.1:80",
        "tcp://169.254.169.254:80", "tcp://[::ffff:127.0.0.1]:22",
        "tcp://[2002:7f00:1::]:22", "tcp://[fd00::1]:80", "tcp://224.0.0.1:1",
        "tcp://0.0.0.0:22", "tcp://1.1.1.1:0"});
  call_and_go();
  auto token = b.send(a, "echo", "hello");
  net.run_for(1min);
  CHECK(b.attempts() == 0);
  CHECK(b.outcome(token) == "pending");
  SUBCASE("unless the operator allows it") {
    b.settings.dial_ranges = {parse_ip_range("10.0.0.0/8").value()};
    b.crash();
    b.start();
    b.send(a, "echo", "hello");
    net.run_for(1min);
    CHECK(b.attempts() == 1);
  }
  SUBCASE("unless somebody here says so") {
    net.introduce(b, a);
    net.run_for(100ms);
    // Three of these are no place of one host.
    CHECK(b.attempts() > 0);
    net.run_for(10s);
    CHECK(b.attempts() > 7);
  }
}

TEST_CASE_FIXTURE(caller, "a stranger is dialled once for each call") {
  name({"tcp://1.1.1.1:1", "tcp://1.1.1.2:1", "tcp://[::ffff:1.1.1.1]:1"});
  call_and_go();
  auto token = b.send(a, "echo", "hello");
  net.run_for(1min);
  CHECK(b.attempts() == 1);
  // It says nothing of its own accord: what is for it waits.
  CHECK(b.outcome(token) == "pending");
  a.connect(b);
  net.run_for(100ms);
  CHECK(b.outcome(token) == "delivered");
  a.crash();
  net.run_for(100ms);
  b.send(a, "echo", "hello");
  net.run_for(1min);
  CHECK(b.attempts() == 2);
}

TEST_CASE_FIXTURE(caller, "calls are not saved up for ever") {
  name({"tcp://1.1.1.1:1"});
  for (int i = 0; i < 10; ++i)
    call_and_go();
  b.send(a, "echo", "hello");
  net.run_for(5min);
  CHECK(b.attempts() == address_memory::max_earned);
}

TEST_CASE_FIXTURE(caller, "who is known from before has no more than that") {
  name({"tcp://1.1.1.1:1"});
  call_and_go();
  b.restart();
  b.send(a, "echo", "hello");
  net.run_for(1min);
  CHECK(b.attempts() == 1);
  b.restart();
  b.send(a, "echo", "hello");
  net.run_for(1min);
  CHECK(b.attempts() == 1);
}

TEST_CASE_FIXTURE(caller, "a wish of one's own is worth a dial") {
  name({"tcp://1.1.1.1:1"});
  call_and_go();
  for (std::uint64_t i = 1; i < 4; ++i) {
    b.connect(a);
    net.run_for(1min);
    CHECK(b.attempts() == i);
    auto seen = net.take_transcript();
    CHECK(seen.find("b/a unreachable") != std::string::npos);
    // Operators are not told what anybody can bring about.
    CHECK(seen.find("connect failed") == std::string::npos);
    CHECK(b.at_rest());
  }
}

TEST_CASE_FIXTURE(caller, "the end does not wait for who cannot be dialled") {
  name({"tcp://1.1.1.1:1"});
  call_and_go();
  auto token = b.send(a, "echo", "hello");
  net.run_for(1min);
  b.shut_down(1h);
  CHECK(b.outcome(token) == "shutting_down");
}

// -- dials that are no longer wanted ------------------------------------------

TEST_CASE_FIXTURE(two_nodes, "a dial ends when the peer comes by itself") {
  net.introduce(b, a);
  a.reached_at = {a.address(route::silent)};
  a.issue_advert(a.advert().version + 1);
  net.introduce(b, a);
  b.connect(a);
  net.run_for(10ms);
  CHECK(b.dials().under_way() > 0);
  a.connect(b);
  net.run_for(100ms);
  CHECK(both_connected());
  CHECK(b.dials().under_way() == 0);
}

TEST_CASE_FIXTURE(two_nodes, "a dial ends when nobody wants it any more") {
  b.reached_at = {b.address(route::silent)};
  b.issue_advert(b.advert().version + 1);
  a.forget_addresses(b);
  net.introduce(a, b);
  auto token = a.send(b, "echo", "hello", {rel_time{1}});
  net.run_for(10ms);
  CHECK(a.dials().under_way() == 1);
  net.run_for(1s);
  CHECK(a.outcome(token) == "expired");
  CHECK(a.dials().under_way() == 0);
  CHECK(a.at_rest());
}

TEST_CASE_FIXTURE(two_nodes, "a dial ends when its address is no more") {
  b.reached_at = {b.address(route::silent)};
  b.issue_advert(b.advert().version + 1);
  a.forget_addresses(b);
  net.introduce(a, b);
  a.connect(b);
  net.run_for(10ms);
  CHECK(a.dials().under_way() == 1);
  b.reached_at = {b.address()};
  b.issue_advert(b.advert().version + 1);
  net.introduce(a, b);
  net.run_for(1s);
  CHECK(both_connected());
  CHECK(a.dials().under_way() == 0);
}

TEST_CASE_FIXTURE(caller,
                  "the name of a stranger leads into no other network") {
  net.names["evil.test"] = {*parse_ip_address("127.0.0.1"),
                            *parse_ip_address("169.254.169.254"),
                            *parse_ip_address("10.0.0.99")};
  name({"tcp://evil.test:22", "tcp://unknown.test:1"});
  call_and_go();
  auto token = b.send(a, "echo", "hello");
  net.run_for(1min);
  // Each lookup counts as the dial that it could have led to: one was earned.
  auto told = net.take_transcript();
  CHECK(told.find("look up evil.test") != std::string::npos);
  CHECK(told.find("look up unknown.test") == std::string::npos);
  CHECK(b.attempts() == 1);
  CHECK(b.outcome(token) == "pending");
}

TEST_CASE_FIXTURE(caller, "names of a stranger for one address are not free") {
  name({"tcp://a.test:1", "tcp://b.test:1", "tcp://c.test:1", "tcp://d.test:1",
        "tcp://e.test:1"});
  for (const auto* x : {"a.test", "b.test", "c.test", "d.test", "e.test"})
    net.names[x] = {*node_proxy::internal::host_of(a.address())};
  call_and_go();
  a.issue_advert(a.advert().version + 1);
  call_and_go();
  static_cast<void>(b.send(a, "echo", "hello"));
  net.run_for(1min);
  // One led to a dial; with that, two were earned.
  auto told = net.take_transcript();
  std::size_t lookups = 0;
  for (auto i = told.find("look up "); i != std::string::npos;
       i = told.find("look up ", i + 1))
    ++lookups;
  CHECK(lookups == 2);
}

TEST_CASE_FIXTURE(caller, "a stranger is dialled back by his name") {
  name(std::vector<transport_address>{a.named_address()});
  call_and_go();
  // The host from which it called is among those that the name stands for.
  net.names[a.named_address().name].insert(
    net.names[a.named_address().name].begin(), *parse_ip_address("10.0.0.99"));
  auto token = b.send(a, "echo", "hello");
  net.run_for(1s);
  CHECK(b.outcome(token) == "delivered");
  // The lookup is none.
  CHECK(b.attempts() == 1);
}
