// Engines of one node that do not wait for each other.

#include "actors/reason.hpp"
#include "node_fixture.hpp"

using namespace test;

namespace {

/// Leaves every message where it is.
caf::behavior stuck_engine(caf::event_based_actor* self) {
  self->set_default_handler(caf::skip);
  return {[](int) {
    // nop
  }};
}

/// Takes every message at once.
caf::behavior ready_engine(caf::event_based_actor*) {
  return {[](const engine_msg&) {
    // nop
  }};
}

/// `b` has engines that take nothing, and one that does.
struct mixed_pair {
  static constexpr int stuck_engines = 16;

  test_node b{local_config()};
  test_node a{knowing(b)};
  caf::actor stuck = b.system.spawn(stuck_engine);
  caf::actor ready = b.system.spawn(ready_engine);

  mixed_pair() {
    for (int i = 0; i < stuck_engines; ++i)
      b.add_engine(stuck_name(i), stuck);
    b.add_engine("ready", ready);
  }

  ~mixed_pair() {
    for (const auto& x : {stuck, ready})
      caf::anon_send_exit(x, caf::exit_reason::kill);
  }

  static std::string stuck_name(int number) {
    return "stuck" + std::to_string(number);
  }

  static node_config knowing(const test_node& other) {
    auto result = local_config();
    result.adverts = {other.node.advert()};
    return result;
  }

  node_out_msg message(const std::string& engine, std::size_t size) const {
    return a.message_to(b.node.id(), engine, bytes(size));
  }

  void send_later(const node_out_msg& msg) {
    caf::anon_send(a.node.router(), msg);
  }

  void check_ready(int count) {
    for (int i = 0; i < count; ++i) {
      auto sent = a.send(message("ready", 100));
      REQUIRE_MESSAGE(sent, reason(sent));
    }
  }
};

} // namespace

TEST_CASE_FIXTURE(mixed_pair, "one message that is not taken holds up no "
                              "other engine") {
  send_later(message(stuck_name(0), 100));
  check_ready(200);
}

TEST_CASE_FIXTURE(mixed_pair, "more for stuck engines than any window holds "
                              "leaves room for another one") {
  constexpr std::size_t much = 1u << 20;
  for (int i = 0; i < stuck_engines; ++i)
    for (int n = 0; n < 8; ++n)
      send_later(message(stuck_name(i), much));
  check_ready(200);
}

TEST_CASE_FIXTURE(mixed_pair, "an unknown engine is answered though others are "
                              "full") {
  for (int n = 0; n < 4'000; ++n)
    send_later(message(stuck_name(0), 1'000));
  CHECK(code_of(a.send(message("nobody", 100)).error())
        == errc::unknown_engine);
}

TEST_CASE_FIXTURE(mixed_pair, "what is unordered overtakes what is stuck "
                              "before the same engine") {
  // The first message is longer than what has begun to arrive of it.
  constexpr std::size_t large = 15u << 20;
  auto slow = message("ready", large);
  auto quick = message("ready", 100);
  quick.prefs.ordering = transport_ordering::unordered;
  send_later(slow);
  auto sent = a.send(quick);
  CHECK_MESSAGE(sent, reason(sent));
}

TEST_CASE_FIXTURE(mixed_pair, "a batch may be for many engines") {
  node_out_batch batch;
  for (int i = 0; i < 500; ++i)
    batch.msgs.push_back(message(i % 5 == 0 ? "nobody" : "ready", 100));
  auto outcome = a.ask<batch_outcome>(batch);
  REQUIRE(outcome);
  CHECK(outcome->delivered == 400);
  CHECK(outcome->failures.size() == 100);
}
