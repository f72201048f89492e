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
  uut.handle_ack(2, 99, 3s);
  uut.handle_ack(1, 10, 3s);
  CHECK_FALSE(uut.smoothed());
  uut.handle_ack(1, 11, 4s);
  CHECK(uut.smoothed() == 3s);
  // The one that was not measured does not.
  uut.handle_ack(1, 12, 9s);
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

TEST_CASE("another connection is measured anew, and all are counted") {
  round_trip uut;
  uut.handle_sent(1, 10, 1s);
  uut.handle_ack(1, 11, 2s);
  uut.handle_sent(1, 12, 3s);
  uut.restart();
  CHECK_FALSE(uut.smoothed());
  // What was sent on the first connection is not measured any more.
  uut.handle_ack(1, 13, 9s);
  CHECK_FALSE(uut.smoothed());
  CHECK(uut.acknowledgements().sum_us == 1'000'000);
  uut.handle_sent(1, 14, 10s);
  uut.handle_ack(1, 15, 12s);
  CHECK(uut.smoothed() == 2s);
  CHECK(uut.acknowledgements().sum_us == 3'000'000);
}
