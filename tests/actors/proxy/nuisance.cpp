#include "nuisance.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

#include <node_proxy/actors/loop/os_random.hpp>
#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/crypto/identity.hpp>
#include <node_proxy/protocol/crypto/noise_ik.hpp>
#include <node_proxy/protocol/wire/bare.hpp>
#include <node_proxy/protocol/wire/chunk_list.hpp>
#include <node_proxy/protocol/wire/hello.hpp>
#include <node_proxy/protocol/wire/message_data.hpp>

namespace test {

namespace {

/// What is sealed in one go.
constexpr std::size_t burst = 16 * 1024;

/// A control frame that every version may ignore: tag 128, and no content.
const bytes unknown_control{std::byte{0x80}, std::byte{1}, std::byte{0}};

constexpr auto suite = cipher_suite::chacha20_poly1305;

tcp_addr address_of(const node_advert& advert) {
  return std::get<tcp_addr>(advert.addrs.front().address);
}

/// The shortest message that there is.
bytes tiny_message() {
  message_codec codec;
  auto data = codec.encode(engine_msg{{{}, ""}, {}, {}, {}}).value();
  bytes result{data.head.view().begin(), data.head.view().end()};
  auto payload = data.payload.view();
  result.insert(result.end(), payload.begin(), payload.end());
  return result;
}

hello hello_to(const node_id& self, const node_id& to) {
  hello result;
  result.request = {1, 1, self, to, 0, 0};
  result.epoch = 1;
  result.ciphers = {1};
  result.max_message = 1 << 20;
  return result;
}

} // namespace

stranger::stranger(const node_advert& to, nuisance kind)
  : kind_{kind}, socket_{address_of(to)}, input_{limits::frame_body} {
  prove(to);
  say(control::resume{0, {}, 1'000'000});
  socket_.send(std::exchange(out_, {}));
  hear(receive_body());
  if (kind == nuisance::channels)
    return;
  auto target = kind == nuisance::unreliable ? "sink" : "nobody";
  say(control::open{channels_++, target, transport_ordering::ordered, window_});
  say(control::reopened{});
}

/// Goes through the handshake.
void stranger::prove(const node_advert& to) {
  auto self = identity::from_seed(os_random_key());
  noise_ik_initiator noise{as_bytes("node-proxy"), self.noise_secret(),
                           self.noise_public(), noise_key_of(to.id).value(),
                           os_random_key()};
  auto offer = encode(hello_to(self.id(), to.id)).value();
  append_handshake_frame(out_, frame_kind::handshake_init,
                         noise.write_message_1(offer).value());
  socket_.send(std::exchange(out_, {}));
  auto answer = receive_body();
  if (!noise.read_message_2(parse_body(answer).value().payload))
    throw std::runtime_error("the node refuses the handshake");
  auto keys = noise.split();
  const auto& hash = noise.handshake_hash();
  sealer_.emplace(derive_data_key(keys.initiator_to_responder, hash, suite),
                  suite);
  opener_.emplace(derive_data_key(keys.responder_to_initiator, hash, suite),
                  suite);
}

bytes stranger::receive_body() {
  auto length = socket_.receive(frame_length_size);
  if (length.size() < frame_length_size)
    throw std::runtime_error("the node does not answer");
  return socket_.receive(std::to_integer<std::size_t>(length[0])
                         | std::to_integer<std::size_t>(length[1]) << 8);
}

bool stranger::annoy() {
  listen();
  while (out_.size() < burst && may_say())
    say_next();
  auto sent = socket_.send_some(out_);
  out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(sent));
  return sent > 0;
}

void stranger::seal(frame_kind kind, std::uint64_t number,
                    bytes_view plaintext) {
  sealer_->seal(kind, number, plaintext, out_);
}

void stranger::say(const control::frame& frame) {
  seal(frame_kind::control, controls_++, control::encode_frame(frame));
}

void stranger::say_next() {
  switch (kind_) {
  case nuisance::heartbeats:
    return say(control::heartbeat{});
  case nuisance::unknown_controls:
    return seal(frame_kind::control, controls_++, unknown_control);
  case nuisance::unreliable_for_nobody:
  case nuisance::unreliable:
    return say_message(frame_kind::unreliable, unreliables_);
  case nuisance::rejects:
    return say_message(frame_kind::node_msg, messages_);
  case nuisance::channels:
    say(
      control::open{channels_, "nobody", transport_ordering::ordered, window_});
    return say(control::close{channels_++});
  case nuisance::rekeys:
    say(control::rekey{});
    return sealer_->rekey();
  }
}

void stranger::say_message(frame_kind kind, std::uint64_t& number) {
  static const auto message = tiny_message();
  chunk_list list;
  list.add(0, true, message);
  bytes plaintext;
  list.append_to(plaintext);
  seal(kind, number++, plaintext);
}

/// Of reliable messages no more than the node lets it.
bool stranger::may_say() const {
  constexpr std::uint64_t cost = 16 + limits::message_overhead;
  return kind_ != nuisance::rejects
         || (messages_ - acknowledged_ + 1) * cost <= window_;
}

/// Whoever does not read would be cut off some day.
void stranger::listen() {
  auto input = socket_.receive_some();
  input_.handle_input(input);
  for (;;) {
    auto body = input_.poll_body();
    if (!body || !*body)
      break;
    hear(**body);
  }
  input_.keep_rest();
}

void stranger::hear(bytes_view body) {
  bytes buffer;
  auto parsed = parse_body(body).value();
  auto plaintext = opener_->open(parsed, buffer).value();
  auto frame = control::decode_frame(plaintext).value();
  if (auto resume = std::get_if<control::resume>(&frame))
    window_ = resume->window;
  if (std::holds_alternative<control::rekey>(frame))
    opener_->rekey();
  auto ack = std::get_if<control::ack>(&frame);
  if (!ack || kind_ != nuisance::rejects)
    return;
  for (const auto& x : ack->channels) {
    acknowledged_ = x.next;
    window_ = x.window;
    if (!x.rejects.empty())
      say(control::settled{x.channel, x.next});
  }
}

// -- crowd --------------------------------------------------------------------

crowd::crowd(const node_advert& to, nuisance kind, std::size_t count) {
  all_.reserve(count);
  for (std::size_t i = 0; i < count; ++i)
    all_.emplace_back(to, kind);
  thread_ = std::thread{[this] {
    annoy();
  }};
}

crowd::~crowd() {
  stopping_ = true;
  thread_.join();
}

void crowd::annoy() {
  while (!stopping_) {
    auto any = false;
    for (auto& x : all_)
      any = x.annoy() || any;
    if (!any)
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
}

} // namespace test
