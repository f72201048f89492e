// Engines of other nodes as typed actors: what becomes of what they are asked.

#include <sstream>

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <node_proxy/base/hex.hpp>

#include "actors/silent_engine.hpp"
#include "key_value.hpp"

using namespace test;
using namespace std::chrono_literals;

TEST_CASE_FIXTURE(kv_nodes, "a request gets the answer of a remote engine") {
  a.self->send(kv, write_atom_v, "a", "1");
  auto value = read(kv, "a");
  REQUIRE_MESSAGE(value, describe(value.error()));
  CHECK(*value == "1");
}

TEST_CASE_FIXTURE(kv_nodes, "a request without a result is answered") {
  auto done = false;
  a.self->request(kv, patience, write_atom_v, "a", "1")
    .receive([&] { done = true; },
             [](const caf::error& e) { FAIL(describe(e)); });
  CHECK(done);
  CHECK(store->values["a"] == "1");
}

TEST_CASE_FIXTURE(kv_nodes, "an error keeps its category, code and words") {
  auto error = error_of<std::string>(kv, read_atom_v, std::string{"a"});
  CHECK(error == kv_errc::no_such_key);
  CHECK(context_of(error) == "no key a");
}

TEST_CASE_FIXTURE(kv_nodes, "a handler that throws is an error for who asks") {
  CHECK(code_of(error_of<std::string>(kv, throw_atom_v))
        == errc::engine_failed);
}

TEST_CASE_FIXTURE(kv_nodes, "an error that nobody waits for has failed") {
  auto msg = to("kv");
  msg.msg.msg = bytes{std::byte{0}, std::byte{1}, std::byte{'a'}};
  auto outcome = a.send(msg);
  REQUIRE_FALSE(outcome);
  CHECK(code_of(outcome.error()) == errc::engine_failed);
}

TEST_CASE_FIXTURE(kv_nodes, "a message that is skipped is not taken") {
  auto x = b.system.spawn(silent_engine, caf::actor_cast<caf::actor>(b.self));
  REQUIRE(b.node.serve<kv_actor>("x", x));
  auto open = a.self->request(handle_of("x"), patience, read_atom_v, "a");
  static_cast<void>(b.next<done>());
  end(x);
  open.receive(
    [](const std::string&) { FAIL("nobody has taken it"); },
    [](const caf::error& e) { CHECK(code_of(e) == errc::engine_gone); });
}

TEST_CASE_FIXTURE(kv_nodes, "a handler that promises and throws has failed") {
  auto x = b.system.spawn([](caf::event_based_actor* self) -> caf::behavior {
    return {[self](read_atom, const std::string&) -> caf::result<std::string> {
      auto promised = self->make_response_promise();
      throw std::runtime_error{"on purpose"};
    }};
  });
  REQUIRE(b.node.serve<kv_actor>("x", x));
  CHECK(code_of(read(handle_of("x"), "a").error()) == errc::engine_failed);
}

TEST_CASE_FIXTURE(kv_nodes, "who quits when it has answered has not failed") {
  auto ends = [this](auto handler) {
    auto x =
      b.system.spawn([handler](caf::event_based_actor* self) -> caf::behavior {
        return {[self, handler](read_atom, const std::string& key) {
          return handler(self, key);
        }};
      });
    REQUIRE(b.node.serve<kv_actor>("x", x));
    auto answer = read(handle_of("x"), "a");
    REQUIRE_MESSAGE(answer, describe(answer.error()));
    CHECK(*answer == "a");
    b.self->wait_for(x);
  };
  using self = caf::event_based_actor*;
  using result = caf::result<std::string>;
  ends([](self me, const std::string& key) -> result {
    me->quit(caf::exit_reason::user_shutdown);
    return key;
  });
  ends([](self me, const std::string& key) -> result {
    me->quit(caf::make_error(caf::sec::bad_function_call));
    return key;
  });
  ends([](self me, const std::string& key) -> result {
    auto promised = me->make_response_promise<std::string>();
    promised.deliver(key);
    me->quit(caf::make_error(caf::sec::bad_function_call));
    return promised;
  });
  ends([](self me, const std::string& key) -> result {
    auto other = me->spawn([]() -> caf::behavior {
      return {[](const std::string& text) {
        return text;
      }};
    });
    me->quit(caf::exit_reason::user_shutdown);
    me->delegate(other, key);
    return caf::delegated<std::string>{};
  });
}

TEST_CASE_FIXTURE(kv_nodes, "what CAF says of a delegate is for who asks") {
  auto gone = caf::actor_cast<caf::actor>(b.system.spawn(kv_engine, store));
  end(gone);
  auto unfit = b.system.spawn([]() -> caf::behavior {
    return {[](done) {
    }};
  });
  auto x = b.system.spawn([=](caf::event_based_actor* self) -> caf::behavior {
    return {[=](read_atom, const std::string& key) {
              self->delegate(gone, read_atom_v, key);
              return caf::delegated<std::string>{};
            },
            [=](later_atom, std::uint64_t number) {
              self->delegate(unfit, later_atom_v, number);
              return caf::delegated<std::uint64_t>{};
            }};
  });
  REQUIRE(b.node.serve<kv_actor>("x", x));
  auto handle = handle_of("x");
  CHECK(read(handle, "a").error() == caf::sec::request_receiver_down);
  CHECK(error_of<std::uint64_t>(handle, later_atom_v, std::uint64_t{1})
        == caf::sec::unexpected_message);
  auto unanswered = to("x");
  unanswered.msg.msg = bytes{std::byte{0}, std::byte{1}, std::byte{'a'}};
  CHECK(code_of(a.send(unanswered).error()) == errc::engine_failed);
  end(x);
}

TEST_CASE_FIXTURE(kv_nodes, "the name of an engine that ended is free") {
  end_engine();
  CHECK(code_of(read(kv, "a").error()) == errc::engine_gone);
  store->values["a"] = "1";
  engine = b.system.spawn(kv_engine, store);
  REQUIRE(b.node.serve("kv", engine));
  auto value = read(kv, "a");
  REQUIRE_MESSAGE(value, describe(value.error()));
  CHECK(*value == "1");
  auto again = b.node.serve("kv", engine);
  REQUIRE_FALSE(again);
  CHECK(code_of(again.error()) == errc::name_in_use);
}

TEST_CASE_FIXTURE(kv_nodes, "a promise that is kept late holds up nobody") {
  auto late = a.self->request(kv, patience, later_atom_v, std::uint64_t{1});
  CHECK(read(kv, "a").error() == kv_errc::no_such_key);
  // All that the first one needs is its answer.
  node_out_msg raw = to("kv");
  raw.msg.msg =
    bytes{std::byte{1}, std::byte{0}, std::byte{0}}; // writes "" to ""
  CHECK(a.send(raw));
  REQUIRE(store->promised.size() == 1);
  store->promised.front().second.deliver(std::uint64_t{2});
  late.receive([](std::uint64_t answer) { CHECK(answer == 2); },
               [](const caf::error& e) { FAIL(describe(e)); });
}

TEST_CASE_FIXTURE(kv_nodes, "promises are kept in any order") {
  constexpr std::uint64_t count = 100;
  std::vector<std::uint64_t> answers;
  using waiting = decltype(a.self->request(kv, patience, later_atom_v, count));
  std::vector<waiting> all;
  for (std::uint64_t i = 0; i < count; ++i)
    all.push_back(a.self->request(kv, patience, later_atom_v, i));
  CHECK(read(kv, "a").error() == kv_errc::no_such_key);
  REQUIRE(store->promised.size() == count);
  for (auto x = store->promised.rbegin(); x != store->promised.rend(); ++x)
    x->second.deliver(x->first * 2);
  for (auto& x : all)
    x.receive([&](std::uint64_t answer) { answers.push_back(answer); },
              [](const caf::error& e) { FAIL(describe(e)); });
  for (std::uint64_t i = 0; i < count; ++i)
    CHECK(answers.at(i) == 2 * i);
}

TEST_CASE_FIXTURE(kv_nodes, "what the interface does not have is refused") {
  auto any = caf::actor_cast<caf::actor>(kv);
  CHECK(error_of<std::string>(any, std::string{"what is this?"})
        == caf::sec::unexpected_message);
  CHECK(error_of<std::string>(any, read_atom_v)
        == caf::sec::unexpected_message);
}

TEST_CASE_FIXTURE(kv_nodes, "what has no encoding is not sent") {
  CHECK(code_of(read(kv, "\xff").error()) == errc::malformed);
}

TEST_CASE_FIXTURE(kv_nodes, "an answer that is too large is an error") {
  store->values["a"] = std::string(peer_settings{}.max_message, 'x');
  auto error = read(kv, "a").error();
  CHECK(code_of(error) == errc::engine_failed);
  CHECK(context_of(error).find("too_large") != std::string::npos);
  auto here = b.node.remote<kv_actor>({std::nullopt, "kv"});
  CHECK(code_of(b.test_node::basic_system_fixture::ask<std::string>(
                   here, read_atom_v, std::string{"a"})
                  .error())
        == errc::engine_failed);
}

namespace {

/// In the spelling of CAF 1.x, which all versions understand.
using pair_actor = actor_interface<caf::result<std::string, std::uint64_t>(
                                     read_atom, const std::string&),
                                   caf::result<void>(write_atom)>;

} // namespace

TEST_CASE_FIXTURE(kv_nodes, "a handler may answer with several values") {
  auto x = b.system.spawn([]() -> pair_actor::behavior_type {
    return {
      [](read_atom,
         const std::string& key) -> caf::result<std::string, std::uint64_t> {
        return {key + "!", std::uint64_t{key.size()}};
      },
      [](write_atom) {
      }};
  });
  REQUIRE(b.node.serve("x", x));
  auto answered = false;
  a.self
    ->request(a.node.remote<pair_actor>({b.node.id(), "x"}), patience,
              read_atom_v, std::string{"abc"})
    .receive(
      [&](const std::string& text, std::uint64_t size) {
        answered = text == "abc!" && size == 3;
      },
      [](const caf::error& e) { FAIL(describe(e)); });
  CHECK(answered);
  end(caf::actor_cast<caf::actor>(x));
}

TEST_CASE_FIXTURE(kv_nodes, "a message that is not delivered is an error") {
  CHECK(code_of(read(handle_of("nobody"), "a").error())
        == errc::unknown_engine);
  auto nowhere = a.node.remote<kv_actor>({fresh_identity()->id(), "kv"});
  CHECK(code_of(read(nowhere, "a").error()) == errc::unknown_node);
}

TEST_CASE_FIXTURE(kv_nodes, "what another interface answers is malformed") {
  using other = actor_interface<std::uint64_t(read_atom, std::string)>;
  store->values["a"] = "1";
  auto wrong = a.node.remote<other>({b.node.id(), "kv"});
  CHECK(code_of(error_of<std::uint64_t>(wrong, read_atom_v, std::string{"a"}))
        == errc::malformed);
}

TEST_CASE("what is not of the interface is rejected, and logged once") {
  std::ostringstream out;
  auto config = local_config();
  config.logger = std::make_shared<spdlog::logger>(
    "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(out));
  register_kv_types();
  test_node b{std::move(config)};
  auto store = std::make_shared<kv_store>();
  auto engine = b.system.spawn(kv_engine, store);
  REQUIRE(b.node.serve("kv", engine));
  auto garbage = b.message_to(b.node.id(), "kv", to_bytes("\x09rest"));
  for (int i = 0; i < 3; ++i) {
    auto outcome = b.send(garbage);
    REQUIRE_FALSE(outcome);
    CHECK(code_of(outcome.error()) == errc::malformed);
  }
  CHECK(store->values.empty());
  b.node.shutdown();
  auto text = out.str();
  auto line = text.find("the engine 'kv' gets messages that are not");
  CHECK(line != std::string::npos);
  CHECK(text.find("the engine 'kv' gets", line + 1) == std::string::npos);
}

TEST_CASE_FIXTURE(kv_nodes, "an engine of the same node is asked in one way") {
  auto here = b.node.remote<kv_actor>({b.node.id(), "kv"});
  auto named = b.node.remote<kv_actor>({std::nullopt, "kv"});
  for (const auto& handle : {here, named}) {
    auto value = b.test_node::basic_system_fixture::ask<std::string>(
      handle, read_atom_v, std::string{"a"});
    REQUIRE_FALSE(value);
    CHECK(value.error() == kv_errc::no_such_key);
  }
}

TEST_CASE_FIXTURE(kv_nodes, "two nodes may share an actor system") {
  auto config = local_config();
  config.adverts = {b.node.advert()};
  auto c = spawn_node(b.system, std::move(config));
  REQUIRE_MESSAGE(c, describe(c.error()));
  auto handle = c->remote<kv_actor>({b.node.id(), "kv"});
  auto value = b.test_node::basic_system_fixture::ask<std::string>(
    handle, read_atom_v, std::string{"a"});
  REQUIRE_FALSE(value);
  CHECK(value.error() == kv_errc::no_such_key);
}

namespace {

using asked_engine = actor_interface<std::string(asker, read_atom, std::string),
                                     std::uint64_t(read_atom)>;
using asking_handle = actor_interface<std::string(read_atom, std::string),
                                      std::uint64_t(read_atom)>;

static_assert(std::is_same_v<remote_interface<asked_engine>, asking_handle>);
static_assert(std::is_same_v<remote_interface<kv_actor>, kv_actor>);

} // namespace

TEST_CASE_FIXTURE(kv_nodes, "a handler is told who asks if it wants to know") {
  auto x = b.system.spawn([]() -> asked_engine::behavior_type {
    return {[](const asker& who, read_atom, const std::string& text) {
              return text + to_hex(who.engine.node.value().data)
                     + (who.mailbox ? "!" : "?");
            },
            [](read_atom) {
              return std::uint64_t{7};
            }};
  });
  REQUIRE(b.node.serve("x", x));
  asking_handle handle = a.node.remote<asked_engine>({b.node.id(), "x"});
  auto answer = ask<std::string>(handle, read_atom_v, std::string{"asked by "});
  REQUIRE_MESSAGE(answer, describe(answer.error()));
  CHECK(*answer == "asked by " + to_hex(a.node.id().data) + "!");
  CHECK(ask<std::uint64_t>(handle, read_atom_v) == 7u);
}

TEST_CASE_FIXTURE(kv_nodes, "an actor that is not typed is served by name") {
  auto x = b.system.spawn([]() -> caf::behavior {
    return {[](read_atom, const std::string& key) { return key; },
            [](later_atom, std::uint64_t) {
              return std::string{"no number"};
            }};
  });
  REQUIRE(b.node.serve<kv_actor>("x", x));
  auto handle = handle_of("x");
  CHECK(read(handle, "a") == "a");
  // It answers with something else than the interface says.
  CHECK(code_of(error_of<std::uint64_t>(handle, later_atom_v, std::uint64_t{1}))
        == errc::engine_failed);
  // It has no such handler.
  CHECK(code_of(error_of<std::string>(handle, throw_atom_v))
        == errc::engine_failed);
  CHECK(read(handle, "a") == "a");
  end(x);
}

TEST_CASE("a typed engine can be there before anybody can connect") {
  register_kv_types();
  node_system_config system_config;
  caf::actor_system system{system_config};
  auto store = std::make_shared<kv_store>();
  auto config = local_config();
  auto engine = system.spawn(kv_engine, store);
  config.engines = {served("kv", engine)};
  auto node = spawn_node(system, std::move(config));
  REQUIRE_MESSAGE(node, describe(node.error()));
  caf::scoped_actor self{system};
  self
    ->request(node->remote<kv_actor>({std::nullopt, "kv"}), patience,
              read_atom_v, std::string{"a"})
    .receive([](const std::string&) { FAIL("there is no such key"); },
             [](const caf::error& e) { CHECK(e == kv_errc::no_such_key); });
  node->shutdown();
  caf::anon_send_exit(engine, caf::exit_reason::kill);
}
