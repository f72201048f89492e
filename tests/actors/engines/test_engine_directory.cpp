#include <node_proxy/actors/engines/engine_directory.hpp>

#include <chrono>
#include <future>
#include <string>
#include <vector>

#include "actors/system_fixture.hpp"
#include "counting_engine.hpp"

using namespace test;

namespace {

struct fixture : system_fixture {
  ~fixture() {
    for (const auto& x : spawned)
      caf::anon_send_exit(x, caf::exit_reason::kill);
  }

  caf::actor engine() {
    return spawned.emplace_back(system.spawn<counting_engine>());
  }

  /// Ends an engine. Others may not have been told when this returns.
  void end(const caf::actor& engine) {
    caf::anon_send_exit(engine, caf::exit_reason::kill);
    self->wait_for(engine);
  }

  /// Which error it is to look for a name.
  [[nodiscard]] errc missing(const std::string& name) const {
    auto found = uut->find(name);
    REQUIRE_FALSE(found);
    return found.error();
  }

  std::size_t notes_on(const caf::actor& x) {
    return counting_engine::notes_on(x);
  }

  std::vector<caf::actor> spawned;
  std::shared_ptr<engine_directory> uut = std::make_shared<engine_directory>();
};

/// Tells the test what it is told.
engine_watcher::behavior_type watcher_behavior(engine_watcher::pointer,
                                               const caf::actor& to) {
  return {[to](const engine_left& msg) {
    caf::anon_send(to, msg);
  }};
}

/// An engine `x`, and who wants to know of its end.
struct watched : fixture {
  watched() {
    REQUIRE(uut->add({"x", x}));
    entry = *uut->find("x");
    REQUIRE(uut->watch(*entry, watcher));
  }

  caf::actor x = engine();
  engine_entry_ptr entry;
  engine_watcher watcher =
    system.spawn(watcher_behavior, caf::actor_cast<caf::actor>(self));
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a name stands for one engine") {
  auto one = engine();
  REQUIRE(uut->add({"x", one, true}));
  CHECK(uut->add({"x", engine()}).error() == errc::name_in_use);
  auto found = uut->find("x");
  REQUIRE(found);
  CHECK((*found)->engine() == one);
  CHECK((*found)->batches());
  CHECK(missing("y") == errc::unknown_engine);
  CHECK(uut->remove("x"));
  CHECK_FALSE((*found)->registered());
  CHECK_FALSE(uut->remove("x"));
  CHECK(missing("x") == errc::unknown_engine);
}

TEST_CASE_FIXTURE(fixture, "an engine has one note for all its names") {
  auto x = engine();
  REQUIRE(uut->add({"one", x}));
  REQUIRE(uut->add({"two", x}));
  CHECK(notes_on(x) == 1);
  CHECK(uut->remove("one"));
  CHECK(notes_on(x) == 1);
  CHECK(uut->remove("two"));
  CHECK(notes_on(x) == 0);
}

TEST_CASE_FIXTURE(fixture, "a directory that goes takes its notes with it") {
  auto x = engine();
  auto other = std::make_shared<engine_directory>();
  REQUIRE(uut->add({"one", x}));
  REQUIRE(other->add({"one", x}));
  CHECK(notes_on(x) == 2);
  SUBCASE("closed") {
    uut->close();
  }
  SUBCASE("destroyed") {
    uut.reset();
  }
  CHECK(notes_on(x) == 1);
  CHECK(other->find("one"));
}

TEST_CASE_FIXTURE(fixture, "a name whose engine has ended is free") {
  auto first = engine();
  REQUIRE(uut->add({"x", first}));
  REQUIRE(uut->add({"y", first}));
  end(first);
  auto second = engine();
  REQUIRE(uut->add({"x", second}));
  CHECK((*uut->find("x"))->engine() == second);
  CHECK(missing("y") == errc::engine_gone);
  CHECK(uut->remove("y"));
  CHECK(missing("y") == errc::unknown_engine);
}

TEST_CASE_FIXTURE(fixture, "a name is free for whoever is told first") {
  auto first = engine();
  auto second = engine();
  REQUIRE(uut->add({"x", first}));
  // CAF tells the last one first.
  std::promise<bool> added;
  first->attach_functor([&] {
    added.set_value(uut->add({"x", second}).has_value());
  });
  end(first);
  CHECK(added.get_future().get());
  auto found = uut->find("x");
  REQUIRE(found);
  CHECK((*found)->engine() == second);
}

TEST_CASE_FIXTURE(fixture, "an engine that has ended gets no name") {
  auto x = engine();
  end(x);
  CHECK(uut->add({"x", x}).error() == errc::engine_gone);
  CHECK(missing("x") == errc::engine_gone);
}

TEST_CASE_FIXTURE(fixture, "what an engine has not taken is added up") {
  auto x = engine();
  REQUIRE(uut->add({"x", x}));
  auto entry = *uut->find("x");
  std::vector<std::shared_ptr<untaken_count>> counts;
  for (auto number : {3u, 4u}) {
    auto watcher = caf::actor_cast<engine_watcher>(
      system.spawn(watcher_behavior, caf::actor_cast<caf::actor>(self)));
    counts.push_back(std::make_shared<untaken_count>());
    REQUIRE(uut->watch(*entry, watcher, counts.back()));
    counts.back()->add(number);
  }
  CHECK(uut->list()[0].untaken == 7);
  counts[0]->remove(3);
  CHECK(uut->list()[0].untaken == 4);
}

TEST_CASE_FIXTURE(watched, "who watches an engine is told that it has left") {
  CHECK(uut->remove("x"));
  CHECK(next<engine_left>().entry == entry);
  CHECK_FALSE(uut->watch(*entry, watcher));
  SUBCASE("and that it has ended") {
    CHECK_FALSE(entry->ended());
    end(x);
    CHECK(next<engine_left>().entry == entry);
    CHECK(entry->ended());
  }
  SUBCASE("unless it does not want to know any more") {
    CHECK(notes_on(x) == 1);
    uut->unwatch(entry, watcher.id());
    CHECK(notes_on(x) == 0);
  }
}

TEST_CASE_FIXTURE(watched, "an engine has ended if somebody knows so") {
  uut->handle_end("nobody");
  CHECK_FALSE(entry->ended());
  uut->handle_end("x");
  CHECK(next<engine_left>().entry == entry);
  CHECK(entry->ended());
  CHECK(missing("x") == errc::engine_gone);
  CHECK(notes_on(x) == 0);
}

TEST_CASE_FIXTURE(fixture, "many engines take no longer each than few") {
  constexpr std::size_t count = 20'000;
  std::vector<caf::actor> all(count);
  for (auto& x : all)
    x = engine();
  using clock_type = std::chrono::steady_clock;
  auto add = [&](std::size_t from, std::size_t to) {
    auto begun = clock_type::now();
    for (auto i = from; i < to; ++i)
      REQUIRE(uut->add({std::to_string(i), all[i]}));
    return clock_type::now() - begun;
  };
  auto first = add(0, 1'000);
  add(1'000, count - 1'000);
  auto last = add(count - 1'000, count);
  // To copy what is there would take twenty times as long, at least.
  CHECK(last < 10 * first + std::chrono::milliseconds{10});
  for (const auto& x : all)
    caf::anon_send_exit(x, caf::exit_reason::kill);
  for (const auto& x : all)
    self->wait_for(x);
  for (std::size_t i = 0; i < count; ++i)
    REQUIRE(missing(std::to_string(i)) == errc::engine_gone);
}
