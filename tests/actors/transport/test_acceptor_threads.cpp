// Handshakes do not take the time of those who are connected.

#include <memory>
#include <utility>
#include <vector>

#include <node_proxy/actors/transport/acceptor.hpp>

#include "actors/node_fixture.hpp"
#include "protocol/session/handshake_pair.hpp"

using namespace test;

namespace {

/// Brings the first frame of a handshake, but not to the first who reads. Tells
/// `to` who owns it, and whether it is the event loop that reads and writes.
class fake_connection final : public connection {
public:
  explicit fake_connection(caf::actor to) : to_{std::move(to)} {
    body_ = body_of(handshake_pair{}.initiator.write_init().value());
  }

  [[nodiscard]] connection_id id() const noexcept override { return 1; }

  void set_owner(const connection_owner& owner) override {
    caf::anon_send(to_, caf::actor_cast<caf::strong_actor_ptr>(owner));
  }

  void begin_stream() override {}

  read_result read(const body_handler& handle_body) override {
    caf::anon_send(to_, in_event_loop());
    if (++reads_ != 2)
      return {};
    handle_body(body_);
    return {body_.size(), 1, {}};
  }

  void pause() override {}

  std::size_t write(bytes_view frames) override {
    caf::anon_send(to_, in_event_loop());
    return frames.size();
  }

  std::size_t write_rest() override { return 0; }
  [[nodiscard]] std::size_t unsent() const noexcept override { return 0; }
  void close() override {}

private:
  caf::actor to_;
  bytes body_;
  int reads_ = 0;
};

/// Bob's acceptors, with the test in the place of the network.
struct fixture : system_fixture {
  caf::actor tester = caf::actor_cast<caf::actor>(self);

  /// Admits everybody.
  caf::actor router = system.spawn([]() -> caf::behavior {
    return {
      [](const admission_request&) { return admission{}; },
      [](const handshake_failed&) {},
      [](const request_ended&) {},
    };
  });

  std::vector<inbound_handler> acceptors = spawn_acceptors(
    system, config_of_bob(), caf::actor_cast<admission_actor>(router),
    event_loop::of(system).value());

  ~fixture() {
    for (const auto& x : acceptors)
      caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(router, caf::exit_reason::user_shutdown);
  }

  static node_config config_of_bob() {
    node_config result;
    result.self = std::make_shared<identity>(bob());
    return result;
  }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "handshakes run beside the event loop") {
  self->send(acceptors.front(),
             inbound{std::make_shared<fake_connection>(tester)});
  auto owner = caf::actor_cast<connection_owner>(next<caf::strong_actor_ptr>());
  CHECK_FALSE(next<bool>());
  self->send(owner, connection_ready{1});
  auto reads_in_loop = next<bool>();
  CHECK_FALSE(reads_in_loop);
  auto writes_in_loop = next<bool>();
  CHECK_FALSE(writes_in_loop);
}
