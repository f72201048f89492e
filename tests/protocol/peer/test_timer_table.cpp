#include <node_proxy/protocol/peer/timer_table.hpp>

#include <doctest/doctest.h>

using namespace node_proxy;
using namespace node_proxy::internal;
using namespace std::chrono_literals;

namespace {

enum class meal : std::uint8_t { breakfast, lunch, supper };

using meals = timer_table<meal, meal::supper>;

} // namespace

TEST_CASE("a timer that was not set never expires") {
  meals uut;
  CHECK_FALSE(uut.next());
  CHECK_FALSE(uut.expired(meal::lunch, 1'000h));
}

TEST_CASE("the earliest timer is the next one") {
  meals uut;
  uut.set(meal::supper, 18h);
  uut.set(meal::breakfast, 8h);
  CHECK(uut.next() == 8h);
  uut.set(meal::breakfast, 20h);
  CHECK(uut.next() == 18h);
}

TEST_CASE("a timer is expired from its time on until it is stopped") {
  meals uut;
  uut.set(meal::lunch, 12h);
  CHECK_FALSE(uut.expired(meal::lunch, 12h - 1ns));
  CHECK(uut.expired(meal::lunch, 12h));
  CHECK(uut.expired(meal::lunch, 13h));
  CHECK_FALSE(uut.expired(meal::supper, 13h));
  uut.stop(meal::lunch);
  CHECK_FALSE(uut.expired(meal::lunch, 13h));
}

TEST_CASE("all timers stop at once") {
  meals uut;
  uut.set(meal::lunch, 12h);
  uut.set(meal::supper, 18h);
  uut.stop_all();
  CHECK_FALSE(uut.next());
}
