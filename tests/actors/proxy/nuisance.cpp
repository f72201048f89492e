#include "nuisance.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

#include <node_proxy/messages/limits.hpp>
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

bytes encoded(const engine_msg& msg) {
  message_codec codec;
  auto data = codec.encode(msg).value();
  bytes result{data.head.view().begin(), data.head.view().end()};
  auto payload = data.payload.view();
  result.insert(result.end(), payload.begin(), payload.end());
  return result;
}

const bytes& message_of(nuisance kind) {
  static const auto shortest = encoded({{{}, ""}, {}, {}, {}});
  static const auto question = encoded({{{}, "asker"}, {}, {}, bytes(1'000)});
  return kind == nuisance::unacknowledged ? question : shortest;
}

std::string_view target_of(nuisance kind) {
  switch (kind) {
  case nuisance::unreliable:
    return "sink";
  case nuisance::held:
  case nuisance::held_unreliable:
    return "stuck";
  case nuisance::unacknowledged:
    return "echo";
  default:
    return "nobody";
  }
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

stranger::stranger(const node_advert& to, nuisance kind, const identity& self)
  : kind_{kind}, socket_{address_of(to)}, input_{limits::frame_body} {
  prove(to, self);
  say(control::resume{0, {}, 1'000'000});
  socket_.send(std::exchange(out_, {}));
  hear(receive_body());
  if (kind == nuisance::channels)
    return;
  say(control::open{channels_++, engine_name{target_of(kind)},
                    transport_ordering::ordered, window_});
  say(control::reopened{});
}

/// Goes through the handshake.
void stranger::prove(const node_advert& to, const identity& self) {
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
  if (kind_ != nuisance::unread)
    listen();
  while (out_.size() < burst && may_say())
    say_next();
  return send_some();
}

void stranger::annoy_no_more() {
  listen();
  send_some();
}

bool stranger::send_some() {
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
  case nuisance::unread:
    return say(control::heartbeat{});
  case nuisance::unknown_controls:
    return seal(frame_kind::control, controls_++, unknown_control);
  case nuisance::unreliable_for_nobody:
  case nuisance::unreliable:
  case nuisance::held_unreliable:
    return say_message(frame_kind::unreliable, unreliables_);
  case nuisance::rejects:
  case nuisance::held:
  case nuisance::unacknowledged:
    return say_message(frame_kind::node_msg, messages_);
  case nuisance::channels:
    say(
      control::open{channels_, "nobody", transport_ordering::ordered, window_});
    return say(control::close{channels_++});
  case nuisance::rekeys:
    say(control::rekey{});
    return sealer_->rekey();
  case nuisance::lies:
    return say(control::ack{{{0, 1'000, 1'000'000, {}}}});
  }
}

void stranger::say_message(frame_kind kind, std::uint64_t& number) {
  chunk_list list;
  list.add(0, true, message_of(kind_));
  bytes plaintext;
  list.append_to(plaintext);
  seal(kind, number++, plaintext);
}

bool stranger::is_reliable() const {
  return kind_ == nuisance::rejects || kind_ == nuisance::held
         || kind_ == nuisance::unacknowledged;
}

/// Of reliable messages no more than the node lets it.
bool stranger::may_say() const {
  auto cost = message_of(kind_).size() + limits::message_overhead;
  return !is_reliable() || (messages_ - acknowledged_ + 1) * cost <= window_;
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
  if (parsed.kind != frame_kind::control)
    return;
  auto frame = control::decode_frame(plaintext).value();
  if (auto resume = std::get_if<control::resume>(&frame))
    window_ = resume->window;
  if (std::holds_alternative<control::rekey>(frame))
    opener_->rekey();
  auto ack = std::get_if<control::ack>(&frame);
  if (!ack || !is_reliable())
    return;
  for (const auto& x : ack->channels) {
    acknowledged_ = x.next;
    window_ = x.window;
    if (!x.rejects.empty())
      say(control::settled{x.channel, x.next});
  }
}

// -- crowd --------------------------------------------------------------------

crowd::crowd(const node_advert& to, nuisance kind, std::size_t count)
  : to_{to}, kind_{kind} {
  all_.reserve(count);
  for (std::size_t i = 0; i < count; ++i)
    all_.push_back(std::make_unique<stranger>(to, kind));
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
    for (auto& x : all_) {
      any = x->annoy() || any;
      if (kind_ == nuisance::lies)
        come_again(x);
    }
    if (!any)
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
}

void crowd::come_again(std::unique_ptr<stranger>& x) const {
  try {
    x = std::make_unique<stranger>(to_, kind_);
  } catch (const std::runtime_error&) {
    // Others took its place. It calls when it has its turn again.
  }
}

} // namespace test
