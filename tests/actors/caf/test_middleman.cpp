// A Router and its messages beyond the middleman of CAF: another process of the
// same deployment.

#include "middleman_deployment.hpp"

using namespace test;

namespace {

/// Has `f` do what it wants with the Router of another process, which has to
/// survive it.
template <class F>
void use_from_outside(F f) {
  middleman_deployment all;
  CHECK(all.status_of_user(f) == 0);
  CHECK(all.end() == 0);
}

} // namespace

TEST_CASE("an engine of another process is served by a node") {
  use_from_outside([](remote_user& x) {
    auto engine =
      x.system.spawn(forward_engine, caf::actor_cast<caf::actor>(x.self));
    auto ok =
      x.ask<engine_registered>(x.router, register_engine{"far", engine});
    demand(bool{ok}, "an engine registers");
    demand(ok->name == "far", "under its name");
    demand(bool(code_of(x.ask<engine_registered>(x.router,
                                                 register_engine{"far", engine})
                          .error())
                == errc::name_in_use),
           "its name is in use");
    node_out_msg msg;
    msg.expiry = rel_time{10};
    msg.msg.target.name = "far";
    msg.msg.msg = to_bytes("hello");
    auto sent = x.ask<delivered>(x.router, msg);
    demand(bool{sent},
           "it is sent to: " + (sent ? std::string{} : describe(sent.error())));
    demand(bool(as_text(next_message(x.self).msg) == "hello"),
           "it gets the message");
    demand(bool(x.ask<engine_found>(x.router, lookup_engine{"far"})),
           "it is looked up");
    demand(bool(x.ask<engine_unregistered>(x.router, unregister_engine{"far"})),
           "it unregisters");
    demand(bool(x.ask<node_metrics>(x.router, get_node_metrics{})),
           "metrics come");
    demand(bool(x.ask<node_advert>(x.router, get_local_advert{})),
           "the advert comes");
    caf::anon_send_exit(engine, caf::exit_reason::kill);
  });
}

TEST_CASE("an engine that dies with its process is gone") {
  middleman_deployment all;
  CHECK(all.status_of_user([](remote_user& x) {
    auto engine =
      x.system.spawn(forward_engine, caf::actor_cast<caf::actor>(x.self));
    demand(
      bool(x.ask<engine_registered>(x.router, register_engine{"far", engine})),
      "registered");
    ::raise(SIGKILL);
  }) == 128 + SIGKILL);
  CHECK(all.status_of_user([](remote_user& x) {
    node_out_msg msg;
    msg.expiry = rel_time{10};
    msg.msg.target.name = "far";
    demand(comes_true([&] {
             auto sent = x.ask<delivered>(x.router, msg);
             return !sent && code_of(sent.error()) == errc::engine_gone;
           }),
           "the engine is gone");
  }) == 0);
  CHECK(all.end() == 0);
}
