#include <node_proxy/protocol/node/retirement.hpp>

#include <string>

#include <doctest/doctest.h>

using namespace node_proxy;
using namespace node_proxy::internal;
using namespace std::chrono_literals;

namespace {

constexpr steady_time now = 1000s;

/// Both halves, and what waits in one of them.
struct fixture {
  router_retirement router;
  proxy_retirement<std::string> proxy;

  void send() {
    router.handle_sent();
    proxy.handle_routed();
    CHECK(released().empty());
  }

  std::uint64_t offer() {
    auto result = proxy.poll_offer(now);
    REQUIRE(result);
    return *result;
  }

  std::string released() {
    std::string result;
    while (auto held = proxy.poll_held()) {
      // It must not rest between two of them.
      CHECK_FALSE(proxy.poll_offer(now));
      result += *held;
    }
    return result;
  }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "what the Router spawned it for comes first") {
  CHECK_FALSE(proxy.poll_offer(now));
  send();
  CHECK(router.grants(offer()));
}

TEST_CASE_FIXTURE(fixture, "an offer is made once") {
  send();
  CHECK(offer() == 1);
  CHECK_FALSE(proxy.poll_offer(now));
}

TEST_CASE_FIXTURE(fixture, "what is on its way withdraws the offer") {
  send();
  auto offered = offer();
  router.handle_sent();
  CHECK_FALSE(router.grants(offered));
  CHECK(proxy.holds());
  proxy.handle_routed();
  CHECK(released().empty());
  CHECK_FALSE(proxy.holds());
  CHECK(router.grants(offer()));
}

TEST_CASE_FIXTURE(fixture, "what users say after the offer waits") {
  send();
  static_cast<void>(offer());
  proxy.handle_held("a");
  proxy.handle_held("b");
  CHECK(released().empty());
  SUBCASE("to be taken") {
    router.handle_sent();
    proxy.handle_routed();
    CHECK(released() == "ab");
    CHECK_FALSE(proxy.retired());
  }
  SUBCASE("to be passed on") {
    proxy.handle_retire();
    CHECK(proxy.retired());
    CHECK(released() == "ab");
  }
  CHECK_FALSE(proxy.holds());
}

TEST_CASE_FIXTURE(fixture, "who has got the handle may use it for a while") {
  send();
  proxy.handle_given_out(now + 1s);
  CHECK(proxy.given_out());
  CHECK_FALSE(proxy.poll_offer(now));
  CHECK(proxy.poll_timeout(now) == now + 1s);
  CHECK(proxy.poll_offer(now + 1s));
  CHECK_FALSE(proxy.poll_timeout(now + 1s));
}
