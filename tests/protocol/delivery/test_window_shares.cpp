#include <node_proxy/protocol/delivery/window_shares.hpp>

#include <vector>

#include <doctest/doctest.h>

#include "budgets.hpp"

using namespace node_proxy::internal;

namespace {

struct fixture {
  static constexpr std::int64_t all_memory = 10'000;

  std::shared_ptr<receive_budget> budget = test::budget_of(all_memory);
  window_shares uut{{100, 1'600, 1'000}, budget};

  /// An engine takes so much, in small messages.
  void take(window_shares::share& x, std::uint64_t bytes) {
    for (std::uint64_t i = 0; i < bytes; i += 10)
      uut.handle_consumed(x, 10, 0);
  }

  std::int64_t taken() const { return all_memory - budget->free(); }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "an own window takes nothing of what is shared") {
  window_shares::share x;
  CHECK(uut.window(x) == 100);
  CHECK(taken() == 0);
  CHECK(uut.handle_begun(x, 100, 100));
  CHECK(uut.adopt(x, 100));
  CHECK(uut.adopt(x, 0));
  CHECK(taken() == 0);
}

TEST_CASE_FIXTURE(fixture, "who takes half a window gets one more") {
  window_shares::share x;
  take(x, 40);
  CHECK(uut.window(x) == 100);
  take(x, 10);
  CHECK(uut.window(x) == 200);
  take(x, 90);
  CHECK(uut.window(x) == 200);
  take(x, 10);
  CHECK(uut.window(x) == 400);
  take(x, 10'000);
  CHECK(uut.window(x) == 100 + 800);
  CHECK(taken() == 800);
}

TEST_CASE_FIXTURE(fixture, "a channel may have as much as is free beside it") {
  std::vector<window_shares::share> all(8);
  std::uint64_t expected = 800;
  for (auto& x : all) {
    take(x, 10'000);
    CHECK(uut.window(x) == 100 + expected);
    expected /= 2;
  }
}

TEST_CASE_FIXTURE(fixture, "who has more than others gives back what it took") {
  window_shares::share x;
  window_shares::share y;
  take(x, 10'000);
  take(y, 10'000);
  CHECK(uut.window(x) == 100 + 800);
  CHECK(uut.window(y) == 100 + 400);
  // Now 600 are its part. The other side may use what it was told.
  uut.handle_consumed(x, 10, 0);
  CHECK(uut.window(x) == 890);
  uut.handle_consumed(x, 50, 880);
  CHECK(uut.window(x) == 880);
  uut.handle_consumed(x, 50, 1'000);
  CHECK(uut.window(x) == 880);
  take(x, 10'000);
  take(y, 10'000);
  take(x, 10'000);
  take(y, 10'000);
  // Both have a third in the end, and one is left.
  CHECK(uut.window(x) < 100 + 560);
  CHECK(uut.window(x) > 100 + 500);
  CHECK(uut.window(y) < 100 + 560);
  CHECK(uut.window(y) > 100 + 500);
}

TEST_CASE_FIXTURE(fixture, "a message that has begun has as much as it needs") {
  window_shares::share x;
  SUBCASE("with what is before it") {
    CHECK(uut.handle_begun(x, 700, 500));
    CHECK(uut.window(x) == 700);
  }
  SUBCASE("or alone") {
    CHECK(uut.handle_begun(x, 901, 500));
    CHECK(uut.window(x) == 500);
  }
  SUBCASE("from what is shared if that is enough") {
    CHECK(uut.handle_begun(x, 900, 900));
    CHECK(x.extra == 800);
    CHECK(x.large == 0);
  }
  SUBCASE("or from what is for large ones") {
    CHECK(uut.handle_begun(x, 901, 901));
    CHECK(x.extra == 0);
    CHECK(x.large == 801);
  }
  SUBCASE("or nothing") {
    CHECK_FALSE(uut.handle_begun(x, 1'101, 1'101));
    CHECK(uut.window(x) == 100);
  }
  SUBCASE("which is less if it is not alone") {
    CHECK_FALSE(uut.handle_begun(x, 1'001, 1'000));
    CHECK(uut.window(x) == 100);
  }
  CHECK(taken() == static_cast<std::int64_t>(x.extra + x.large));
}

TEST_CASE_FIXTURE(fixture,
                  "what is for large messages is given back by and by") {
  window_shares::share x;
  window_shares::share y;
  CHECK(uut.handle_begun(x, 1'000, 1'000));
  CHECK(x.large == 900);
  CHECK_FALSE(uut.handle_begun(y, 1'000, 1'000));
  uut.handle_consumed(x, 400, 0);
  CHECK(uut.window(x) == 600);
  CHECK_FALSE(uut.handle_begun(y, 1'000, 1'000));
  uut.handle_consumed(x, 600, 0);
  CHECK(uut.window(x) == 100);
  CHECK(taken() == 0);
  CHECK(uut.handle_begun(y, 1'000, 1'000));
}

TEST_CASE_FIXTURE(fixture, "without memory nothing grows") {
  CHECK(budget->take(all_memory - 50));
  window_shares::share x;
  take(x, 10'000);
  CHECK(uut.window(x) == 100);
  CHECK_FALSE(uut.handle_begun(x, 151, 151));
  CHECK_FALSE(uut.handle_begun(x, 1'000, 1'000));
  CHECK(budget->free() == 50);
  CHECK(uut.handle_begun(x, 150, 150));
  CHECK(budget->free() == 0);
}

TEST_CASE_FIXTURE(fixture, "a window that was permitted once is adopted") {
  window_shares::share x;
  window_shares::share y;
  CHECK(uut.adopt(x, 100 + 1'600 + 500));
  CHECK(x.extra == 1'600);
  CHECK(x.large == 500);
  // The other one may have had it before.
  CHECK(uut.adopt(y, 100 + 2'600));
  CHECK(taken() == 4'700);
  window_shares::share z;
  CHECK_FALSE(uut.adopt(z, 100 + 501));
  CHECK(uut.adopt(z, 100 + 500));
  CHECK_FALSE(uut.handle_begun(z, 601, 601));
  uut.release(x);
  uut.release(z);
  CHECK(taken() == 2'600);
  uut.clear();
  CHECK(taken() == 0);
}

TEST_CASE_FIXTURE(fixture, "memory outlives nobody") {
  {
    window_shares other{{100, 1'600, 1'000}, budget};
    window_shares::share x;
    CHECK(other.adopt(x, 1'000));
    CHECK(taken() == 900);
  }
  CHECK(taken() == 0);
}

TEST_CASE("a budget may be overdrawn, but nothing is taken from it then") {
  receive_budget uut{100, test::room_for_strangers()};
  CHECK_FALSE(uut.take(101));
  CHECK(uut.take(100));
  CHECK_FALSE(uut.take(1));
  CHECK(uut.take(0));
  uut.take_anyway(50);
  CHECK(uut.free() == -50);
  CHECK_FALSE(uut.take(0));
  uut.give(150);
  CHECK(uut.free() == 100);
}
