#include <doctest/doctest.h>

#include <node_proxy/protocol/peer/round_trip.hpp>

using namespace node_proxy;
using namespace node_proxy::internal;
using namespace std::chrono_literals;

TEST_CASE("nothing is known before something was measured") {
  round_trip uut;
  CHECK_FALSE(uut.smoothed());
  uut.handle_sent(1, 10, 1s);
  CHECK_FALSE(uut.smoothed());
}

TEST_CASE("an acknowledgement of the message that is measured counts") {
  round_trip uut;
  uut.handle_sent(1, 10, 1s);
  // Another one is not measured meanwhile.
  uut.handle_sent(1, 11, 2s);
  CHECK_FALSE(uut.handle_ack(2, 99, 3s));
  CHECK_FALSE(uut.handle_ack(1, 10, 3s));
  CHECK_FALSE(uut.smoothed());
  CHECK(uut.handle_ack(1, 11, 4s) == 3s);
  CHECK(uut.smoothed() == 3s);
  // The one that was not measured does not.
  CHECK_FALSE(uut.handle_ack(1, 12, 9s));
  CHECK(uut.smoothed() == 3s);
}

TEST_CASE("each further time moves the mean by an eighth") {
  round_trip uut;
  uut.handle_sample(8ms);
  uut.handle_sample(16ms);
  CHECK(uut.smoothed() == 9ms);
  uut.handle_sample(1ms);
  CHECK(uut.smoothed() == 8ms);
}
