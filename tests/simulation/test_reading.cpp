// Whoever sends much that is of no use is read as far as there is time for
// that, and nobody else is held up.

#include <list>
#include <optional>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/session/handshake.hpp>
#include <node_proxy/protocol/wire/frame.hpp>

#include "network.hpp"
#include "support/octets.hpp"

using namespace simulation;

namespace {

/// Connects to a node and sends heartbeats, hundreds in a millisecond.
class flood : public stream_user {
public:
  flood(network& net, const node& to, unsigned number)
    : net_(net), owner_(1'000'000 + number),
      self_(identity::from_seed(test::numbered_key(100 + number))),
      handshake_(self_, to.self()->noise_public(), test::numbered_key(number),
                 offer(to)) {
    net.dial(*this, owner_, to.address(),
             [this](std::optional<connection_id> id) {
               net_.write(id.value(), *this, handshake_.write_init().value());
             });
  }

  [[nodiscard]] const node_id& id() const { return self_.id(); }
  [[nodiscard]] std::size_t sent() const { return sent_; }
  [[nodiscard]] bool closed() const { return closed_; }

  void handle_accepted(connection_id) override {}
  void handle_written(connection_id, std::size_t) override {}
  void handle_closed(connection_id, close_reason) override { closed_ = true; }

  void handle_data(connection_id id, bytes_view data) override {
    if (session_)
      return;
    input_.handle_input(data);
    auto body = input_.poll_body().value().value();
    session_.emplace(std::get<session>(handshake_.handle_reply(body).value()));
    say(id, control::resume{0, {}, limits::min_channel_window}, 1);
    go_on(id);
  }

private:
  static constexpr std::size_t per_millisecond = 200;

  hello offer(const node& to) const {
    hello result;
    result.request = {1, 1, self_.id(), to.id(), 0, 0};
    result.epoch = 1;
    result.ciphers = {1};
    result.max_message = 1'000;
    return result;
  }

  void say(connection_id id, const control::frame& frame, std::size_t times) {
    bytes out;
    for (std::size_t i = 0; i < times; ++i)
      session_->seal(frame, out);
    net_.write(id, *this, std::move(out));
  }

  void go_on(connection_id id) {
    if (closed_)
      return;
    say(id, control::heartbeat{}, per_millisecond);
    sent_ += per_millisecond;
    net_.schedule(1ms, owner_, [this, id] { go_on(id); });
  }

  network& net_;
  owner_id owner_;
  identity self_;
  initiator_handshake handshake_;
  deframer input_{limits::frame_body};
  std::optional<session> session_;
  std::size_t sent_ = 0;
  bool closed_ = false;
};

} // namespace

TEST_CASE("what is of no use is read as far as there is time for it") {
  network net;
  auto& a = net.add("a");
  auto& b = net.add("b");
  net.introduce(a, b);
  b.add_engine("echo");
  std::list<flood> strangers;
  for (unsigned i = 0; i < 3; ++i)
    strangers.emplace_back(net, b, i);
  net.run_for(1s);
  for (int i = 0; i < 10; ++i) {
    auto token = a.send(b, "echo", std::to_string(i));
    CHECK(net.run_until([&] { return a.outcome(token) == "delivered"; }, 50ms));
    net.run_for(100ms);
  }
  std::size_t sent = 0;
  for (const auto& x : strangers)
    sent += x.sent();
  // Two seconds, and what each may take at first.
  auto most = 2.2 * spare_time::rate + 3 * reading_budget::from_time;
  auto frames = b.frames_in();
  CHECK(static_cast<double>(frames) * reading_cost::frame < most);
  CHECK(frames < sent / 2);
  CHECK(net.failures().empty());
}
