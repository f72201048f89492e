// Handles for engines of other nodes: how long they live, what they hold back.

#include <future>

#include <node_proxy/actors/typed/engine_client.hpp>

#include "key_value.hpp"

using namespace test;
using namespace std::chrono_literals;

TEST_CASE_FIXTURE(kv_nodes, "a request that is not answered in time ends") {
  auto hasty = handle_of("kv", {1'000ms});
  CHECK(error_of<std::uint64_t>(hasty, later_atom_v, std::uint64_t{1})
        == caf::sec::request_timeout);
  REQUIRE(store->promised.size() == 1);
  store->promised.front().second.deliver(std::uint64_t{2});
  // Its answer comes after the one that nobody waits for.
  CHECK(read(hasty, "a").error() == kv_errc::no_such_key);
  auto metrics = a.test_node::ask<node_metrics>(get_node_metrics{});
  REQUIRE(metrics);
  CHECK(metrics->late_answers == 1);
}

TEST_CASE_FIXTURE(kv_nodes, "who gives up a request gets no answer later") {
  a.self->request(kv, 100ms, later_atom_v, std::uint64_t{1})
    .receive(
      [](std::uint64_t) { FAIL_CHECK("answered"); },
      [](const caf::error& e) { CHECK(e == caf::sec::request_timeout); });
  // It comes after that one, and so do the answers.
  CHECK(read(kv, "a").error() == kv_errc::no_such_key);
  REQUIRE(store->promised.size() == 1);
  store->promised.front().second.deliver(std::uint64_t{2});
  CHECK(read(kv, "a").error() == kv_errc::no_such_key);
  CHECK_FALSE(a.has_got<std::uint64_t>());
}

TEST_CASE("a handle goes on when the Node Proxy that it knows has retired") {
  register_kv_types();
  auto restless = [] {
    auto result = local_config();
    result.settings.idle_timeout = 1ms;
    result.settings.backoff_base = 1ms;
    result.settings.backoff_cap = 5ms;
    return result;
  };
  test_node b{restless()};
  auto config = restless();
  config.adverts = {b.node.advert()};
  test_node a{std::move(config)};
  auto engine = b.system.spawn(kv_engine, std::make_shared<kv_store>());
  REQUIRE(b.node.serve("kv", engine));
  auto kv = a.node.remote<kv_actor>({b.node.id(), "kv"});
  for (int i = 0; i < 5; ++i) {
    for (int j = 0; j < 3; ++j) {
      auto answer =
        a.basic_system_fixture::ask<std::string>(kv, read_atom_v, "a");
      CHECK(answer.error() == kv_errc::no_such_key);
    }
    for (std::uint64_t served = 1; served > 0;) {
      auto metrics = a.ask<node_metrics>(get_node_metrics{});
      REQUIRE(metrics);
      served = metrics->node_proxies;
    }
  }
  caf::anon_send_exit(engine, caf::exit_reason::kill);
}

TEST_CASE_FIXTURE(kv_nodes, "a request that was not transmitted expires") {
  auto lost = local_config();
  auto advert = test_node{lost}.node.advert();
  REQUIRE(a.test_node::ask<node_advert_reply>(advert));
  auto hasty = a.node.remote<kv_actor>({advert.id, "kv"}, {50ms});
  CHECK(code_of(read(hasty, "a").error()) == errc::expired);
}

TEST_CASE_FIXTURE(kv_nodes, "a request does not wait for a whole second") {
  auto lost = local_config();
  auto advert = test_node{lost}.node.advert();
  REQUIRE(a.test_node::ask<node_advert_reply>(advert));
  auto slow = a.message_to(advert.id, "kv", {});
  slow.expiry = rel_time{1};
  auto handle = a.node.remote<kv_actor>({advert.id, "kv"}, {100ms});
  a.system.spawn(
    [slow, handle, router = a.node.router(),
     to = caf::actor_cast<caf::actor>(a.self)](caf::event_based_actor* self) {
      auto say = [self, to](const std::string& which) {
        return [self, to, which](const caf::error& e) {
          self->send(to, which + describe(e));
        };
      };
      self->request(router, caf::infinite, slow)
        .then([](delivered) {}, say("a second: "));
      self->request(handle, caf::infinite, read_atom_v, "a")
        .then([](const std::string&) {}, say("100 ms: "));
    });
  CHECK(a.next<std::string>() == "100 ms: expired");
  CHECK(a.next<std::string>() == "a second: expired");
}

TEST_CASE_FIXTURE(kv_nodes, "a handle ends when nobody has it") {
  CHECK(read(kv, "a").error() == kv_errc::no_such_key);
  auto address = kv.address();
  a.self->monitor(kv);
  SUBCASE("at once") {
    kv = nullptr;
  }
  SUBCASE("when all is answered") {
    auto late = a.self->request(kv, patience, later_atom_v, std::uint64_t{1});
    CHECK(read(kv, "a").error() == kv_errc::no_such_key);
    kv = nullptr;
    store->promised.front().second.deliver(std::uint64_t{2});
    late.receive([](std::uint64_t answer) { CHECK(answer == 2); },
                 [](const caf::error& e) { FAIL(describe(e)); });
  }
  CHECK(a.next<caf::down_msg>().source == address);
}

TEST_CASE_FIXTURE(kv_nodes, "what was sent arrives if the handle is dropped") {
  a.self->send(kv, write_atom_v, "a", "1");
  kv = nullptr;
  CHECK(comes_true([&] { return bool{read(handle_of("kv"), "a")}; }));
}

TEST_CASE_FIXTURE(kv_nodes, "a node that ends answers what is open") {
  auto open = a.self->request(kv, patience, later_atom_v, std::uint64_t{1});
  CHECK(read(kv, "a").error() == kv_errc::no_such_key);
  a.self->monitor(kv);
  a.node.shutdown();
  open.receive(
    [](std::uint64_t) { FAIL("nobody has kept the promise"); },
    [](const caf::error& e) { CHECK(code_of(e) == errc::shutting_down); });
  CHECK(code_of(a.next<caf::down_msg>().reason) == errc::shutting_down);
  CHECK(read(kv, "a").error() == caf::sec::request_receiver_down);
  CHECK(read(handle_of("kv"), "a").error() == caf::sec::request_receiver_down);
  auto served = a.node.serve("kv", engine);
  REQUIRE_FALSE(served);
  CHECK(code_of(served.error()) == errc::shutting_down);
}

TEST_CASE_FIXTURE(kv_nodes, "the end of who is linked to a handle is ignored") {
  auto linked = a.system.spawn(
    [handle = kv](caf::event_based_actor* self) -> caf::behavior {
      self->link_to(handle);
      return {[self](const std::string&) {
        self->quit(make_error(errc::bad_config, "on purpose"));
      }};
    });
  a.self->send(linked, std::string{"end"});
  a.self->wait_for(linked);
  a.self->send_exit(kv, caf::exit_reason::user_shutdown);
  CHECK(read(kv, "a").error() == kv_errc::no_such_key);
}

TEST_CASE_FIXTURE(kv_nodes, "who is linked to a handle ends with the node") {
  auto linked = a.system.spawn(
    [handle = kv](caf::event_based_actor* self) -> caf::behavior {
      self->link_to(handle);
      return {[](read_atom) {
        return done{};
      }};
    });
  REQUIRE(a.test_node::basic_system_fixture::ask<done>(linked, read_atom_v));
  a.self->monitor(linked);
  a.node.shutdown();
  CHECK(code_of(a.next<caf::down_msg>().reason) == errc::shutting_down);
}

TEST_CASE_FIXTURE(kv_nodes, "a handle does not end with whom others name") {
  caf::anon_send(caf::actor_cast<caf::actor>(kv),
                 caf::down_msg{engine.address(), caf::exit_reason::kill});
  CHECK(read(kv, "a").error() == kv_errc::no_such_key);
}

TEST_CASE_FIXTURE(kv_nodes, "a handle can be killed") {
  a.self->monitor(kv);
  auto open = a.self->request(kv, patience, later_atom_v, std::uint64_t{1});
  CHECK(read(kv, "a").error() == kv_errc::no_such_key);
  a.self->send_exit(kv, caf::exit_reason::kill);
  open.receive([](std::uint64_t) { FAIL("nobody has kept the promise"); },
               [](const caf::error&) {});
  static_cast<void>(a.next<caf::down_msg>());
}

namespace {

using hop_actor = actor_interface<std::uint64_t(read_atom, std::uint64_t)>;

/// Asks the next one, if there is one, and answers when that has answered.
hop_actor::behavior_type hop(hop_actor::pointer self, const hop_actor& next,
                             bool delegates) {
  return {[self, next, delegates](
            read_atom, std::uint64_t x) -> caf::result<std::uint64_t> {
    if (!next)
      return x + 1;
    if (delegates)
      return self->delegate(next, read_atom_v, x + 1);
    auto answer = self->make_response_promise<std::uint64_t>();
    self->request(next, caf::infinite, read_atom_v, x)
      .then([answer](std::uint64_t y) mutable { answer.deliver(y + 1); },
            [answer](caf::error& e) mutable { answer.deliver(std::move(e)); });
    return answer;
  }};
}

/// Four engines in a row, in turn on two nodes.
/// @returns the handle of the first one, on the other node.
hop_actor add_row(const std::string& name, test_node& first, test_node& second,
                  bool delegates) {
  hop_actor next;
  for (int i = 3; i >= 0; --i) {
    auto& node = i % 2 == 0 ? first : second;
    auto& before = i % 2 == 0 ? second : first;
    auto own = name + std::to_string(i);
    auto ok = node.node.serve(own, node.system.spawn(hop, next, delegates));
    REQUIRE_MESSAGE(ok, describe(ok.error()));
    next = before.node.remote<hop_actor>({node.node.id(), own});
  }
  return next;
}

} // namespace

TEST_CASE_FIXTURE(kv_nodes, "engines ask each other, both ways at once") {
  auto delegates = false;
  SUBCASE("and promise to answer") {}
  SUBCASE("or delegate") {
    delegates = true;
  }
  // Both know each other when one has sent something.
  CHECK(read(kv, "a").error() == kv_errc::no_such_key);
  auto forth = add_row("forth", b, a, delegates);
  auto back = add_row("back", a, b, delegates);
  constexpr std::uint64_t times = 50;
  std::vector<decltype(a.self->request(forth, patience, read_atom_v, times))>
    waiting;
  for (std::uint64_t i = 0; i < times; ++i) {
    waiting.push_back(a.self->request(forth, patience, read_atom_v, i));
    waiting.push_back(b.self->request(back, patience, read_atom_v, i));
  }
  for (std::uint64_t i = 0; i < 2 * times; ++i)
    waiting[i].receive(
      [i](std::uint64_t answer) { CHECK(answer == i / 2 + 4); },
      [](const caf::error& e) { FAIL(describe(e)); });
}

TEST_CASE_FIXTURE(kv_nodes, "a promise can be handed on to a remote engine") {
  store->values["a"] = "1";
  auto front = a.system.spawn(
    [handle = kv](kv_actor::pointer self) -> kv_actor::behavior_type {
      return {[self, handle](read_atom, const std::string& key) {
                return self->delegate(handle, read_atom_v, key);
              },
              [](write_atom, const std::string&, const std::string&) {},
              [](later_atom, std::uint64_t x) { return x; },
              [](throw_atom) {
                return std::string{};
              }};
    });
  CHECK(read(front, "a") == "1");
}

namespace {

/// Waits for the test before it takes its first message.
caf::behavior gated(caf::event_based_actor*,
                    const std::shared_future<void>& gate,
                    const std::shared_ptr<std::vector<std::uint64_t>>& got,
                    const caf::actor& to, std::uint64_t last) {
  return {[=](write_atom, std::uint64_t number) {
    gate.wait();
    got->push_back(number);
    if (number == last)
      caf::anon_send(to, done{});
  }};
}

using gated_actor = actor_interface<void(write_atom, std::uint64_t)>;

/// The outbox has room for a part of what the test sends.
node_config with_small_outbox(node_advert known) {
  auto result = local_config();
  result.adverts = {std::move(known)};
  result.settings.outbox_bytes = 4u << 20;
  return result;
}

} // namespace

TEST_CASE("what a slow engine has not taken waits in order") {
  constexpr std::uint64_t count = 20'000;
  register_kv_types();
  test_node b{local_config()};
  test_node a{with_small_outbox(b.node.advert())};
  std::promise<void> gate;
  auto got = std::make_shared<std::vector<std::uint64_t>>();
  auto slow = b.system.spawn<caf::detached>(
    gated, gate.get_future().share(), got, caf::actor_cast<caf::actor>(b.self),
    count - 1);
  REQUIRE(b.node.serve<gated_actor>("slow", slow));
  auto handle = a.node.remote<gated_actor>({b.node.id(), "slow"});
  for (std::uint64_t i = 0; i < count; ++i)
    a.self->send(handle, write_atom_v, i);
  // All has left the mailbox of the handle when it has refused this.
  CHECK(a.basic_system_fixture::ask<done>(caf::actor_cast<caf::actor>(handle),
                                          std::string{"?"})
          .error()
        == caf::sec::unexpected_message);
  gate.set_value();
  static_cast<void>(b.next<done>());
  REQUIRE(got->size() == count);
  for (std::uint64_t i = 0; i < count; ++i)
    REQUIRE((*got)[i] == i);
  caf::anon_send_exit(slow, caf::exit_reason::kill);
}

TEST_CASE("nothing is sent while a handle asks for the Node Proxy") {
  register_kv_types();
  system_fixture x;
  caf::scoped_actor router{x.system};
  caf::scoped_actor proxy{x.system};
  auto loops = event_loop::of(x.system, 1);
  REQUIRE(loops);
  auto handle =
    spawn_engine_client(x.system, {loops->front(),
                                   fresh_identity()->id(),
                                   {fresh_identity()->id(), "slow"},
                                   {},
                                   interface_of<gated_actor>(),
                                   caf::actor_cast<router_actor>(router),
                                   std::make_shared<unanswered_failures>()});
  x.self->send(handle, write_atom_v, std::uint64_t{0});
  auto taken = [](const node_out_batch& batch) {
    CHECK(batch.msgs.size() == 1);
    return batch_outcome{1, {}};
  };
  router->receive(taken);
  router->receive([&](const lookup_node_proxy&) {
    x.self->send(handle, write_atom_v, std::uint64_t{1});
    // When it has refused both, it has done what it does about that.
    for (int i = 0; i < 2; ++i)
      CHECK(x.ask<done>(handle, std::string{"?"}).error()
            == caf::sec::unexpected_message);
    return node_proxy_found{caf::actor_cast<node_proxy_actor>(proxy)};
  });
  router->receive([](const node_out_batch&) { FAIL_CHECK("it overtakes"); },
                  caf::after(0s) >> [] {});
  proxy->receive(taken);
  caf::anon_send_exit(handle, caf::exit_reason::kill);
}
