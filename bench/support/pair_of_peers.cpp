#include "support/pair_of_peers.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

#include <node_proxy/protocol/wire/advert.hpp>

#include "support/core_peer.hpp"

namespace bench {

namespace {

using namespace node_proxy;
using namespace node_proxy::internal;

constexpr connection_id the_connection = 1;

std::shared_ptr<const identity> make_identity(std::uint64_t number) {
  return std::make_shared<identity>(identity::from_seed(numbered_seed(number)));
}

peer_settings make_settings() {
  peer_settings result;
  result.have_aes = aes_available();
  return result;
}

} // namespace

pair_of_peers::pair_of_peers()
  : alices_self_{make_identity(1)}, bobs_self_{make_identity(2)},
    now_{std::chrono::hours{1}, std::chrono::hours{1}},
    alice_{make_peer(*bobs_self_, alices_self_, 11)}, bob_{make_peer(
                                                        *alices_self_,
                                                        bobs_self_, 22)},
    to_alice_{limits::frame_body}, to_bob_{limits::frame_body} {
  node_advert advert;
  advert.version = 1;
  advert.addrs = {
    {tcp_addr{ipv4{{std::byte{127}, {}, {}, std::byte{1}}}, 1}, 1}};
  if (!sign_advert(*bobs_self_, advert))
    throw std::runtime_error{"cannot sign an advert"};
  static_cast<void>(alice_.handle_introduction(advert, now_));
  alice_.handle_connect(now_);
  drain(alice_);
  if (!alice_.connected() || !bob_.connected())
    throw std::runtime_error{"the peers do not connect"};
}

void pair_of_peers::send(const node_out_msg& msg, std::size_t count,
                         std::size_t engines) {
  auto x = msg;
  for (std::size_t i = 0; i < count; ++i) {
    if (engines > 1)
      x.msg.target.name = std::to_string(i % engines);
    alice_.handle_send(++last_token_, x, now_);
  }
  while (delivered_ < last_token_) {
    now_.steady += std::chrono::milliseconds{5};
    flush(alice_);
    flush(bob_);
  }
}

peer pair_of_peers::make_peer(const identity& remote,
                              const std::shared_ptr<const identity>& self,
                              std::uint64_t epoch) {
  return {std::make_shared<peer_settings>(make_settings()),
          self,
          remote.id(),
          remote.noise_public(),
          peer_record{epoch},
          std::make_shared<receive_budget>(peer_settings{}),
          std::make_shared<spare_time>(),
          random_source{numbered_seed(epoch)}};
}

void pair_of_peers::flush(peer& x) {
  x.flush(now_, memory_);
  drain(x);
}

void pair_of_peers::drain(peer& x) {
  while (auto action = x.poll_action())
    std::visit([&](auto& y) { perform(x, y); }, *action);
}

void pair_of_peers::handle_body(peer& to, bytes_view body) {
  if (&to == &alice_ || to.connected())
    to.handle_frame(the_connection, body, now_);
  else if (!responder_)
    answer(body);
  else if (auto proven = responder_->handle_first_frame(body))
    to.handle_session(the_connection, std::move(*proven), now_);
  drain(to);
}

/// What the acceptor of Bob's node does.
void pair_of_peers::answer(bytes_view body) {
  responder_.emplace(*bobs_self_, numbered_seed(33));
  if (!responder_->handle_init(body))
    return;
  auto reply =
    responder_->handle_facts({}, bob_.epoch(), make_settings(), now_.steady);
  to_alice_.handle_input(reply.value());
  auto frame = to_alice_.poll_body();
  alice_.handle_frame(the_connection, **frame, now_);
  drain(alice_);
}

void pair_of_peers::perform(peer& x, dial_peer& action) {
  x.handle_dialled(action.id, the_connection, now_);
}

void pair_of_peers::perform(peer& x, transmit_frames& action) {
  auto& input = &x == &alice_ ? to_bob_ : to_alice_;
  input.handle_input(action.frames);
  x.handle_written(the_connection, action.frames.size());
  memory_.give_back(std::move(action.frames));
  for (auto body = input.poll_body(); *body; body = input.poll_body())
    handle_body(&x == &alice_ ? bob_ : alice_, **body);
}

void pair_of_peers::perform(peer& x, deliver_message& action) {
  x.handle_finished(action.id, std::nullopt, now_);
}

void pair_of_peers::perform(peer&, send_outcome& action) {
  if (action.failure)
    throw std::runtime_error{"a message was not delivered"};
  delivered_ += action.count;
}

} // namespace bench
