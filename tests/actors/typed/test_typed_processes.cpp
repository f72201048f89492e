// Typed engines of another process than their node's, and handles there.

#include <csignal>
#include <future>

#include <node_proxy/base/hex.hpp>

#include "actors/caf/middleman_deployment.hpp"
#include "actors/silent_engine.hpp"
#include "key_value.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

/// Somebody who has nothing of the node but its Router's handle.
struct member_user : with_kv_types, remote_user {
  explicit member_user(std::uint16_t port) : remote_user{port} {
    auto found = access_node(system, router);
    demand(bool{found}, "there is access to the node");
    access.emplace(std::move(*found));
  }

  kv_actor handle_of(std::string name, remote_options options = {}) const {
    return access->remote<kv_actor>({access->id(), std::move(name)}, options);
  }

  void must_serve(const std::string& name, const kv_actor& engine) const {
    auto ok = access->serve(name, engine);
    demand(bool{ok}, "it serves " + name + ": " + reason(ok));
  }

  /// Serves a store under a name.
  kv_actor serve_store(const std::string& name) {
    auto engine = system.spawn(kv_engine, store);
    must_serve(name, engine);
    return engine;
  }

  caf::expected<std::string> read(const kv_actor& whom, std::string key) {
    return ask<std::string>(whom, read_atom_v, std::move(key));
  }

  /// Waits for the end of an engine, to which nobody else refers.
  void must_end(kv_actor& engine) {
    self->monitor(std::exchange(engine, kv_actor{}));
    static_cast<void>(next<caf::down_msg>());
  }

  std::shared_ptr<kv_store> store = std::make_shared<kv_store>();
  std::optional<node_access> access;
};

/// A deployment with a process that serves typed engines until `end_engines`.
class typed_deployment : public middleman_deployment {
public:
  /// @param serve is called with a `member_user`.
  template <class F>
  void start_engines(F serve) {
    engines_ = std::make_unique<member>([this, serve] {
      member_user x{port()};
      serve(x);
      ready_.put(1);
      static_cast<void>(ended_.take());
    });
    REQUIRE(ready_.take() == 1);
  }

  void serve_kv() {
    start_engines([](member_user& x) { x.serve_store("kv"); });
  }

  /// Has `f` do what it wants with a `member_user`, in another process.
  template <class F>
  [[nodiscard]] int status_of_member(F f) const {
    return member{[this, f] {
             member_user x{port()};
             f(x);
           }}
      .status();
  }

  member& engines() { return *engines_; }

  int end_engines() {
    ended_.put(1);
    return engines_->status();
  }

private:
  number_pipe ready_;
  number_pipe ended_;
  std::unique_ptr<member> engines_;
};

/// What becomes of a message to an engine.
std::optional<errc> outcome_of(member_user& x, const std::string& engine,
                               bytes payload) {
  node_out_msg msg;
  msg.expiry = rel_time{60};
  msg.msg.target.name = engine;
  msg.msg.msg = std::move(payload);
  auto sent = x.ask<delivered>(x.router, std::move(msg));
  return sent ? std::nullopt : code_of(sent.error());
}

/// `read "a"`, with nobody to answer.
bytes read_a() {
  return {std::byte{0}, std::byte{1}, std::byte{'a'}};
}

/// `throw`.
bytes throw_now() {
  return {std::byte{3}};
}

using asked_actor = actor_interface<std::string(asker, read_atom, std::string)>;

} // namespace

TEST_CASE_FIXTURE(typed_deployment,
                  "an engine of another process is asked by another node") {
  start_engines([](member_user& x) {
    x.serve_store("kv");
    auto ok = x.access->serve(
      "asked", x.system.spawn([]() -> asked_actor::behavior_type {
        return {[](const asker& who, read_atom, const std::string&) {
          return to_hex(who.engine.node->data);
        }};
      }));
    demand(bool{ok}, "a second one is served");
  });
  CHECK(status_of_member([](member_user& x) {
          auto config = local_config();
          auto known = x.ask<node_advert>(x.router, get_local_advert{});
          demand(bool{known}, "there is an advert");
          config.adverts = {*known};
          auto other = std::move(*spawn_node(x.system, std::move(config)));
          auto kv = other.remote<kv_actor>({x.access->id(), "kv"});
          x.self->send(kv, write_atom_v, "a", "1");
          demand(x.read(kv, "a") == "1", "a value is there");
          auto missing = x.read(kv, "b");
          demand(!missing && missing.error() == kv_errc::no_such_key
                   && context_of(missing.error()) == "no key b",
                 "an error is that of the engine");
          auto thrown = x.ask<std::string>(kv, throw_atom_v);
          demand(!thrown && code_of(thrown.error()) == errc::engine_failed,
                 "a handler that throws has failed");
          auto asked = other.remote<asked_actor>({x.access->id(), "asked"});
          demand(x.ask<std::string>(asked, read_atom_v, "")
                   == to_hex(other.id().data),
                 "who asks is known");
        })
        == 0);
  CHECK(end_engines() == 0);
  CHECK(end() == 0);
}

TEST_CASE_FIXTURE(typed_deployment, "two processes ask each other") {
  serve_kv();
  CHECK(
    status_of_member([](member_user& x) {
      auto kv = x.handle_of("kv");
      x.self->send(kv, write_atom_v, "a", "1");
      demand(x.read(kv, "a") == "1", "a value is there");
      // A promise that is kept later.
      x.serve_store("later");
      auto late = x.self->request(x.handle_of("later"), patience, later_atom_v,
                                  std::uint64_t{1});
      demand(x.read(x.handle_of("later"), "a").error() == kv_errc::no_such_key,
             "it holds up nobody");
      demand(x.store->promised.size() == 1, "it was promised");
      x.store->promised.front().second.deliver(std::uint64_t{2});
      x.store->promised.clear();
      late.receive([](std::uint64_t answer) { demand(answer == 2, "it is 2"); },
                   [](const caf::error& e) { demand(false, describe(e)); });
      demand(!x.access->late_answers(), "no answer is late");
    })
    == 0);
  CHECK(end_engines() == 0);
  CHECK(end() == 0);
}

TEST_CASE_FIXTURE(typed_deployment,
                  "an outcome says what the engine has done") {
  serve_kv();
  CHECK(status_of_member([](member_user& x) {
          auto outcome = outcome_of(x, "kv", {});
          demand(outcome == errc::malformed, "nothing is no message");
          demand(outcome_of(x, "kv", read_a()) == errc::engine_failed,
                 "an error that nobody waits for has failed");
          x.self->send(x.handle_of("kv"), write_atom_v, "a", "1");
          demand(x.read(x.handle_of("kv"), "a") == "1", "it goes on");
          demand(!outcome_of(x, "kv", read_a()), "a message is delivered");
          demand(outcome_of(x, "kv", throw_now()) == errc::engine_failed,
                 "a handler that throws has failed");
          demand(outcome_of(x, "kv", read_a()) == errc::engine_gone,
                 "and its engine has ended");
          // The node is told a moment later.
          auto next = x.system.spawn(kv_engine, x.store);
          for (auto ok = x.access->serve("kv", next); !ok;
               ok = x.access->serve("kv", next))
            demand(code_of(ok.error()) == errc::name_in_use, reason(ok));
        })
        == 0);
  CHECK(end_engines() == 0);
  CHECK(end() == 0);
}

TEST_CASE_FIXTURE(typed_deployment,
                  "what was not taken is gone with a process") {
  start_engines([](member_user& x) {
    // It looks at what it gets, and takes nothing.
    auto silent =
      x.system.spawn(silent_engine, caf::actor_cast<caf::actor>(x.self));
    demand(bool{x.access->serve<kv_actor>("kv", silent)}, "it is served");
  });
  number_pipe asked;
  member user{[this, &asked] {
    member_user x{port()};
    auto kv = x.handle_of("kv");
    auto open = x.self->request(kv, patience, read_atom_v, "a");
    asked.put(1);
    open.receive(
      [](const std::string&) { demand(false, "nobody has answered"); },
      [](const caf::error& e) {
        demand(code_of(e) == errc::engine_gone, "it is gone: " + describe(e));
      });
    x.serve_store("kv");
    demand(x.read(kv, "a").error() == kv_errc::no_such_key,
           "its name is free at once");
  }};
  CHECK(asked.take() == 1);
  engines().signal(SIGKILL);
  CHECK(user.status() == 0);
  CHECK(end() == 0);
}

TEST_CASE_FIXTURE(typed_deployment, "nothing is taken before it is handled") {
  start_engines([](member_user& x) {
    auto deadly =
      x.system.spawn<caf::detached>([]() -> kv_actor::behavior_type {
        return {[](read_atom, const std::string&) -> caf::result<std::string> {
                  ::raise(SIGKILL);
                  return std::string{};
                },
                [](write_atom, const std::string&, const std::string&) {},
                [](later_atom, std::uint64_t x) { return x; },
                [](throw_atom) {
                  return std::string{};
                }};
      });
    x.must_serve("kv", deadly);
  });
  CHECK(status_of_member([](member_user& x) {
          demand(outcome_of(x, "kv", read_a()) == errc::engine_gone,
                 "its process has died in the handler");
        })
        == 0);
  CHECK(engines().status() == 128 + SIGKILL);
  CHECK(end() == 0);
}

TEST_CASE_FIXTURE(typed_deployment, "a process that stands still is slow") {
  constexpr std::uint64_t count = 5'000;
  serve_kv();
  engines().stop();
  number_pipe others_went_on;
  member user{[this, &others_went_on] {
    member_user x{port()};
    x.serve_store("other");
    auto slow = x.handle_of("kv", {patience});
    for (std::uint64_t i = 0; i < count; ++i)
      x.self->send(slow, write_atom_v, "last", std::to_string(i));
    auto last = x.self->request(slow, patience, read_atom_v, "last");
    auto other = x.handle_of("other");
    for (int i = 0; i < 100; ++i)
      demand(x.read(other, "a").error() == kv_errc::no_such_key,
             "another engine goes on");
    auto how = x.ask<node_status>(x.router, get_node_status{});
    demand(bool{how}, "the node goes on");
    std::uint64_t untaken = 0;
    for (const auto& engine : how->engines)
      if (engine.name == "kv")
        untaken = engine.untaken;
    demand(untaken > 0 && untaken < count, "a part of it waits at the node");
    others_went_on.put(1);
    last.receive(
      [](const std::string& value) {
        demand(value == std::to_string(count - 1), "all of it came, in order");
      },
      [](const caf::error& e) { demand(false, describe(e)); });
    demand(x.access->unanswered_failures().empty(), "and nothing is lost");
  }};
  REQUIRE(others_went_on.take() == 1);
  engines().signal(SIGCONT);
  CHECK(user.status() == 0);
  CHECK(end_engines() == 0);
  CHECK(end() == 0);
}

TEST_CASE_FIXTURE(typed_deployment, "without access there are no engines") {
  CHECK(status_of_member([](member_user& x) {
          auto engine = x.serve_store("kv");
          auto again = x.access->serve("kv", engine);
          demand(code_of(again.error()) == errc::name_in_use,
                 "the name is in use");
          x.access.reset();
          x.must_end(engine);
          auto found = access_node(x.system, x.router);
          demand(bool{found}, "there may be access again");
          demand(bool{found->serve("kv", x.system.spawn(kv_engine, x.store))},
                 "the name is free");
        })
        == 0);
  CHECK(end() == 0);
}

TEST_CASE_FIXTURE(typed_deployment, "the Router knows what it cannot serve") {
  CHECK(status_of_member([](member_user& x) {
          auto engine = x.system.spawn(kv_engine, x.store);
          auto ok = x.ask<engine_registered>(x.router, served("kv", engine));
          demand(code_of(ok.error()) == errc::bad_config, "types do not cross");
          // CAF keeps whose handle has gone to another process.
          caf::anon_send_exit(engine, caf::exit_reason::kill);
        })
        == 0);
  CHECK(end() == 0);
}

TEST_CASE_FIXTURE(typed_deployment, "access ends with the Router's process") {
  number_pipe asked;
  member user{[this, &asked] {
    member_user x{port()};
    auto engine = x.serve_store("kv");
    auto kv = x.handle_of("kv");
    auto open = x.self->request(kv, patience, later_atom_v, std::uint64_t{1});
    demand(x.read(kv, "a").error() == kv_errc::no_such_key, "it is served");
    x.self->monitor(kv);
    x.self->monitor(x.router);
    asked.put(1);
    open.receive([](std::uint64_t) { demand(false, "nobody has answered"); },
                 [](const caf::error& e) {
                   demand(code_of(e) == errc::shutting_down,
                          "the node is gone");
                 });
    static_cast<void>(x.next<caf::down_msg>());
    static_cast<void>(x.next<caf::down_msg>());
    auto again = x.access->serve("kv", engine);
    demand(code_of(again.error()) == errc::shutting_down,
           "nothing can be served");
    demand(code_of(access_node(x.system, x.router).error())
             == errc::shutting_down,
           "there is no access");
    // Nobody but its promise refers to the engine any more.
    x.store->promised.clear();
    x.must_end(engine);
  }};
  CHECK(asked.take() == 1);
  signal_host(SIGKILL);
  CHECK(user.status() == 0);
}

TEST_CASE_FIXTURE(typed_deployment,
                  "a request ends if the Router's process stands still") {
  number_pipe asked;
  number_pipe stands_still;
  member user{[this, &asked, &stands_still] {
    member_user x{port()};
    x.serve_store("kv");
    auto kv = x.handle_of("kv", {100ms});
    // The Router knows where its answers go when one has come in time.
    demand(comes_true(
             [&] { return x.read(kv, "a").error() == kv_errc::no_such_key; }),
           "an answer has come in time");
    asked.put(1);
    static_cast<void>(stands_still.take());
    demand(code_of(x.read(kv, "a").error()) == errc::unconfirmed,
           "nobody knows what has become of it");
  }};
  CHECK(asked.take() == 1);
  stop_host();
  stands_still.put(1);
  CHECK(user.status() == 0);
  signal_host(SIGCONT);
  CHECK(end() == 0);
}
