// What a node still does for messages that it took before its end.

#include "node_fixture.hpp"

using namespace test;

namespace {

constexpr int many = 1'000;

/// A pair that has never been connected: `a` knows where `b` is.
struct strangers {
  test_node b{local_config()};
  test_node a{knowing(b)};
  caf::actor engine =
    b.system.spawn(forward_engine, caf::actor_cast<caf::actor>(b.self));

  strangers() { b.add_engine("inbox", engine); }

  ~strangers() { caf::anon_send_exit(engine, caf::exit_reason::kill); }

  static node_config knowing(const test_node& other) {
    auto result = local_config();
    result.adverts = {other.node.advert()};
    return result;
  }

  node_out_msg numbered(int number) const {
    return a.message_to(b.node.id(), "inbox", to_bytes(std::to_string(number)));
  }

  /// All of them arrive, once and in order, and nothing after them.
  void check_arrival() {
    for (int i = 0; i < many; ++i)
      REQUIRE(as_text(next_message(b.self).msg) == std::to_string(i));
    b.node.shutdown();
    CHECK_FALSE(b.has_got<engine_msg>());
  }
};

} // namespace

TEST_CASE_FIXTURE(strangers, "what was sent before the end arrives, though "
                             "nobody was connected") {
  SUBCASE("to the Router") {
    for (int i = 0; i < many; ++i)
      caf::anon_send(a.node.router(), numbered(i));
  }
  SUBCASE("in a batch") {
    node_out_batch batch;
    for (int i = 0; i < many; ++i)
      batch.msgs.push_back(numbered(i));
    caf::anon_send(a.node.router(), batch);
  }
  SUBCASE("to the Node Proxy") {
    auto found = a.ask<node_proxy_found>(lookup_node_proxy{b.node.id()});
    REQUIRE(found);
    for (int i = 0; i < many; ++i)
      caf::anon_send(found->proxy, numbered(i));
  }
  a.node.shutdown();
  check_arrival();
}
