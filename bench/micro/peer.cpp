// Messages from one peer to another in the same thread: sent, sealed, opened,
// handed out, acknowledged, answered.

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <utility>
#include <variant>

#include <benchmark/benchmark.h>

#include <node_proxy/protocol/peer/peer.hpp>
#include <node_proxy/protocol/session/handshake.hpp>
#include <node_proxy/protocol/wire/advert.hpp>
#include <node_proxy/protocol/wire/frame.hpp>

#include "micro/micro.hpp"
#include "support/core_peer.hpp"

namespace bench {

namespace {

using namespace node_proxy;
using namespace node_proxy::internal;

constexpr connection_id the_connection = 1;

std::shared_ptr<const identity> make_identity(std::uint64_t number) {
  return std::make_shared<identity>(identity::from_seed(numbered_seed(number)));
}

/// Two peers with a connection that takes everything at once.
class pair_of_peers {
public:
  pair_of_peers()
    : alice_{make_peer(*bobs_self_, alices_self_, 11)}, bob_{make_peer(
                                                          *alices_self_,
                                                          bobs_self_, 22)} {
    node_advert advert;
    advert.version = 1;
    advert.addrs = {
      {tcp_addr{ipv4{{std::byte{127}, {}, {}, std::byte{1}}}, 1}, 1}};
    if (!sign_advert(*bobs_self_, advert))
      return;
    static_cast<void>(alice_.handle_introduction(advert, now_));
    alice_.handle_connect(now_);
    drain(alice_);
  }

  [[nodiscard]] bool connected() const {
    return alice_.connected() && bob_.connected();
  }

  /// Sends messages, and waits for their outcomes.
  /// @returns how many were delivered.
  std::uint64_t send(const node_out_msg& msg, std::size_t count) {
    auto before = delivered_;
    for (std::size_t i = 0; i < count; ++i)
      alice_.handle_send(++last_token_, msg, now_);
    while (delivered_ < last_token_) {
      now_.steady += std::chrono::milliseconds{5};
      flush(alice_);
      flush(bob_);
    }
    return delivered_ - before;
  }

private:
  static peer make_peer(const identity& remote,
                        const std::shared_ptr<const identity>& self,
                        std::uint64_t epoch) {
    peer_settings settings;
    settings.have_aes = aes_available();
    return {settings,
            self,
            remote.id(),
            remote.noise_public(),
            peer_record{epoch},
            std::make_shared<receive_budget>(settings),
            std::make_shared<spare_time>(),
            random_source{numbered_seed(epoch)}};
  }

  void flush(peer& x) {
    x.flush(now_, memory_);
    drain(x);
  }

  void drain(peer& x) {
    while (auto action = x.poll_action())
      std::visit([&](auto& y) { perform(x, y); }, *action);
  }

  void perform(peer& x, dial_peer& action) {
    x.handle_dialled(action.id, the_connection, now_);
  }

  void perform(peer& x, transmit_frames& action) {
    auto& input = &x == &alice_ ? to_bob_ : to_alice_;
    input.handle_input(action.frames);
    x.handle_written(the_connection, action.frames.size());
    memory_.give_back(std::move(action.frames));
    for (auto body = input.poll_body(); *body; body = input.poll_body())
      handle_body(&x == &alice_ ? bob_ : alice_, **body);
  }

  void perform(peer& x, deliver_message& action) {
    x.handle_finished(action.id, std::nullopt, now_);
  }

  void perform(peer&, send_outcome& action) { delivered_ += action.count; }

  template <class Other>
  void perform(peer&, Other&) {
    // Of no interest here.
  }

  void handle_body(peer& to, bytes_view body) {
    if (&to == &alice_ || to.connected())
      to.handle_frame(the_connection, body, now_);
    else if (!responder_)
      answer(body);
    else if (auto proven = responder_->handle_first_frame(body))
      to.handle_session(the_connection, std::move(*proven), now_);
    drain(to);
  }

  /// What the acceptor of Bob's node does.
  void answer(bytes_view body) {
    responder_.emplace(*bobs_self_, numbered_seed(33));
    peer_settings settings;
    settings.have_aes = aes_available();
    if (!responder_->handle_init(body))
      return;
    auto reply =
      responder_->handle_facts({}, bob_.epoch(), settings, now_.steady);
    to_alice_.handle_input(reply.value());
    auto frame = to_alice_.poll_body();
    alice_.handle_frame(the_connection, **frame, now_);
    drain(alice_);
  }

  std::shared_ptr<const identity> alices_self_ = make_identity(1);
  std::shared_ptr<const identity> bobs_self_ = make_identity(2);
  timestamp now_{std::chrono::hours{1}, std::chrono::hours{1}};
  peer alice_;
  peer bob_;
  deframer to_alice_{limits::frame_body};
  deframer to_bob_{limits::frame_body};
  frame_memory memory_;
  std::optional<responder_handshake> responder_;
  send_token last_token_ = 0;
  std::uint64_t delivered_ = 0;
};

void between_peers(benchmark::State& state) {
  pair_of_peers uut;
  if (!uut.connected()) {
    state.SkipWithError("the peers do not connect");
    return;
  }
  node_out_msg msg{
    {}, rel_time{60}, make_message(static_cast<std::size_t>(state.range(0)))};
  auto round = static_cast<std::size_t>(state.range(1));
  std::uint64_t delivered = 0;
  for (auto _ : state)
    delivered += uut.send(msg, round);
  state.SetItemsProcessed(static_cast<std::int64_t>(delivered));
}

BENCHMARK(between_peers)
  ->Args({64, 1})
  ->Args({64, 1024})
  ->Args({1024, 1024})
  ->Args({64 << 10, 16});

} // namespace

} // namespace bench
