#include <doctest/doctest.h>

#include <node_proxy/actors/typed/pending_replies.hpp>

#include "support/heap_use.hpp"

using namespace node_proxy;
using namespace node_proxy::internal;
using namespace std::chrono_literals;

TEST_CASE("an old request does not keep what was for later ones"
          * doctest::skip(test::has_mute_heap())) {
  pending_replies uut;
  static_cast<void>(uut.add({}, {}, steady_time{1h}));
  auto before = test::heap_use();
  for (int i = 0; i < 100'000; ++i)
    REQUIRE(uut.take(uut.add({}, {}, steady_time{1h + i * 1us})));
  CHECK(test::heap_use() < before + 16'384);
  CHECK(uut.next_deadline() == steady_time{1h});
}

TEST_CASE("requests expire in the order of their deadlines, once it is known "
          "that they were taken") {
  pending_replies uut;
  auto first = uut.add({}, {}, steady_time{1s});
  auto second = uut.add({}, {}, steady_time{2s});
  for (int i = 0; i < 1'000; ++i)
    REQUIRE(uut.take(uut.add({}, {}, steady_time{2s})));
  CHECK_FALSE(uut.handle_taken(second));
  CHECK_FALSE(uut.poll_expired(steady_time{999ms}));
  CHECK_FALSE(uut.poll_expired(steady_time{1s}));
  CHECK(uut.poll_expired(steady_time{2s}));
  CHECK(uut.handle_taken(first));
  CHECK(uut.empty());
}
