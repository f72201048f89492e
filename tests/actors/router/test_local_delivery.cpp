// Messages of a node to itself: an engine need not know where another one is.

#include <atomic>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include <node_proxy/protocol/delivery/outbox.hpp>

#include "actors/node_fixture.hpp"
#include "actors/silent_engine.hpp"

using namespace test;

namespace {

struct fixture {
  node_out_msg message(std::string engine, std::optional<node_id> node = {}) {
    auto result = a.message_to(a.node.id(), std::move(engine), to_bytes("hi"));
    result.msg.target.node = node;
    return result;
  }

  std::optional<errc> send(const node_out_msg& msg) {
    auto outcome = a.send(msg);
    return outcome ? std::nullopt : code_of(outcome.error());
  }

  static node_config small_config() {
    auto result = local_config();
    result.settings.max_message = 1'000;
    // For one engine there is room for two messages.
    result.settings.outbox_bytes = 5 * outbox::memory_overhead;
    result.shutdown_grace = std::chrono::milliseconds{50};
    return result;
  }

  test_node a{small_config()};
};

caf::actor spawn_silent(test_node& x) {
  return x.system.spawn(silent_engine, caf::actor_cast<caf::actor>(x.self));
}

} // namespace

TEST_CASE_FIXTURE(fixture,
                  "a message to an engine of the own node is delivered") {
  a.add_engine(
    "x", a.system.spawn(forward_engine, caf::actor_cast<caf::actor>(a.self)));
  for (auto node : {std::optional<node_id>{}, std::optional{a.node.id()}}) {
    auto msg = message("x", node);
    msg.msg.mailbox = 7;
    msg.msg.sender.node.reset();
    CHECK(send(msg) == std::nullopt);
    auto got = next_message(a.self);
    CHECK(got.sender == engine_id{a.node.id(), "test"});
    CHECK(got.target == engine_id{a.node.id(), "x"});
    CHECK(got.mailbox == 7u);
    CHECK(as_text(got.msg) == "hi");
  }
}

TEST_CASE_FIXTURE(fixture, "outcomes are those of a remote engine") {
  CHECK(send(message("nobody")) == errc::unknown_engine);
  a.add_engine("bad", a.system.spawn([]() -> caf::behavior {
    return {[](const engine_msg&) {
      throw std::runtime_error{"on purpose"};
    }};
  }));
  CHECK(send(message("bad")) == errc::engine_failed);
  auto forged = message("x");
  forged.msg.sender.node = fresh_identity()->id();
  CHECK(send(forged) == errc::wrong_sender);
  auto large = message("x");
  large.msg.msg = bytes(1'001);
  CHECK(send(large) == errc::too_large);
  auto far = message("x");
  far.expiry = rel_time{limits::expiry_seconds + 1};
  CHECK(send(far) == errc::bad_expiry);
  far.expiry = abs_time{0};
  CHECK(send(far) == errc::expired);
  CHECK(send(message("\xff")) == errc::malformed);
  CHECK(send(message("")) == errc::malformed);
}

TEST_CASE("it is refused for the same reason as one to another node") {
  auto config = local_config();
  config.settings.max_message = 1'000;
  test_node b{config};
  config.self = fresh_identity();
  config.adverts = {b.node.advert()};
  test_node a{config};
  // Only then it knows how much the other one takes.
  CHECK(code_of(a.send(a.message_to(b.node.id(), "nobody", {})).error())
        == errc::unknown_engine);
  auto refused = [&a](node_out_msg msg, const node_id& to) {
    msg.msg.target.node = to;
    auto outcome = a.send(msg);
    REQUIRE_FALSE(outcome);
    return code_of(outcome.error());
  };
  auto good = a.message_to(a.node.id(), "nobody", to_bytes("hi"));
  auto forged = good;
  forged.msg.sender.node = fresh_identity()->id();
  auto nameless = good;
  nameless.msg.target.name = "";
  auto misnamed = good;
  misnamed.msg.sender.name = "\xff";
  auto large = good;
  // With what is in front of it.
  large.msg.msg = bytes(1'000);
  auto far = good;
  far.expiry = rel_time{limits::expiry_seconds + 1};
  auto late = good;
  late.expiry = abs_time{0};
  auto far_nameless = nameless;
  far_nameless.expiry = far.expiry;
  auto far_large = large;
  far_large.expiry = far.expiry;
  auto late_large = large;
  late_large.expiry = late.expiry;
  std::vector<std::pair<node_out_msg, errc>> cases{
    {good, errc::unknown_engine},  {forged, errc::wrong_sender},
    {nameless, errc::malformed},   {misnamed, errc::malformed},
    {large, errc::too_large},      {far, errc::bad_expiry},
    {late, errc::expired},         {far_nameless, errc::bad_expiry},
    {far_large, errc::bad_expiry}, {late_large, errc::too_large}};
  for (std::size_t i = 0; i < cases.size(); ++i) {
    CAPTURE(i);
    const auto& [msg, code] = cases[i];
    CHECK(refused(msg, b.node.id()) == code);
    CHECK(refused(msg, a.node.id()) == code);
  }
}

TEST_CASE_FIXTURE(fixture, "a message whose answer is promised is taken") {
  auto kept = std::make_shared<caf::response_promise>();
  auto promise = [kept](caf::event_based_actor* self) -> caf::behavior {
    return {[self, kept](const engine_msg&) -> caf::result<done> {
      *kept = self->make_response_promise();
      return caf::delegated<done>{};
    }};
  };
  auto engine = a.system.spawn(promise);
  a.add_engine("late", engine);
  CHECK(send(message("late")) == std::nullopt);
  CHECK(send(message("late")) == std::nullopt);
  caf::anon_send_exit(engine, caf::exit_reason::kill);
}

TEST_CASE_FIXTURE(fixture, "what an engine does not take expires") {
  auto engine = spawn_silent(a);
  a.add_engine("silent", engine);
  auto msg = message("silent");
  msg.expiry = rel_time{1};
  CHECK(send(msg) == errc::unconfirmed);
  caf::anon_send_exit(engine, caf::exit_reason::kill);
}

TEST_CASE_FIXTURE(fixture, "what waits for own engines is bounded") {
  auto engine = spawn_silent(a);
  a.add_engine("silent", engine);
  auto one = a.self->request(a.node.router(), patience, message("silent"));
  auto two = a.self->request(a.node.router(), patience, message("silent"));
  CHECK(send(message("silent")) == errc::outbox_full);
  // For others there is some left.
  a.add_engine("idle", a.system.spawn([]() -> caf::behavior {
    return {[](const engine_msg&) {
    }};
  }));
  CHECK(send(message("idle")) == std::nullopt);
  caf::anon_send_exit(engine, caf::exit_reason::kill);
  auto gone = [](const caf::error& error) {
    CHECK(code_of(error) == errc::engine_gone);
  };
  one.receive([](const delivered&) { FAIL("nobody took it"); }, gone);
  two.receive([](const delivered&) { FAIL("nobody took it"); }, gone);
}

TEST_CASE_FIXTURE(fixture, "what has expired counts as long as it is held") {
  auto engine = spawn_silent(a);
  a.add_engine("silent", engine);
  auto msg = message("silent");
  msg.expiry = rel_time{1};
  auto one = a.self->request(a.node.router(), patience, msg);
  auto two = a.self->request(a.node.router(), patience, msg);
  auto expired = [](const caf::error& error) {
    CHECK(code_of(error) == errc::unconfirmed);
  };
  one.receive([](const delivered&) { FAIL("nobody took it"); }, expired);
  two.receive([](const delivered&) { FAIL("nobody took it"); }, expired);
  CHECK(send(msg) == errc::outbox_full);
  // Nobody waits, so the end of the node does not either.
  auto begin = std::chrono::steady_clock::now();
  a.node.shutdown();
  CHECK(std::chrono::steady_clock::now() - begin < patience / 2);
  caf::anon_send_exit(engine, caf::exit_reason::kill);
}

TEST_CASE("messages that come together reach each engine in one batch") {
  test_node a{local_config()};
  constexpr std::size_t count = 100;
  auto batches = std::make_shared<std::atomic<int>>(0);
  for (auto name : {"x", "y"})
    a.add_engine(name, a.system.spawn([batches]() -> caf::behavior {
      return {[batches](const engine_msg_batch&) {
        ++*batches;
      }};
    }),
                 true);
  node_out_batch batch;
  for (std::size_t i = 0; i < 2 * count; ++i)
    batch.msgs.push_back(
      a.message_to(a.node.id(), i % 2 == 0 ? "x" : "y", to_bytes("hi")));
  auto outcome = a.ask<batch_outcome>(batch);
  REQUIRE(outcome);
  CHECK(outcome->delivered == 2 * count);
  CHECK(*batches == 2);
}

TEST_CASE_FIXTURE(fixture, "a batch to the own node is answered once") {
  a.add_engine("x", a.system.spawn([]() -> caf::behavior {
    return {[](const engine_msg_batch&) {
    }};
  }),
               true);
  node_out_batch batch;
  batch.msgs = {message("x"), message("nobody", a.node.id())};
  auto outcome = a.ask<batch_outcome>(batch);
  REQUIRE(outcome);
  CHECK(outcome->delivered == 1);
  REQUIRE(outcome->failures.size() == 1);
  CHECK(outcome->failures[0].index == 1);
  CHECK(outcome->failures[0].error == send_error::unknown_engine);
  batch.msgs.push_back(a.message_to(fresh_identity()->id(), "x", {}));
  auto mixed = a.ask<batch_outcome>(batch);
  REQUIRE_FALSE(mixed);
  CHECK(code_of(mixed.error()) == errc::wrong_target);
}

TEST_CASE_FIXTURE(fixture,
                  "the end of a node answers what own engines have not") {
  auto engine = spawn_silent(a);
  a.add_engine("silent", engine);
  auto waiting = a.self->request(a.node.router(), patience, message("silent"));
  static_cast<void>(a.next<done>());
  a.node.shutdown();
  waiting.receive([](const delivered&) { FAIL("nobody took it"); },
                  [](const caf::error& error) {
                    CHECK(code_of(error) == errc::unconfirmed);
                    CHECK(context_of(error) == "shutting_down");
                  });
  caf::anon_send_exit(engine, caf::exit_reason::kill);
}
