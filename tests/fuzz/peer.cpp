// A peer whose other end has proven itself and says whatever the input wants,
// while this end sends, takes, rejects, dials and waits. What must hold: each
// message is handed out once, each outcome is told once, timers advance, what
// is outstanding is bounded and given back, and the end comes in time.

#include <memory>
#include <optional>
#include <set>
#include <vector>

#include <node_proxy/base/frame_memory.hpp>
#include <node_proxy/protocol/crypto/crypto_init.hpp>
#include <node_proxy/protocol/peer/peer.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>
#include <node_proxy/protocol/wire/advert.hpp>
#include <node_proxy/protocol/wire/bare.hpp>

#include "fuzz/script.hpp"
#include "support/chunks.hpp"
#include "support/rogue_session.hpp"

using namespace node_proxy;
using namespace node_proxy::internal;
using namespace std::chrono_literals;

namespace node_proxy::testing {

namespace {

const identity& alice() {
  static const auto result = identity::from_seed(test::numbered_key(1));
  return result;
}

std::shared_ptr<const identity> bob() {
  require(init_crypto());
  static const auto result =
    std::make_shared<identity>(identity::from_seed(test::numbered_key(2)));
  return result;
}

/// Limits within the reach of short inputs.
peer_settings small_settings() {
  peer_settings result;
  result.max_message = 60'000;
  result.channel_window = limits::min_channel_window;
  result.window = 100'000;
  result.large_window = 70'000;
  result.node_window = 300'000;
  result.outbox_bytes = 100'000;
  return result;
}

/// The names of engines.
std::string engine(std::uint64_t number) {
  return "engine" + std::to_string(number % 5);
}

/// Alice, of whom nothing can be expected, and Bob's peer for her.
class world {
public:
  explicit world(bytes_view input) : script_{input} {}

  void play() {
    connect();
    while (!script_.ended())
      step();
    stop();
  }

private:
  // -- what comes -------------------------------------------------------------

  void step() {
    using step_function = void (world::*)();
    // Inputs of the corpus depend on the order: add at the end.
    static constexpr step_function steps[]{
      &world::say_anything, &world::say_open,    &world::say_ack,
      &world::say_range,    &world::say_chunks,  &world::say_garbage,
      &world::send,         &world::finish,      &world::pass_time,
      &world::connect,      &world::disconnect,  &world::dial,
      &world::change_wish,  &world::hear_advert, &world::say_unreliable,
      &world::say_control};
    (this->*steps[script_.below(std::size(steps))])();
    pump();
  }

  void connect() {
    hello offer;
    offer.request = {1, 1, alice().id(), bob()->id(), 0, 0};
    offer.epoch = 1 + script_.below(3);
    offer.max_message = 60'000;
    if (session_ && script_.below(2) == 0)
      offer.prev = session_->digest;
    control::resume first{script_.below(4), {}, 16'128 + script_.number()};
    if (script_.below(2) == 0)
      first.received = {peer_->epoch(), script_.below(8)};
    session_.emplace(test::shake_hands(
      alice(), offer, first, {*bob(), peer_->epoch(), settings_, now_.steady},
      random_));
    controls_ = 1;
    unreliables_ = 0;
    connection_ = next_connection_++;
    peer_->handle_session(connection_, std::move(session_->proven), now_);
    pump();
  }

  void disconnect() {
    peer_->handle_closed(connection_, close_reason::lost, now_);
  }

  /// Also numbers that have been used, for which a sealer has no use.
  void say(frame_kind kind, std::uint64_t number, bytes_view plaintext) {
    bytes stream;
    sealer{session_->key, cipher_suite::chacha20_poly1305}.seal(
      kind, number % limits::sequence_end, plaintext, stream);
    peer_->handle_frame(connection_, test::only_body(stream), now_);
  }

  void say(const control::frame& frame) {
    say(frame_kind::control, controls_++, control::encode_frame(frame));
    if (std::holds_alternative<control::rekey>(frame))
      session_->key = next_key(session_->key);
  }

  void say_anything() {
    constexpr frame_kind kinds[]{frame_kind::control, frame_kind::node_msg,
                                 frame_kind::unreliable};
    auto kind = kinds[script_.below(3)];
    auto number = kind == frame_kind::control ? controls_++ : script_.number();
    say(kind, number, script_.text());
  }

  void say_open() {
    say(control::open{opened_++ % 8, engine(script_.octet()),
                      script_.below(2) == 0 ? transport_ordering::ordered
                                            : transport_ordering::unordered,
                      16'128 + script_.number()});
    if (script_.below(2) == 0)
      say(control::reopened{});
  }

  void say_ack() {
    control::ack ack;
    for (auto n = script_.below(4); n > 0; --n) {
      control::channel_ack x{
        script_.below(4), script_.number(), script_.number(), {}};
      for (auto rejects = script_.below(3); rejects > 0; --rejects)
        x.rejects.push_back(
          {script_.below(10), control::reject_reason::unknown_engine});
      ack.channels.push_back(std::move(x));
    }
    say(ack);
  }

  void say_range() {
    auto a = script_.number();
    auto b = script_.number();
    switch (script_.below(4)) {
    case 0:
      return say(control::void_range{a, b});
    case 1:
      return say(control::abort{a % 4, b});
    case 2:
      return say(control::settled{a % 4, b});
    default:
      return say(control::close{a % 4});
    }
  }

  void say_control() {
    switch (script_.below(5)) {
    case 0:
      return say(control::heartbeat{});
    case 1:
      return say(control::rekey{});
    case 2:
      return say(control::goodbye{script_.below(12), script_.below(2) == 0});
    case 3:
      return say(control::reopened{});
    default:
      ++controls_; // a gap
    }
  }

  void say_garbage() {
    auto body = script_.text();
    peer_->handle_frame(connection_, body, now_);
    peer_->handle_progress(connection_, body.size(), now_);
  }

  /// Chunks that are messages, or look like the beginning of one.
  bytes chunks() {
    chunk_list list;
    std::vector<bytes> kept;
    for (auto n = 1 + script_.below(4); n > 0; --n) {
      message_codec codec;
      engine_msg msg{{{}, "a"}, {}, {}, to_bytes(script_.text())};
      if (script_.below(4) == 0)
        msg.msg = shared_bytes{bytes(script_.below(4) * 8'000)};
      auto data = codec.encode(msg).value();
      kept.push_back(test::joined(data.head.view(), data.payload.view()));
      auto whole = bytes_view{kept.back()};
      auto is_long = whole.size() > limits::fragment;
      list.add(script_.below(4), !is_long,
               whole.first(is_long ? limits::fragment : whole.size()));
      sent_ += 1;
    }
    return test::encoded(list);
  }

  void say_chunks() {
    auto first = script_.below(4) == 0 ? script_.number() : sent_;
    auto list = chunks();
    if (list.size() <= session::max_messages(first))
      say(frame_kind::node_msg, first, list);
  }

  void say_unreliable() {
    auto list = chunks();
    if (list.size() < 30'000)
      say(frame_kind::unreliable, unreliables_++, list);
  }

  // -- what this end does -----------------------------------------------------

  void send() {
    node_out_msg msg;
    msg.expiry = rel_time{script_.below(60)};
    msg.msg.target = {alice().id(), engine(script_.octet())};
    msg.msg.sender.name = "b";
    msg.msg.msg = bytes(script_.below(4) * 6'000 + script_.octet());
    if (script_.below(4) == 0)
      msg.prefs.reliability = transport_reliability::unreliable;
    if (script_.below(4) == 0)
      msg.prefs.ordering = transport_ordering::unordered;
    pending_.insert(next_token_);
    peer_->handle_send(next_token_++, msg, now_);
  }

  void finish() {
    if (handed_out_.empty())
      return;
    auto position =
      handed_out_.begin()
      + static_cast<std::ptrdiff_t>(script_.below(handed_out_.size()));
    auto id = *position;
    handed_out_.erase(position);
    std::optional<control::reject_reason> reason;
    if (script_.below(2) == 0)
      reason = control::reject_reason::engine_gone;
    peer_->handle_finished(id, reason, now_);
  }

  void pass_time() {
    constexpr duration times[]{1ms, 50ms, 1s, 10s, 31s, 3'600s};
    run_for(times[script_.below(std::size(times))]);
  }

  void dial() {
    if (dials_.empty())
      return peer_->handle_connect(now_);
    auto id = dials_.back();
    dials_.pop_back();
    if (script_.below(2) == 0)
      peer_->handle_dial_failed(id, dial_error::connection_refused, now_);
    else
      peer_->handle_dialled(id, next_connection_++, now_);
  }

  void change_wish() {
    switch (script_.below(4)) {
    case 0:
      return peer_->handle_permanence(script_.below(2) == 0
                                        ? connection_permanence::permanent
                                        : connection_permanence::ephemeral,
                                      now_);
    case 1:
      return peer_->handle_seek(now_);
    case 2:
      return peer_->handle_way_back(now_);
    default:
      takes_bytes_ = !takes_bytes_;
    }
  }

  void hear_advert() {
    node_advert advert;
    advert.version = 1 + script_.number() % 100;
    for (auto n = script_.below(4); n > 0; --n)
      advert.addrs.push_back(
        {tcp_addr{ipv4{{std::byte{script_.octet()}, std::byte{1}, std::byte{1},
                        std::byte{script_.octet()}}},
                  static_cast<std::uint16_t>(script_.number())},
         script_.octet()});
    require(sign_advert(alice(), advert).has_value());
    say(control::frame{advert});
  }

  // -- what comes of it -------------------------------------------------------

  void pump() {
    for (auto turns = 0; peer_->flush(now_, memory_); ++turns)
      require(turns < 1'000);
    for (auto actions = 0; auto action = peer_->poll_action(); ++actions) {
      require(actions < 100'000);
      std::visit([this](auto& x) { perform(x); }, *action);
    }
    // What is taken anyway is each channel's own window.
    require(budget_->free() >= -static_cast<std::int64_t>(
              limits::channels * 2 * settings_.channel_window));
  }

  void perform(transmit_frames& x) {
    if (takes_bytes_)
      peer_->handle_written(x.connection, x.frames.size());
    deframer frames{limits::frame_body};
    frames.handle_input(x.frames);
    for (;;) {
      auto body = frames.poll_body();
      require(body.has_value());
      if (!*body)
        break;
      require(parse_body(**body).has_value());
    }
    require(frames.buffered() == 0);
  }

  void perform(deliver_message& x) {
    if (auto reliable = std::get_if<reliable_id>(&x.id))
      require(known_.insert({reliable->generation, reliable->first}).second);
    require(x.msg.sender.node == alice().id());
    handed_out_.push_back(x.id);
  }

  void perform(send_outcome& x) {
    for (std::uint64_t i = 0; i < x.count; ++i)
      require(pending_.erase(x.token + i) == 1);
  }

  void perform(dial_peer& x) {
    require(dials_.size() < 1'000);
    dials_.push_back(x.id);
  }

  void perform(cancel_dial& x) { std::erase(dials_, x.attempt); }

  template <class Action>
  void perform(Action&) {
    // nop
  }

  void run_for(duration time) {
    auto end = now_.steady + time;
    auto begin = now_;
    for (auto at = peer_->poll_timeout(now_); at && *at <= end;
         at = peer_->poll_timeout(now_)) {
      // A heartbeat or so each second is much.
      require(++timeouts_ < 100'000);
      now_.steady = std::max(now_.steady, *at);
      peer_->handle_timeout(now_);
      pump();
      auto next = peer_->poll_timeout(now_);
      require(!next || *next > now_.steady);
    }
    now_.steady = end;
    now_.wall =
      begin.wall + std::chrono::duration_cast<std::chrono::seconds>(time);
  }

  /// Whatever was said before, the end comes, and all that was taken is given
  /// back.
  void stop() {
    takes_bytes_ = true;
    peer_->handle_shutdown(now_.steady + 5s, now_);
    pump();
    run_for(60s);
    require(peer_->stopped());
    require(pending_.empty());
    peer_.reset();
    require(budget_->used() == 0);
    require(budget_->strangers()->used() == 0);
    require(budget_->strangers()->waiting() == 0);
  }

  script script_;
  peer_settings settings_ = small_settings();
  frame_memory memory_;
  timestamp now_{1'000s, 1'000'000s};
  random_source random_ = test::seeded(2);
  std::shared_ptr<receive_budget> budget_ =
    std::make_shared<receive_budget>(settings_);
  std::optional<peer> peer_{std::in_place,
                            std::make_shared<peer_settings>(settings_),
                            bob(),
                            alice().id(),
                            alice().noise_public(),
                            peer_record{22},
                            budget_,
                            std::make_shared<spare_time>(),
                            test::seeded(1)};
  std::optional<test::rogue_session> session_;
  connection_id connection_ = 0;
  connection_id next_connection_ = 1;
  std::uint64_t controls_ = 0;
  std::uint64_t unreliables_ = 0;
  std::uint64_t opened_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t timeouts_ = 0;
  send_token next_token_ = 1;
  bool takes_bytes_ = true;
  std::vector<delivery_id> handed_out_;
  std::vector<attempt_id> dials_;
  std::set<send_token> pending_;
  // Generation and first number of what was handed out.
  std::set<std::pair<std::uint64_t, std::uint64_t>> known_;
};

} // namespace

} // namespace node_proxy::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  node_proxy::testing::require(node_proxy::init_crypto());
  node_proxy::testing::world{std::as_bytes(std::span{data, size})}.play();
  return 0;
}
