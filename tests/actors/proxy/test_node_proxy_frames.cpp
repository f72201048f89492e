// What a Node Proxy writes to its connection, and when.

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <node_proxy/actors/loop/loop_actor.hpp>
#include <node_proxy/actors/loop/now.hpp>
#include <node_proxy/actors/proxy/node_proxy_service.hpp>
#include <node_proxy/protocol/wire/message_data.hpp>

#include "actors/node_fixture.hpp"
#include "protocol/session/handshake_pair.hpp"

using namespace test;

namespace {

/// Takes all that is written, tells `to` how much that was each time, and
/// brings what the test has put in.
class test_connection final : public connection {
public:
  explicit test_connection(caf::actor to) : to_{std::move(to)} {}

  /// The next calls of `read` bring these.
  std::vector<bytes> bodies;

  [[nodiscard]] connection_id id() const noexcept override { return 1; }
  void set_owner(const connection_owner&,
                 const std::shared_ptr<event_loop>&) override {}
  void begin_stream() override {}

  read_result read(const body_handler& handle) override {
    read_result result;
    auto next = bodies.begin();
    for (auto goes_on = true; goes_on && next != bodies.end(); ++next) {
      ++result.bodies;
      result.bytes += next->size();
      goes_on = handle(*next);
    }
    bodies.erase(bodies.begin(), next);
    return result;
  }

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
    peer_settings settings;
    // Nothing in these tests waits for these.
    settings.ack_delay = std::chrono::hours{1};
    settings.heartbeat_interval = std::chrono::hours{1};
    node_proxy_dependencies services;
    services.self = std::make_shared<identity>(bob());
    services.settings = std::make_shared<peer_settings>(settings);
    services.router = system.spawn(router_behavior);
    services.engines = engines;
    services.unanswered = std::make_shared<unanswered_failures>();
    services.budget = std::make_shared<receive_budget>(settings);
    services.spare = std::make_shared<spare_time>();
    node_proxy_config config;
    config.services = std::make_shared<node_proxy_dependencies>(services);
    config.remote = alice().id();
    config.remote_key = alice().noise_public();
    config.record.epoch = 22;
    config.seed = os_random_key();
    config.loop = event_loop::of(system, 1).value().front();
    loop = config.loop;
    proxy = spawn_node_proxy(system, std::move(config));
    REQUIRE(pair.init() == "ok");
    REQUIRE(pair.reply() == "ok");
    REQUIRE(pair.prove(control::resume{0, {}, 1'000'000}) == "ok");
    auto session = std::make_shared<proven_session>(
      proven_session{std::move(*pair.bobs_end), pair.resume,
                     alice().noise_public(), now_of(&*self).steady});
    self->send(proxy, proxy_order{attach_session{std::move(session), wire}});
    // Its first sealed frame.
    next_written();
  }

  ~fixture() { caf::anon_send_exit(proxy, caf::exit_reason::user_shutdown); }

  /// Waits until something is written. @returns how much.
  std::uint64_t next_written() { return next<std::uint64_t>(); }

  /// Alice opens a channel to an engine.
  void open(std::string target) {
    bring(control::open{0, std::move(target), transport_ordering::ordered,
                        peer_settings{}.channel_window});
  }

  void bring(const control::frame& x) {
    bytes frame;
    pair.alices_end->seal(x, frame);
    wire->bodies.push_back(body_of(frame));
  }

  /// She sends a frame of small unreliable messages in it, as many as fit.
  void bring_small_ones() {
    auto data = codec.encode(engine_msg{});
    REQUIRE(data);
    chunk_list chunks;
    chunks.add(0, true, *data, 0, data->size());
    auto count = pair.alices_end->max_unreliable() / chunks.encoded_size();
    while (chunks.count() < count)
      chunks.add(0, true, *data, 0, data->size());
    bytes frame;
    pair.alices_end->seal_unreliable(chunks, frame);
    wire->bodies.push_back(body_of(frame));
  }

  /// She sends her next message in it.
  void bring_message() {
    engine_msg msg;
    msg.msg = shared_bytes{bytes(64)};
    auto data = codec.encode(msg);
    REQUIRE(data);
    chunk_list chunks;
    chunks.add(0, true, *data, 0, data->size());
    bytes frame;
    pair.alices_end->seal_messages(next_number++, chunks, frame);
    wire->bodies.push_back(body_of(frame));
    self->send(proxy, connection_ready{wire->id()});
  }

  handshake_pair pair;
  message_codec codec;
  std::uint64_t next_number = 0;
  std::shared_ptr<event_loop> loop;
  std::shared_ptr<engine_directory> engines =
    std::make_shared<engine_directory>();
  std::shared_ptr<test_connection> wire =
    std::make_shared<test_connection>(caf::actor_cast<caf::actor>(self));
  node_proxy_service proxy;
};

/// Has the message at hand answered a few turns of the event loop later.
struct relay {
  explicit relay(caf::event_based_actor*) {}
};

caf::actor spawn_relays(fixture& x, std::size_t count,
                        const node_out_msg& msg) {
  if (count == 0)
    return spawn_open_in_loop<relay>(
      x.system, *x.loop, [proxy = x.proxy, msg](auto* self) -> caf::behavior {
        return {[self, proxy, msg](const engine_msg&) {
          self->send(proxy, msg);
        }};
      });
  auto next = spawn_relays(x, count - 1, msg);
  return spawn_open_in_loop<relay>(
    x.system, *x.loop, [next](auto* self) -> caf::behavior {
      return {[self, next](const engine_msg& request) {
        self->send(next, request);
      }};
    });
}

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

TEST_CASE_FIXTURE(fixture, "what is taken is acknowledged at once") {
  auto engine = system.spawn([]() -> caf::behavior {
    return {[](const engine_msg&) {
    }};
  });
  REQUIRE(engines->add({"sink", engine}));
  open("sink");
  for (int i = 0; i < 10; ++i) {
    bring_message();
    next_written();
  }
  caf::anon_send_exit(engine, caf::exit_reason::user_shutdown);
}

TEST_CASE_FIXTURE(fixture, "what comes after frames that take more than their "
                           "turns is read when others have had theirs") {
  // An engine that takes nothing, so that nothing else wakes the Node Proxy.
  REQUIRE(engines->add({"sink", caf::actor_cast<caf::actor>(self)}));
  open("sink");
  bring_small_ones();
  bring_small_ones();
  bring(control::goodbye{});
  for (int i = 0; i < 3; ++i)
    self->send(proxy, connection_ready{wire->id()});
  // It answers.
  next_written();
}

TEST_CASE_FIXTURE(fixture, "what is said upon a message goes with the "
                           "acknowledgement of it") {
  constexpr std::size_t payload = 1'000;
  REQUIRE(engines->add({"relay", spawn_relays(*this, 3, message_of(payload))}));
  open("relay");
  // The channel for the answers is opened by the first of them.
  bring_message();
  for (std::uint64_t total = 0; total < payload;)
    total += next_written();
  // An actor that had to wait for 10 ms is left to CAF's scheduler: then the
  // loop has nothing to do before it.
  auto tries = 20;
  for (;;) {
    REQUIRE(--tries > 0);
    bring_message();
    auto first = next_written();
    if (first > payload)
      break;
    CHECK(next_written() > payload);
  }
}
