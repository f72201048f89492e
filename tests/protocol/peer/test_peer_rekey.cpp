// Keys are replaced while messages go on.

#include <doctest/doctest.h>

#include "rogue.hpp"
#include "two_nodes.hpp"

using namespace simulation;
using test::rogue;

TEST_CASE_FIXTURE(two_nodes, "rekey under traffic, both ways") {
  a.settings.rekey_frames = 3;
  b.settings.rekey_bytes = 2'000;
  connect();
  for (auto i = 0; i < 200; ++i) {
    a.send(b, "echo", std::string(100, 'x'));
    b.send(a, "echo", std::string(100, 'x'));
    net.run_for(3ms);
  }
  net.run_for(1s);
  CHECK(a.all_received().size() == 200);
  CHECK(b.all_received().size() == 200);
  CHECK(both_connected());
  CHECK(a.ends().empty());
  CHECK(b.ends().empty());
}

TEST_CASE_FIXTURE(two_nodes, "rekey within a long message, and after a loss") {
  a.settings.rekey_frames = 2;
  connect();
  net.at(the_connection()).directions[0].cut_at = 500'000;
  auto token = a.send(b, "echo", std::string(2'000'000, 'x'));
  REQUIRE(wait_for(token));
  CHECK(a.outcome(token) == "delivered");
  CHECK(b.all_received()[0].text == std::string(2'000'000, 'x'));
}

TEST_CASE_FIXTURE(two_nodes, "a quiet connection changes its keys each hour") {
  a.set_permanent(b);
  connect();
  net.run_for(5h);
  CHECK(both_connected());
  CHECK(a.ends().empty());
}

TEST_CASE("when a key is replaced") {
  test::peer_settings settings;
  settings.heartbeat_interval = 15min;
  settings.dead_peer_limit = 10h;
  rogue uut{settings};
  uut.opens = false;
  uut.connect();
  CHECK(uut.heard() == "resume 0 none, reopened");
  uut.wait(1h - 1ms);
  CHECK(uut.heard() == "heartbeat, heartbeat, heartbeat, heartbeat");
  uut.wait(2ms);
  CHECK(uut.heard() == "rekey");
  uut.wait(15min);
  CHECK(uut.heard() == "heartbeat");
}

TEST_CASE("a key is replaced after so many frames") {
  test::peer_settings settings;
  settings.rekey_frames = 3;
  rogue uut{settings};
  uut.connect();
  for (std::uint64_t seq = 0; seq < 6; ++seq)
    uut.send(seq, {uut.message("x")});
  CHECK(uut.heard()
        == "resume 0 none, reopened, ack 0:0, rekey, got x, ack 0:1, "
           "got x, ack 0:2, got x, ack 0:3, rekey, got x, ack 0:4, "
           "got x, ack 0:5, got x, ack 0:6, rekey");
}
