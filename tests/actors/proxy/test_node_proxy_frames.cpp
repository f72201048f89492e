// What a Node Proxy writes to its connection, and when.

#include <cstdint>
#include <memory>
#include <utility>

#include <node_proxy/actors/loop/now.hpp>
#include <node_proxy/actors/proxy/node_proxy_service.hpp>

#include "actors/node_fixture.hpp"
#include "protocol/session/handshake_pair.hpp"

using namespace test;

namespace {

/// Takes all that is written, tells `to` how much that was each time, and
/// brings nothing.
class silent_connection final : public connection {
public:
  explicit silent_connection(caf::actor to) : to_{std::move(to)} {}

  [[nodiscard]] connection_id id() const noexcept override { return 1; }
  void set_owner(const connection_owner&,
                 const std::shared_ptr<event_loop>&) override {}
  void begin_stream() override {}
  read_result read(const body_handler&) override { return {}; }
  void pause() override {}

  std::size_t write(bytes_view frames) override {
    caf::anon_send(to_, std::uint64_t{frames.size()});
    return frames.size();
  }

  std::size_t write_rest() override { return 0; }
  [[nodiscard]] std::size_t unsent() const noexcept override { return 0; }
  void close() override {}

private:
  caf::actor to_;
};

node_proxy_supervisor::behavior_type
router_behavior(node_proxy_supervisor::pointer) {
  return {
    [](const proxy_event&) {},
    [](const node_proxy_dormant&) {},
  };
}

/// Bob's Node Proxy for Alice, who has just connected.
struct fixture : system_fixture {
  fixture() {
    node_proxy_config config;
    config.self = std::make_shared<identity>(bob());
    config.remote = alice().id();
    config.remote_key = alice().noise_public();
    config.record.epoch = 22;
    config.seed = os_random_key();
    config.loop = event_loop::of(system, 1).value().front();
    config.router = system.spawn(router_behavior);
    config.engines = std::make_shared<engine_directory>();
    proxy = spawn_node_proxy(system, std::move(config));
    handshake_pair pair;
    REQUIRE(pair.init() == "ok");
    REQUIRE(pair.reply() == "ok");
    REQUIRE(pair.prove(control::resume{0, {}, 1'000'000}) == "ok");
    auto session = std::make_shared<proven_session>(
      proven_session{std::move(*pair.bobs_end), pair.resume,
                     alice().noise_public(), now_of(&*self).steady});
    self->send(proxy, attach_session{std::move(session),
                                     std::make_shared<silent_connection>(
                                       caf::actor_cast<caf::actor>(self))});
    // Its first sealed frame.
    next_written();
  }

  ~fixture() { caf::anon_send_exit(proxy, caf::exit_reason::user_shutdown); }

  /// Waits until something is written. @returns how much.
  std::uint64_t next_written() { return next<std::uint64_t>(); }

  node_proxy_service proxy;
};

node_out_msg message_of(std::size_t size) {
  return {
    {},
    rel_time{60},
    {{{}, "sender"}, {alice().id(), "sink"}, {}, shared_bytes{bytes(size)}}};
}

} // namespace

TEST_CASE_FIXTURE(fixture, "messages that come together leave together") {
  node_out_batch batch;
  for (int i = 0; i < 100; ++i)
    batch.msgs.push_back(message_of(64));
  self->send(proxy, batch);
  CHECK(next_written() > 100 * 64);
}

TEST_CASE_FIXTURE(fixture, "of many messages the first leave before the last "
                           "are taken") {
  constexpr std::size_t count = 900;
  node_out_batch batch;
  for (std::size_t i = 0; i < count; ++i)
    batch.msgs.push_back(message_of(64));
  self->send(proxy, batch);
  // They fit what is written at once.
  std::uint64_t total = 0;
  int writes = 0;
  for (; total < count * 64; ++writes)
    total += next_written();
  CHECK(writes > 1);
}
