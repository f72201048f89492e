// Engines that come, go, throw and have nothing to say.

#include <node_proxy/actors/engine_directory.hpp>

#include <atomic>
#include <stdexcept>

#include <caf/default_attachable.hpp>

#include "node_fixture.hpp"

using namespace test;

namespace {

/// Two nodes; `a` knows `b`.
struct two_nodes {
  static node_config knowing(const node_advert& advert) {
    auto result = local_config();
    result.adverts = {advert};
    return result;
  }

  node_out_batch batch_of(std::size_t count, const char* engine) {
    node_out_batch result;
    result.msgs.assign(count, a.message_to(b.node.id(), engine, {}));
    return result;
  }

  batch_outcome send(const node_out_batch& batch) {
    auto outcome = a.ask<batch_outcome>(batch);
    REQUIRE_MESSAGE(outcome, describe(outcome.error()));
    return *outcome;
  }

  std::optional<errc> send_one(const char* engine) {
    auto outcome = a.send(a.message_to(b.node.id(), engine, {}));
    return outcome ? std::nullopt : code_of(outcome.error());
  }

  test_node b{local_config()};
  test_node a{knowing(b.node.advert())};
};

caf::behavior idle_engine(caf::event_based_actor*) {
  return {[](const engine_msg&) {
  }};
}

/// How many notes of other actors an actor keeps.
bool has_note_of(const caf::actor& whom, const caf::actor_addr& watcher) {
  caf::default_attachable::observe_token note{watcher,
                                              caf::default_attachable::monitor};
  return caf::actor_cast<caf::abstract_actor*>(whom)->detach(note) > 0;
}

/// Ends an actor and waits until it has.
void end(caf::scoped_actor& self, const caf::actor& who) {
  caf::anon_send_exit(who, caf::exit_reason::kill);
  self->wait_for(who);
}

} // namespace

// -- what counts as taken -----------------------------------------------------

TEST_CASE_FIXTURE(two_nodes,
                  "a message whose handler throws is not delivered") {
  b.add_engine("x", b.system.spawn([]() -> caf::behavior {
    return {[](const engine_msg&) {
      throw std::runtime_error{"on purpose"};
    }};
  }));
  CHECK(send_one("x") == errc::engine_gone);
}

TEST_CASE_FIXTURE(two_nodes, "a message that its handler answers with an error "
                             "is delivered") {
  b.add_engine("x", b.system.spawn([]() -> caf::behavior {
    return {[](const engine_msg&) -> caf::result<void> {
      return make_error(errc::bad_config, "an opinion");
    }};
  }));
  CHECK(send_one("x") == std::nullopt);
}

TEST_CASE_FIXTURE(two_nodes, "an engine that ends by itself has taken what it "
                             "was at") {
  b.add_engine(
    "x", b.system.spawn([](caf::event_based_actor* self) -> caf::behavior {
      return {[self](const engine_msg&) {
        self->quit();
      }};
    }));
  CHECK(send_one("x") == std::nullopt);
}

TEST_CASE_FIXTURE(two_nodes,
                  "of a batch whose handler throws that is delivered "
                  "of which the engine said so") {
  std::size_t handled = 0;
  SUBCASE("nothing") {
    handled = 0;
  }
  SUBCASE("some") {
    handled = 3;
  }
  SUBCASE("more than there is") {
    handled = 1'000;
  }
  // The first one may come alone, as nothing else is under way.
  b.add_engine("x", b.system.spawn([handled]() -> caf::behavior {
    return {[handled](const engine_msg_batch& batch) {
      if (batch.msgs.size() < 10)
        return;
      batch.progress.handled(handled);
      throw std::runtime_error{"on purpose"};
    }};
  }),
               true);
  auto outcome = send(batch_of(100, "x"));
  if (handled > 100)
    CHECK(outcome.delivered == 100);
  else
    CHECK(outcome.delivered - handled < 10);
  CHECK(outcome.failures.size() == 100 - outcome.delivered);
  for (const auto& x : outcome.failures) {
    CHECK(x.error == send_error::engine_gone);
    CHECK(x.index >= outcome.delivered);
  }
}

TEST_CASE_FIXTURE(two_nodes,
                  "a batch whose handler returns is delivered whole, "
                  "whatever was said of it before") {
  b.add_engine("x", b.system.spawn([]() -> caf::behavior {
    return {[](const engine_msg_batch& batch) {
      batch.progress.handled(1);
    }};
  }),
               true);
  CHECK(send(batch_of(100, "x")).delivered == 100);
}

TEST_CASE_FIXTURE(two_nodes, "an actor without a handler is no engine") {
  b.add_engine(
    "x", b.system.spawn([](caf::event_based_actor* self) -> caf::behavior {
      self->set_default_handler(caf::drop);
      return {[](int) {
      }};
    }));
  CHECK(send_one("x") == errc::unknown_engine);
}

TEST_CASE_FIXTURE(two_nodes, "what an engine skips is not taken before it has "
                             "ended") {
  auto told = caf::actor_cast<caf::actor>(b.self);
  auto skips = [told](caf::event_based_actor* self) -> caf::behavior {
    return {[self, told](const engine_msg&) -> caf::result<void> {
      self->send(told, done{});
      return caf::skip;
    }};
  };
  auto engine = b.system.spawn(skips);
  b.add_engine("x", engine);
  auto waiting = a.self->request(a.node.router(), patience,
                                 a.message_to(b.node.id(), "x", {}));
  static_cast<void>(b.next<done>());
  end(b.self, engine);
  waiting.receive([](const delivered&) { FAIL("nobody took it"); },
                  [](const caf::error& error) {
                    CHECK(code_of(error) == errc::engine_gone);
                  });
}

// -- names --------------------------------------------------------------------

TEST_CASE_FIXTURE(two_nodes, "the name of an engine that has ended is free at "
                             "once") {
  for (int i = 0; i < 200; ++i) {
    auto engine = b.system.spawn(idle_engine);
    b.add_engine("x", engine);
    end(b.self, engine);
  }
  auto last = b.system.spawn(idle_engine);
  b.add_engine("x", last);
  CHECK(send_one("x") == std::nullopt);
}

TEST_CASE_FIXTURE(two_nodes, "an engine that has ended is gone, not unknown, "
                             "until its name is given again or taken away") {
  auto engine = b.system.spawn(idle_engine);
  b.add_engine("x", engine);
  CHECK(send_one("x") == std::nullopt);
  end(b.self, engine);
  for (int i = 0; i < 5; ++i)
    CHECK(send_one("x") == errc::engine_gone);
  CHECK(send_one("y") == errc::unknown_engine);
  b.add_engine("x", b.system.spawn(idle_engine));
  CHECK(send_one("x") == std::nullopt);
  REQUIRE(b.ask<engine_unregistered>(unregister_engine{"x"}));
  CHECK(send_one("x") == errc::unknown_engine);
}

TEST_CASE_FIXTURE(two_nodes, "what waits for an engine that loses its name is "
                             "refused at once") {
  auto told = caf::actor_cast<caf::actor>(b.self);
  auto waits = [told](caf::event_based_actor* self) -> caf::behavior {
    auto kept = std::make_shared<std::vector<caf::response_promise>>();
    return {[self, told, kept](const engine_msg_batch&) -> caf::result<void> {
      self->send(told, done{});
      kept->push_back(self->make_response_promise());
      return kept->back();
    }};
  };
  auto engine = b.system.spawn(waits);
  b.add_engine("x", engine, true);
  auto waiting =
    a.self->request(a.node.router(), patience, batch_of(3'000, "x"));
  static_cast<void>(b.next<done>());
  REQUIRE(b.ask<engine_unregistered>(unregister_engine{"x"}));
  waiting.receive(
    [](const batch_outcome& outcome) {
      CHECK(outcome.delivered == 0);
      CHECK(outcome.failures.size() == 3'000);
    },
    [](const caf::error& error) { FAIL(describe(error)); });
  end(b.self, engine);
}

TEST_CASE("names of engines that have ended are remembered in bounds") {
  system_fixture fixture;
  engine_directory uut;
  auto name = [](std::size_t i) {
    return "engine " + std::to_string(i);
  };
  for (std::size_t i = 0; i <= engine_directory::max_ended; ++i) {
    auto engine = fixture.system.spawn(idle_engine);
    REQUIRE(uut.handle_register({name(i), engine}));
    end(fixture.self, engine);
    uut.handle_down(engine.address());
  }
  CHECK(uut.find(name(0)).error() == control::reject_reason::unknown_engine);
  CHECK(uut.find(name(1)).error() == control::reject_reason::engine_gone);
  CHECK(uut.engines().empty());
}

// -- many engines -------------------------------------------------------------

TEST_CASE("the last one of many engines is registered as fast as the first") {
  test_node node{local_config()};
  constexpr int count = 20'000;
  constexpr int sample = 1'000;
  auto engine = node.system.spawn(idle_engine);
  std::vector<std::chrono::nanoseconds> took;
  for (int i = 0; i < count; i += sample) {
    auto begun = std::chrono::steady_clock::now();
    for (int j = i; j < i + sample; ++j)
      node.add_engine(std::to_string(j), engine);
    took.push_back(std::chrono::steady_clock::now() - begun);
  }
  // With a cost that grows with their number the last thousand takes twenty
  // times as long as the first.
  CHECK(took.back() < 5 * std::ranges::min(took));
  end(node.self, engine);
  auto begun = std::chrono::steady_clock::now();
  static_cast<void>(node.ask<node_metrics>(get_node_metrics{}));
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds{1});
}

TEST_CASE("many engines that end at once hold up nobody") {
  test_node node{local_config()};
  std::vector<caf::actor> engines;
  for (int i = 0; i < 5'000; ++i) {
    engines.push_back(node.system.spawn(idle_engine));
    node.add_engine(std::to_string(i), engines.back());
  }
  auto begun = std::chrono::steady_clock::now();
  for (const auto& x : engines)
    caf::anon_send_exit(x, caf::exit_reason::kill);
  for (const auto& x : engines)
    node.self->wait_for(x);
  node.add_engine("0", node.system.spawn(idle_engine));
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds{3});
}

// -- what is left behind ------------------------------------------------------

TEST_CASE("a node leaves nothing on engines that outlive it") {
  test_node host{local_config()};
  auto engine = host.system.spawn(idle_engine);
  for (int i = 0; i < 20; ++i) {
    auto config = local_config();
    config.engines = {{"x", engine}, {"y", engine}};
    auto node = spawn_node(host.system, std::move(config));
    REQUIRE_MESSAGE(node, describe(node.error()));
    auto router = node->router().address();
    node->shutdown();
    CHECK_FALSE(has_note_of(engine, router));
  }
}

// -- typed engines ------------------------------------------------------------

namespace {

using single_engine = actor_interface<done(engine_msg)>;
using batch_engine = actor_interface<done(engine_msg_batch)>;
using no_engine = actor_interface<done(node_advert)>;

} // namespace

TEST_CASE_FIXTURE(two_nodes, "a typed engine gets what it takes") {
  auto one = b.system.spawn([]() -> single_engine::behavior_type {
    return {[](const engine_msg&) {
      return done{};
    }};
  });
  auto many = b.system.spawn([]() -> batch_engine::behavior_type {
    return {[](const engine_msg_batch&) {
      return done{};
    }};
  });
  CHECK_FALSE(register_engine{"one", one}.batches);
  CHECK(register_engine{"many", many}.batches);
  REQUIRE(b.ask<engine_registered>(register_engine{"one", one}));
  REQUIRE(b.ask<engine_registered>(register_engine{"many", many}));
  CHECK(send_one("one") == std::nullopt);
  CHECK(send_one("many") == std::nullopt);
  auto untyped = caf::actor_cast<caf::actor>(one);
  auto wrong = b.ask<engine_registered>(register_engine{"x", untyped, true});
  REQUIRE_FALSE(wrong);
  CHECK(describe(wrong.error())
        == "bad_config: engine 'x': the actor has no handler for "
           "engine_msg_batch");
}

TEST_CASE_FIXTURE(two_nodes, "a typed actor that is no engine is refused") {
  auto none = b.system.spawn([]() -> no_engine::behavior_type {
    return {[](const node_advert&) {
      return done{};
    }};
  });
  auto wrong = b.ask<engine_registered>(
    register_engine{"x", caf::actor_cast<caf::actor>(none)});
  REQUIRE_FALSE(wrong);
  CHECK(code_of(wrong.error()) == errc::bad_config);
}

// -- plain sends --------------------------------------------------------------

TEST_CASE_FIXTURE(two_nodes, "a plain send that fails is counted and ends "
                             "nobody") {
  auto stranger = fresh_identity();
  auto sender =
    a.system.spawn([](caf::event_based_actor* self) -> caf::behavior {
      return {[self](const router_actor& router, const node_out_msg& msg) {
        self->send(router, msg);
        node_out_batch batch;
        batch.msgs.assign(3, msg);
        self->send(router, batch);
        self->send(router, unregister_engine{"nobody"});
        return done{};
      }};
    });
  auto unknown = a.message_to(stranger->id(), "x", {});
  auto nobody = a.message_to(b.node.id(), "nobody", {});
  for (const auto& msg : {unknown, nobody})
    static_cast<void>(a.must<done>(sender, a.node.router(), msg));
  // One Node Proxy answers in order.
  CHECK(send_one("nobody") == errc::unknown_engine);
  auto metrics = a.ask<node_metrics>(get_node_metrics{});
  REQUIRE(metrics);
  CHECK(
    metrics->unanswered_failures
    == std::vector<reason_count>{{"unknown_node", 4}, {"unknown_engine", 4}});
  static_cast<void>(a.must<done>(sender, a.node.router(), unknown));
  end(a.self, sender);
}
