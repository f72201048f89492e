// What becomes of messages at the engine that gets them.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <type_traits>

#include <malloc.h>

#include "actors/silent_engine.hpp"
#include "counting_engine.hpp"
#include "two_test_nodes.hpp"

using namespace test;

namespace {

using typed_engine = actor_interface<done(engine_msg)>;
using typed_batch_engine =
  actor_interface<done(engine_msg), done(engine_msg_batch)>;
using no_engine = actor_interface<done(node_out_msg)>;

static_assert(
  std::is_constructible_v<register_engine, const char*, typed_engine>);
static_assert(
  !std::is_constructible_v<register_engine, const char*, no_engine>);

} // namespace

TEST_CASE_FIXTURE(two_test_nodes, "a handler that throws has taken nothing") {
  auto fail_now = [](const engine_msg&) {
    throw std::runtime_error{"on purpose"};
  };
  auto x = add("x", fail_now);
  CHECK(send_one("x") == errc::engine_failed);
  b.self->wait_for(x);
  CHECK(send_one("x") == errc::engine_gone);
}

TEST_CASE_FIXTURE(two_test_nodes, "a batch whose handler throws is not taken") {
  // How many messages it has begun with, and got in batches that it finished.
  auto begun = std::make_shared<std::atomic<std::size_t>>(0);
  auto finished = std::make_shared<std::atomic<std::size_t>>(0);
  add(
    "x",
    [begun, finished](const engine_msg_batch& batch) {
      for (std::size_t i = 0; i < batch.msgs.size(); ++i)
        if (++*begun == 50)
          throw std::runtime_error{"on purpose"};
      *finished += batch.msgs.size();
    },
    true);
  auto outcome = send_many("x", 100);
  CHECK(*begun == 50);
  CHECK(outcome.delivered == *finished);
  REQUIRE_FALSE(outcome.failures.empty());
  CHECK(outcome.failures.front().error == send_error::engine_failed);
}

TEST_CASE_FIXTURE(two_test_nodes,
                  "a handler says how much of a batch it took") {
  auto got = std::make_shared<std::atomic<std::size_t>>(0);
  auto take = [this, got](std::string name, auto part_of) {
    add(
      name,
      [got, part_of](const engine_msg_batch& batch) {
        batch_taken result{part_of(batch.msgs.size())};
        *got += result.count;
        return result;
      },
      true);
    return send_many(name, 100);
  };
  auto half = take("half", [](std::size_t size) { return size / 2; });
  CHECK(half.delivered == *got);
  CHECK(half.delivered > 40);
  CHECK(all_failed(half, send_error::engine_failed));
  auto none = take("none", [](std::size_t) { return std::size_t{0}; });
  CHECK(none.delivered == 0);
  CHECK(all_failed(none, send_error::engine_failed));
  CHECK(take("all", [](auto size) { return size; }).delivered == 100);
  CHECK(take("more", [](auto size) { return size + 1; }).delivered == 100);
}

TEST_CASE_FIXTURE(two_test_nodes, "what was answered before a throw stands") {
  auto x = b.system.spawn([](caf::event_based_actor* self) -> caf::behavior {
    return {[self](const engine_msg_batch& batch) {
      self->make_response_promise().deliver(batch_taken{1});
      if (batch.msgs.size() > 1)
        throw std::runtime_error{"on purpose"};
    }};
  });
  b.add_engine("x", x, true);
  auto outcome = send_many("x", 100);
  b.self->wait_for(x);
  // Of the batch with which it ended, one as well.
  CHECK(outcome.delivered > 0);
  CHECK(outcome.failures.size() == 100 - outcome.delivered);
  REQUIRE_FALSE(outcome.failures.empty());
  CHECK(outcome.failures.front().error == send_error::engine_failed);
}

TEST_CASE_FIXTURE(two_test_nodes,
                  "a handler that answers an error has failed") {
  auto answered = [](const engine_msg&) -> caf::result<done> {
    return make_error(errc::bad_config, "on purpose");
  };
  add("x", answered);
  CHECK(send_one("x") == errc::engine_failed);
  CHECK(send_one("x") == errc::engine_failed);
}

TEST_CASE_FIXTURE(two_test_nodes, "a batch is taken by an engine that quits") {
  auto got = std::make_shared<std::atomic<std::size_t>>(0);
  auto x = b.system.spawn([got](caf::event_based_actor* self) -> caf::behavior {
    return {[self, got](const engine_msg_batch& batch) {
      *got += batch.msgs.size();
      self->quit();
    }};
  });
  b.add_engine("x", x, true);
  auto outcome = send_many("x", 100);
  CHECK(outcome.delivered == *got);
  CHECK(all_failed(outcome, send_error::engine_gone));
  CHECK(send_many("x", 100).delivered == 0);
}

TEST_CASE_FIXTURE(two_test_nodes, "a message that is skipped waits") {
  auto x = b.system.spawn(silent_engine, caf::actor_cast<caf::actor>(b.self));
  b.add_engine("x", x);
  auto waiting = a.self->request(a.node.router(), patience, to("x"));
  static_cast<void>(b.next<done>());
  auto ended = false;
  SUBCASE("until it is taken") {
    b.self->send(x, done{});
  }
  SUBCASE("until the engine is killed") {
    ended = true;
    end(x);
  }
  waiting.receive(
    [&](delivered) { CHECK_FALSE(ended); },
    [&](const caf::error& e) { CHECK(code_of(e) == errc::engine_gone); });
}

TEST_CASE_FIXTURE(two_test_nodes,
                  "an engine finishes what it got with a name") {
  auto x = b.system.spawn(silent_engine, caf::actor_cast<caf::actor>(b.self));
  b.add_engine("x", x);
  auto waiting = a.self->request(a.node.router(), patience, to("x"));
  static_cast<void>(b.next<done>());
  REQUIRE(b.ask<engine_unregistered>(unregister_engine{"x"}));
  auto ended = false;
  SUBCASE("when it has lost it") {
    b.self->send(x, done{});
  }
  SUBCASE("or ends, which is noticed") {
    ended = true;
    end(x);
  }
  waiting.receive(
    [&](delivered) { CHECK_FALSE(ended); },
    [&](const caf::error& e) { CHECK(code_of(e) == errc::engine_gone); });
  CHECK(send_one("x") == errc::unknown_engine);
}

namespace {

/// Ends with the first message, and is replaced as soon as this is noticed.
/// Tells `to` when there were enough of them, or what went wrong.
caf::behavior supervisor(caf::event_based_actor* self,
                         const router_actor& router, const caf::actor& to,
                         int lives) {
  auto left = std::make_shared<int>(lives);
  auto begin = [self, router, to] {
    auto engine = self->spawn<caf::monitored>(
      [](caf::event_based_actor* x) -> caf::behavior {
        return {[x](const engine_msg&) {
          x->quit();
        }};
      });
    self->request(router, patience, register_engine{"x", engine})
      .then([](const engine_registered&) {},
            [to](const caf::error& e) { caf::anon_send(to, describe(e)); });
  };
  self->set_down_handler([left, begin, to](const caf::down_msg&) {
    if (--*left == 0)
      caf::anon_send(to, std::string{"enough"});
    else
      begin();
  });
  begin();
  return {[](done) {
  }};
}

} // namespace

TEST_CASE_FIXTURE(two_test_nodes, "an engine is replaced as soon as it ended") {
  auto lives = 300;
  auto x = b.system.spawn(supervisor, b.node.router(),
                          caf::actor_cast<caf::actor>(b.self), lives);
  // The first engine may not have its name yet.
  REQUIRE(
    comes_true([&] { return bool{b.ask<engine_found>(lookup_engine{"x"})}; }));
  std::size_t taken = 0;
  while (taken < 300) {
    auto outcome = send_many("x", 10);
    taken += outcome.delivered;
    for (const auto& failure : outcome.failures)
      REQUIRE(failure.error == send_error::engine_gone);
  }
  CHECK(b.next<std::string>() == "enough");
  end(x);
}

TEST_CASE_FIXTURE(two_test_nodes,
                  "an actor that takes no messages is no engine") {
  auto handler = [](const node_out_msg&) {
    return done{};
  };
  auto ask = [this](const caf::actor& x, bool batches) {
    return b.ask<engine_registered>(register_engine{"x", x, batches});
  };
  SUBCASE("as its type says") {
    auto x = b.system.spawn(
      [handler]() -> no_engine::behavior_type { return {handler}; });
    auto answer = ask(caf::actor_cast<caf::actor>(x), false);
    REQUIRE_FALSE(answer);
    CHECK(code_of(answer.error()) == errc::bad_config);
    CHECK(context_of(answer.error()).find("engine_msg") != std::string::npos);
  }
  SUBCASE("as its type says of batches") {
    auto x = b.system.spawn([]() -> typed_engine::behavior_type {
      return {[](const engine_msg&) {
        return done{};
      }};
    });
    CHECK_FALSE(ask(caf::actor_cast<caf::actor>(x), true));
    REQUIRE(ask(caf::actor_cast<caf::actor>(x), false));
    CHECK_FALSE(send_one("x"));
  }
  SUBCASE("as the first message shows") {
    add("x", handler);
    CHECK(send_one("x") == errc::engine_failed);
  }
}

TEST_CASE_FIXTURE(two_test_nodes,
                  "a typed actor gets batches if it takes them") {
  auto batches = std::make_shared<std::atomic<int>>(0);
  auto x = b.system.spawn([batches]() -> typed_batch_engine::behavior_type {
    return {[](const engine_msg&) { return done{}; },
            [batches](const engine_msg_batch&) {
              ++*batches;
              return done{};
            }};
  });
  REQUIRE(b.ask<engine_registered>(register_engine{"x", x}));
  CHECK(send_many("x", 10).delivered == 10);
  CHECK(*batches > 0);
}

TEST_CASE("a Router answers while very many engines end") {
  test_node node{local_config()};
  constexpr std::size_t count = 20'000;
  std::vector<caf::actor> engines;
  for (std::size_t i = 0; i < count; ++i) {
    engines.push_back(node.system.spawn<counting_engine>());
    node.add_engine(std::to_string(i), engines.back());
  }
  for (const auto& x : engines)
    caf::anon_send_exit(x, caf::exit_reason::kill);
  auto longest = std::chrono::steady_clock::duration{};
  for (auto gone = false; !gone;) {
    auto begun = std::chrono::steady_clock::now();
    gone = !node.ask<engine_found>(lookup_engine{std::to_string(count - 1)});
    longest = std::max(longest, std::chrono::steady_clock::now() - begun);
  }
  CHECK(longest < std::chrono::seconds{1});
}

namespace {

/// Two nodes with the same engine, which gets a message by their connection.
void live_once(caf::actor_system& system, caf::scoped_actor& self,
               const caf::actor& engine) {
  auto bobs = local_config();
  bobs.engines = {{"x", engine}};
  auto bob = spawn_node(system, std::move(bobs));
  REQUIRE(bob);
  auto alices = local_config();
  alices.listen = {};
  alices.adverts = {bob->advert()};
  alices.engines = {{"x", engine}, {"y", engine}};
  auto alice = spawn_node(system, std::move(alices));
  REQUIRE(alice);
  node_out_msg msg;
  msg.expiry = rel_time{60};
  msg.msg.sender = {alice->id(), "x"};
  msg.msg.target = {bob->id(), "x"};
  self->request(alice->router(), patience, msg)
    .receive([](delivered) {}, [](const caf::error& e) { FAIL(describe(e)); });
  CHECK(counting_engine::notes_on(engine) == 2);
}

} // namespace

TEST_CASE("nothing of a node that has ended is left on an engine") {
  node_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  auto engine = system.spawn<counting_engine>();
  for (int i = 0; i < 500; ++i)
    live_once(system, self, engine);
  CHECK(counting_engine::notes_on(engine) == 0);
  // Nor does it keep the memory of their actors, 3 KiB each. Sockets that
  // linger go at the same time.
  auto before = ::mallinfo2().uordblks;
  caf::anon_send_exit(engine, caf::exit_reason::kill);
  self->wait_for(engine);
  engine = nullptr;
  CHECK(before < ::mallinfo2().uordblks + 1'000'000);
}
