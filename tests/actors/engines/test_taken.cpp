// When a message counts as taken.

#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include "actors/silent_engine.hpp"
#include "two_test_nodes.hpp"

using namespace test;

namespace {

using promises = std::vector<caf::response_promise>;

/// Spawns an engine whose handler is `f(self, msg)` and which tells what it
/// answers itself. Told `done`, or what is wrong, it keeps the promises in
/// `kept`.
struct fixture : two_test_nodes {
  template <class Msg = engine_msg, class F>
  caf::actor add_promising(F f) {
    auto x = b.system.spawn(
      [f, kept = kept](caf::event_based_actor* self) -> caf::behavior {
        return {
          [self, f](const Msg& msg) -> caf::result<done> {
            f(self, msg);
            return caf::delegated<done>{};
          },
          [kept](done) {
            for (auto& answer : *kept)
              answer.deliver(done{});
          },
          [kept](const std::string& why) {
            for (auto& answer : *kept)
              answer.deliver(make_error(errc::bad_config, why));
          },
        };
      });
    b.add_engine("x", x, std::is_same_v<Msg, engine_msg_batch>);
    return x;
  }

  /// What a handler does that answers later.
  auto promise_it() {
    return [kept = kept](caf::event_based_actor* self, const auto&) {
      kept->push_back(self->make_response_promise());
    };
  }

  // Shared with engines.
  std::shared_ptr<promises> kept = std::make_shared<promises>();
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a message is taken when its answer is promised") {
  auto x = add_promising(promise_it());
  CHECK(send_one("x") == std::nullopt);
  SUBCASE("whether the promise is kept") {
    b.self->send(x, done{});
  }
  SUBCASE("or kept with an error") {
    b.self->send(x, std::string{"on purpose"});
  }
  SUBCASE("or never") {}
  CHECK(send_one("x") == std::nullopt);
  end(x);
  kept->clear();
}

TEST_CASE_FIXTURE(fixture, "a message is taken when its answer is forgotten") {
  add_promising([](caf::event_based_actor* self, const engine_msg&) {
    static_cast<void>(self->make_response_promise());
  });
  CHECK(send_one("x") == std::nullopt);
  CHECK(send_one("x") == std::nullopt);
}

TEST_CASE_FIXTURE(fixture, "an answer that is promised and given counts") {
  add_promising([](caf::event_based_actor* self, const engine_msg&) {
    self->make_response_promise().deliver(make_error(errc::bad_config, "no"));
  });
  CHECK(send_one("x") == errc::engine_failed);
}

TEST_CASE_FIXTURE(fixture, "a handler that throws after a promise has failed") {
  auto stored = std::make_shared<promises>();
  auto x = add_promising([stored](caf::event_based_actor* self, const auto&) {
    stored->push_back(self->make_response_promise());
    throw std::runtime_error{"on purpose"};
  });
  CHECK(send_one("x") == errc::engine_failed);
  b.self->wait_for(x);
  auto y = b.system.spawn([](caf::event_based_actor* self) -> caf::behavior {
    return {[self](const engine_msg&) -> caf::result<done> {
      auto forgotten = self->make_response_promise();
      throw std::runtime_error{"on purpose"};
    }};
  });
  b.add_engine("y", y);
  CHECK(send_one("y") == errc::engine_failed);
}

TEST_CASE_FIXTURE(fixture, "an engine that promises and quits has taken it") {
  auto x = add_promising([k = kept](caf::event_based_actor* self, const auto&) {
    k->push_back(self->make_response_promise());
    self->quit();
  });
  CHECK(send_many("x", 3).delivered == 1);
  CHECK(send_one("x") == errc::engine_gone);
  kept->clear();
}

TEST_CASE_FIXTURE(fixture, "an engine that promises and fails has not") {
  auto x = add_promising([k = kept](caf::event_based_actor* self, const auto&) {
    k->push_back(self->make_response_promise());
    self->quit(make_error(errc::bad_config, "on purpose"));
  });
  auto outcome = send_many("x", 3);
  CHECK(outcome.delivered == 0);
  CHECK(outcome.failures.size() == 3);
  kept->clear();
}

TEST_CASE_FIXTURE(fixture, "a message is taken when it is delegated") {
  auto to_silent = [](const caf::actor& whom) {
    return [whom](caf::event_based_actor* self, const engine_msg& msg) {
      self->delegate(whom, msg);
    };
  };
  auto worker =
    b.system.spawn(silent_engine, caf::actor_cast<caf::actor>(b.self));
  add_promising(to_silent(worker));
  CHECK(send_one("x") == std::nullopt);
  static_cast<void>(b.next<done>());
  end(worker);
  // That is an answer before the handler returns, of an engine that lives.
  CHECK(send_one("x") == errc::engine_failed);
}

TEST_CASE("an engine is not logged as unfit for whom it delegates to") {
  std::ostringstream out;
  auto config = local_config();
  config.logger = std::make_shared<spdlog::logger>(
    "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(out));
  test_node b{std::move(config)};
  auto unfit = b.system.spawn<caf::detached>([]() -> caf::behavior {
    return {[](done x) {
      return x;
    }};
  });
  auto delegating =
    b.system.spawn([unfit](caf::event_based_actor* self) -> caf::behavior {
      return {[self, unfit](const engine_msg& msg) -> caf::result<done> {
        self->delegate(unfit, msg);
        // That counts only if the answer is there when the handler returns.
        caf::scoped_actor waiting{self->system()};
        waiting->request(unfit, patience, done{})
          .receive([](done) {}, [](const caf::error&) {});
        return caf::delegated<done>{};
      }};
    });
  b.add_engine("unfit", unfit);
  b.add_engine("delegating", delegating);
  for (auto* name : {"unfit", "delegating"}) {
    auto outcome = b.send(b.message_to(b.node.id(), name, {}));
    REQUIRE_FALSE(outcome);
    CHECK(code_of(outcome.error()) == errc::engine_failed);
  }
  b.node.shutdown();
  CHECK(out.str().find("engine 'unfit' answers as one that has no handler")
        != std::string::npos);
  CHECK(out.str().find("'delegating'") == std::string::npos);
}

namespace {

/// Has an engine that promises, and keeps what `keep` makes of a message.
template <class Msg, class F>
auto keeping_engine(std::shared_ptr<std::vector<engine_msg>> got, F keep) {
  return [got, keep](caf::event_based_actor* self) -> caf::behavior {
    auto promised = std::make_shared<promises>();
    return {[self, got, keep, promised](Msg msg) -> caf::result<done> {
      promised->push_back(self->make_response_promise());
      got->push_back(keep(msg));
      return caf::delegated<done>{};
    }};
  };
}

} // namespace

TEST_CASE_FIXTURE(fixture, "a message is taken whoever keeps it") {
  auto got = std::make_shared<std::vector<engine_msg>>();
  auto copy = [](const auto& msg) {
    return msg;
  };
  auto move = [](auto& msg) {
    return std::move(msg);
  };
  std::vector<caf::actor> engines{
    b.system.spawn(keeping_engine<const engine_msg&>(got, copy)),
    b.system.spawn(keeping_engine<engine_msg>(got, move)),
    b.system.spawn(keeping_engine<engine_msg&>(got, move)),
  };
  for (std::size_t i = 0; i < engines.size(); ++i) {
    b.add_engine(std::to_string(i), engines[i]);
    CHECK(send_one(std::to_string(i)) == std::nullopt);
    REQUIRE(got->size() == i + 1);
    CHECK(got->back().target.name == std::to_string(i));
  }
  for (const auto& x : engines)
    end(x);
}

TEST_CASE_FIXTURE(fixture, "a message that was sent on is taken") {
  add_promising([to = caf::actor_cast<caf::actor>(b.self),
                 k = kept](caf::event_based_actor* self, const engine_msg& m) {
    k->push_back(self->make_response_promise());
    self->send(to, m);
  });
  CHECK(send_one("x") == std::nullopt);
  CHECK(next_message(b.self).target.name == "x");
  kept->clear();
}

TEST_CASE_FIXTURE(fixture, "a typed engine may answer later, too") {
  using typed_engine = actor_interface<done(engine_msg)>;
  auto later = std::make_shared<std::vector<promise<done>>>();
  auto x = b.system.spawn(
    [later](typed_engine::pointer self) -> typed_engine::behavior_type {
      return {[self, later](const engine_msg&) {
        later->push_back(self->make_response_promise<done>());
        return later->back();
      }};
    });
  REQUIRE(b.ask<engine_registered>(register_engine{"x", x}));
  CHECK(send_one("x") == std::nullopt);
  CHECK(send_many("x", 5).delivered == 5);
  end(caf::actor_cast<caf::actor>(x));
  later->clear();
}

TEST_CASE_FIXTURE(fixture, "a batch is taken when its answer is promised") {
  auto x = add_promising<engine_msg_batch>(promise_it());
  CHECK(send_many("x", 100).delivered == 100);
  b.self->send(x, std::string{"on purpose"});
  CHECK(send_many("x", 100).delivered == 100);
  end(x);
  kept->clear();
}

TEST_CASE_FIXTURE(fixture, "a batch that is promised and thrown has failed") {
  add_promising<engine_msg_batch>(
    [k = kept](caf::event_based_actor* self, const auto&) {
      k->push_back(self->make_response_promise());
      throw std::runtime_error{"on purpose"};
    });
  auto outcome = send_many("x", 10);
  CHECK(outcome.delivered == 0);
  REQUIRE(outcome.failures.size() == 10);
  CHECK(outcome.failures.front().error == send_error::engine_failed);
  kept->clear();
}

TEST_CASE_FIXTURE(fixture, "what waits in a mailbox is not taken") {
  auto batches = false;
  SUBCASE("by messages") {}
  SUBCASE("or by batches") {
    batches = true;
  }
  auto x = b.system.spawn(silent_engine, caf::actor_cast<caf::actor>(b.self));
  b.add_engine("x", x, batches);
  node_out_batch batch;
  batch.msgs.assign(10, to("x"));
  auto waiting = a.self->request(a.node.router(), patience, batch);
  static_cast<void>(b.next<done>());
  end(x);
  waiting.receive(
    [](const batch_outcome& outcome) {
      CHECK(outcome.delivered == 0);
      CHECK(all_failed(outcome, send_error::engine_gone));
    },
    [](const caf::error& e) { FAIL(describe(e)); });
}

TEST_CASE_FIXTURE(fixture, "a blocking actor takes what it receives") {
  std::optional<caf::scoped_actor> x{b.system};
  b.add_engine("x", caf::actor_cast<caf::actor>(*x));
  auto kept_one = a.self->request(a.node.router(), patience, to("x"));
  auto thrown = a.self->request(a.node.router(), patience, to("x"));
  auto skipped = a.self->request(a.node.router(), patience, to("x"));
  caf::response_promise later;
  (*x)->receive([&](const engine_msg&) -> caf::result<done> {
    later = (*x)->make_response_promise();
    return caf::delegated<done>{};
  });
  kept_one.receive([](delivered) {},
                   [](const caf::error& e) { FAIL(describe(e)); });
  CHECK_THROWS((*x)->receive(
    [](const engine_msg&) { throw std::runtime_error{"on purpose"}; }));
  thrown.receive(
    [](delivered) { FAIL("its handler has thrown"); },
    [](const caf::error& e) { CHECK(code_of(e) == errc::engine_failed); });
  (*x)->receive([](done) {}, caf::after(std::chrono::milliseconds{1}) >> [] {});
  x.reset();
  skipped.receive(
    [](delivered) { FAIL("nobody has received it"); },
    [](const caf::error& e) { CHECK(code_of(e) == errc::engine_gone); });
}

namespace {

/// Asks the next one, if there is one, and answers when that has taken it.
/// Tells `to` of the outcome.
caf::behavior relay(caf::event_based_actor* self, const router_actor& router,
                    const std::optional<node_out_msg>& next,
                    const caf::actor& to) {
  return {[=](const engine_msg&) {
    auto answer = self->make_response_promise<done>();
    auto finish = [=]() mutable {
      caf::anon_send(to, done{});
      fulfil(answer, done{});
    };
    if (next)
      self->request(router, caf::infinite, *next)
        .then([finish](delivered) mutable { finish(); },
              [answer](caf::error e) mutable { fail(answer, std::move(e)); });
    else
      finish();
    return answer;
  }};
}

/// Adds four engines that ask each other, in turn on two nodes.
void add_chain(const std::string& name, test_node& here, test_node& there,
               const caf::actor& to) {
  std::optional<node_out_msg> next;
  for (int i = 3; i >= 0; --i) {
    auto& node = i % 2 == 0 ? here : there;
    auto& other = i % 2 == 0 ? there : here;
    auto own = name + std::to_string(i);
    node.add_engine(own,
                    node.system.spawn(relay, node.node.router(), next, to));
    next = other.message_to(node.node.id(), own, {});
  }
}

} // namespace

TEST_CASE_FIXTURE(two_test_nodes, "engines that wait for each other go on") {
  constexpr int times = 50;
  auto self = caf::actor_cast<caf::actor>(a.self);
  // Both know each other when one has sent something.
  CHECK(send_one("nobody") == errc::unknown_engine);
  add_chain("forth", a, b, self);
  add_chain("back", b, a, self);
  for (int i = 0; i < times; ++i) {
    caf::anon_send(a.node.router(), a.message_to(a.node.id(), "forth0", {}));
    caf::anon_send(b.node.router(), b.message_to(b.node.id(), "back0", {}));
  }
  for (int i = 0; i < times * 2 * 4; ++i)
    static_cast<void>(a.next<done>());
}
