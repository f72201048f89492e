#include <node_proxy/protocol/node/served_peers.hpp>

#include <doctest/doctest.h>

using namespace node_proxy;
using namespace node_proxy::internal;
using namespace std::chrono_literals;

namespace {

node_id numbered(unsigned number) {
  node_id result;
  result.data[0] = static_cast<std::byte>(number);
  return result;
}

} // namespace

TEST_CASE("who is served is counted as what it is") {
  served_peers uut;
  uut.add(numbered(1), 11, peer_standing::guest);
  uut.add(numbered(2), 12, peer_standing::introduced);
  uut.handle_connected(numbered(1));
  uut.handle_arrival(numbered(2), {}, 1s);
  CHECK(uut.connected() == 1);
  CHECK(uut.here() == 2);
  CHECK(uut.guests() == 1);
  CHECK(uut.guests_here() == 1);
  CHECK(uut.set_standing(numbered(2), peer_standing::guest));
  CHECK_FALSE(uut.set_standing(numbered(2), peer_standing::guest));
  uut.handle_disconnected(numbered(1));
  CHECK(uut.connected() == 0);
  CHECK(uut.here() == 1);
  CHECK(uut.guests() == 2);
  CHECK(uut.guests_here() == 1);
  CHECK(uut.remove(numbered(2)));
  CHECK_FALSE(uut.remove(numbered(2)));
  CHECK(uut.here() == 0);
  CHECK(uut.guests() == 1);
  CHECK(uut.guests_here() == 0);
}

TEST_CASE("who has come is here for a time, or as long as it is connected") {
  served_peers uut;
  for (auto i : {1u, 2u, 3u}) {
    uut.add(numbered(i), i, peer_standing::introduced);
    uut.handle_arrival(numbered(i), {}, 1s);
  }
  uut.handle_connected(numbered(1));
  uut.handle_arrival(numbered(2), {}, 2s);
  CHECK(uut.poll_timeout() == 1s);
  uut.handle_timeout(1s);
  CHECK(uut.find(numbered(1))->is_here());
  CHECK(uut.find(numbered(2))->is_here());
  CHECK_FALSE(uut.find(numbered(3))->is_here());
  CHECK(uut.poll_timeout() == 2s);
  uut.handle_timeout(2s);
  CHECK(uut.here() == 1);
  CHECK_FALSE(uut.poll_timeout());
}

TEST_CASE("what is said of who is not served has no effect") {
  served_peers uut;
  uut.handle_connected(numbered(1));
  uut.handle_arrival(numbered(1), {}, 1s);
  uut.set_standing(numbered(1), peer_standing::guest);
  uut.handle_timeout(1s);
  CHECK(uut.here() == 0);
  CHECK(uut.guests() == 0);
  CHECK(uut.find(numbered(1)) == nullptr);
}

TEST_CASE("the least of those that are here makes room") {
  served_peers uut;
  uut.add(numbered(1), 1, peer_standing::introduced);
  uut.add(numbered(2), 2, peer_standing::known);
  for (auto i : {3u, 4u, 5u, 6u, 7u})
    uut.add(numbered(i), i, peer_standing::guest);
  for (auto i : {1u, 2u, 3u, 4u, 5u, 6u})
    uut.handle_arrival(numbered(i), {i / 4, false}, 1s);
  CHECK(uut.here() == 6);
  CHECK_FALSE(uut.lowest_below(peer_standing::guest));
  // Of the host that has most of them.
  CHECK(uut.lowest_below(peer_standing::known) == numbered(4));
  uut.handle_displacement(numbered(4));
  CHECK(uut.here() == 5);
  CHECK_FALSE(uut.find(numbered(4))->is_here());
  uut.handle_displacement(numbered(5));
  uut.handle_displacement(numbered(3));
  uut.handle_displacement(numbered(6));
  CHECK_FALSE(uut.lowest_below(peer_standing::known));
  CHECK(uut.lowest_below(peer_standing::named) == numbered(2));
  uut.set_standing(numbered(2), peer_standing::named);
  CHECK(uut.lowest_below(peer_standing::named) == numbered(1));
  // It may come again.
  uut.handle_arrival(numbered(4), {}, 2s);
  CHECK(uut.find(numbered(4))->is_here());
  CHECK(uut.lowest_below(peer_standing::named) == numbered(4));
}
