// The other end of a real peer, which says whatever a test wants it to.

#pragma once

#include <memory>
#include <string>

#include <doctest/doctest.h>

#include <node_proxy/base/frame_memory.hpp>
#include <node_proxy/protocol/peer/peer.hpp>
#include <node_proxy/protocol/session/handshake.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>
#include <node_proxy/protocol/wire/advert.hpp>
#include <node_proxy/protocol/wire/bare.hpp>
#include <node_proxy/protocol/wire/frame.hpp>
#include <node_proxy/protocol/wire/message_data.hpp>

#include "protocol/session/handshake_pair.hpp"
#include "support/chunks.hpp"
#include "support/octets.hpp"
#include "support/rogue_session.hpp"

namespace test {

using namespace std::chrono_literals;

/// Alice, as she should not be, connected to Bob's real `peer`.
class rogue {
public:
  explicit rogue(const peer_settings& settings = {})
    : settings_(settings),
      uut(std::make_shared<peer_settings>(settings),
          std::make_shared<identity>(bob()), alice().id(),
          alice().noise_public(), peer_record{22},
          std::make_shared<receive_budget>(settings), spare, seeded(1)) {}

  /// Goes through a handshake that Alice begins, with this first sealed frame,
  /// which was under way for some time. If she `opens`, she has a channel 0 to
  /// the engine "echo" then, and time to hear of that.
  void connect(const control::resume& resume = {0, {}, 1'000'000},
               std::uint64_t epoch = 11,
               std::optional<connection_digest> prev = {},
               duration under_way = {}) {
    auto offer = alices_hello();
    offer.epoch = epoch;
    offer.prev = prev;
    auto session = shake_hands(
      alice(), offer, resume,
      {bob(), uut.epoch(), settings_, now.steady - under_way}, random_);
    out_.emplace(std::move(session.out));
    in_.emplace(std::move(session.in));
    digest = session.digest;
    controls_ = 1;
    unreliables_ = 0;
    uut.handle_session(++connection_, std::move(session.proven), now);
    pump();
    if (!opens)
      return;
    open(0, "echo");
    say(control::reopened{});
    wait(settings_.ack_delay);
  }

  /// Opens a channel, with the window that Bob told.
  void open(std::uint64_t channel, std::string_view target) {
    say(control::open{channel, std::string{target}, transport_ordering::ordered,
                      window_of_bob_});
  }

  /// Lets Bob dial Alice. His attempt becomes a connection of this name, on
  /// which nothing comes.
  void dial(connection_id connection) {
    dial_later();
    uut.handle_connect(now);
    pump();
    REQUIRE(attempt_);
    uut.handle_dialled(*attempt_, connection, now);
    pump();
  }

  /// Bob learns where to find Alice.
  void dial_later() {
    node_advert advert;
    advert.version = 1;
    advert.addrs.push_back({*parse_address("tcp://127.0.0.1:1"), 1});
    REQUIRE(sign_advert(alice(), advert));
    static_cast<void>(uut.handle_introduction(advert, now));
    pump();
  }

  /// A frame with this plaintext.
  bytes sealed(frame_kind kind, std::uint64_t number, bytes_view plaintext) {
    bytes result;
    out_->seal(kind, number, plaintext, result);
    return result;
  }

  /// Says something in a control frame.
  void say(const control::frame& frame) {
    say_raw(control::encode_frame(frame));
    if (std::holds_alternative<control::rekey>(frame))
      out_->rekey();
  }
  void say_raw(bytes_view plaintext) { feed(sealed_control(plaintext)); }

  /// The next control frame, with this plaintext.
  bytes sealed_control(bytes_view plaintext) {
    return sealed(frame_kind::control, controls_++, plaintext);
  }

  /// Sends chunks as `node_msg`. Is the last of them the end of its message?
  void send(std::uint64_t first, const std::vector<bytes>& chunks,
            bool last = true, std::uint64_t channel = 0) {
    feed(sealed(frame_kind::node_msg, first, list_of(channel, chunks, last)));
  }

  /// The same as `unreliable`.
  void send_unreliable(const std::vector<bytes>& chunks, bool last = true,
                       std::uint64_t channel = 0) {
    auto number = std::exchange(unreliables_, unreliables_ + chunks.size());
    feed(
      sealed(frame_kind::unreliable, number, list_of(channel, chunks, last)));
  }

  /// A message as it stands in chunks.
  static bytes message(std::string_view text) {
    message_codec codec;
    engine_msg msg{{{}, "test"}, {}, {}, to_bytes(text)};
    auto data = codec.encode(msg).value();
    return joined(data.head.view(), data.payload.view());
  }

  /// Octets of one frame, as they come from the stream.
  void feed(bytes_view stream) {
    uut.handle_frame(connection_, body_of(stream), now);
    pump();
  }

  /// Lets this much time pass, with timers as they fall due.
  void wait(duration time) {
    auto end = now.steady + time;
    for (;;) {
      auto at = uut.poll_timeout(now);
      if (!at || *at > end)
        break;
      now.steady = std::max(now.steady, *at);
      uut.handle_timeout(now);
      pump();
      auto next = uut.poll_timeout(now);
      REQUIRE((!next || *next > now.steady));
    }
    now.steady = end;
  }

  /// What Bob said since the last call, and what else happened.
  std::string heard() { return std::exchange(heard_, {}); }

  /// Does what Bob wants done.
  void pump() {
    while (uut.flush(now, memory_)) {
    }
    while (auto action = uut.poll_action())
      perform(*action);
  }

  /// How often connections of Bob's ended for this reason.
  std::uint64_t ended(std::string_view reason) const {
    const auto& ends = uut.metrics().ends;
    auto position = ends.find(reason);
    return position != ends.end() ? position->second : 0;
  }

private:
  void perform(peer_action& action) {
    if (auto transmit = std::get_if<transmit_frames>(&action)) {
      if (takes_bytes)
        uut.handle_written(transmit->connection, transmit->frames.size());
      written += transmit->frames.size();
      if (transmit->connection == connection_)
        listen(transmit->frames);
    } else if (auto close = std::get_if<close_connection>(&action)) {
      note(close->connection == connection_ ? "closed" : "old closed");
    } else if (auto delivery = std::get_if<deliver_message>(&action)) {
      auto target = delivery->msg.target.name;
      note("got " + std::string{as_text(delivery->msg.msg)}
           + (target == "echo" ? "" : " for " + target));
      last_delivery = delivery->id;
      if (takes_messages) {
        uut.handle_finished(delivery->id, {}, now);
        while (uut.flush(now, memory_)) {
        }
      }
    } else if (auto outcome = std::get_if<send_outcome>(&action)) {
      auto failed = outcome->failure;
      for (std::uint64_t i = 0; i < outcome->count; ++i)
        note("outcome "
             + std::string{failed ? to_string(failed->error) : "delivered"});
    } else if (auto dial = std::get_if<dial_peer>(&action)) {
      attempt_ = dial->id;
      note("dial");
    } else if (std::holds_alternative<learned_advert>(action)) {
      note("learned");
    } else if (std::holds_alternative<overtaken_advert>(action)) {
      note("overtaken");
    } else if (auto event = std::get_if<peer_event>(&action);
               event && std::holds_alternative<peer_refused>(*event)) {
      note("refused");
    }
  }

  void listen(bytes_view frames) {
    deframer input{limits::frame_body};
    input.handle_input(frames);
    for (auto body = input.poll_body(); *body; body = input.poll_body()) {
      auto parsed = parse_body(**body).value();
      bytes buffer;
      auto plaintext = in_->open(parsed, buffer);
      REQUIRE(plaintext);
      if (parsed.kind != frame_kind::control) {
        auto count = decode<std::vector<chunk_view>>(*plaintext).value().size();
        note(std::string{to_string(parsed.kind)} + " "
             + std::to_string(parsed.number) + "+" + std::to_string(count));
        continue;
      }
      auto frame = control::decode_frame(*plaintext).value();
      std::visit([this](const auto& x) { note(text_of(x)); }, frame);
      if (std::holds_alternative<control::rekey>(frame))
        in_->rekey();
    }
  }

  static bytes list_of(std::uint64_t channel, const std::vector<bytes>& chunks,
                       bool last) {
    chunk_list list;
    for (std::size_t i = 0; i < chunks.size(); ++i)
      list.add(channel, last || i + 1 < chunks.size(), chunks[i]);
    return encoded(list);
  }

  std::string text_of(const control::resume& x) {
    window_of_bob_ = x.window;
    return "resume " + std::to_string(x.first) + " "
           + (x.received ? std::to_string(x.received->next) : "none");
  }
  static std::string text_of(const control::open& x) {
    return "open " + std::to_string(x.channel) + " " + x.target;
  }
  static std::string text_of(const control::reopened&) { return "reopened"; }
  static std::string text_of(const control::close& x) {
    return "close " + std::to_string(x.channel);
  }
  static std::string text_of(const control::abort& x) {
    return "abort " + std::to_string(x.channel) + ":" + std::to_string(x.first);
  }
  static std::string text_of(const control::ack& ack) {
    std::string result = "ack";
    for (const auto& x : ack.channels) {
      result += " " + std::to_string(x.channel) + ":" + std::to_string(x.next);
      for (const auto& reject : x.rejects)
        result += " " + std::string{to_string(reject.reason)};
    }
    return result;
  }
  static std::string text_of(const control::settled& x) {
    return "settled " + std::to_string(x.channel) + ":"
           + std::to_string(x.next);
  }
  static std::string text_of(const control::void_range& x) {
    return "void " + std::to_string(x.from) + "-" + std::to_string(x.to);
  }
  static std::string text_of(const node_advert& x) {
    return "advert " + std::to_string(x.version);
  }
  static std::string text_of(const control::heartbeat&) { return "heartbeat"; }
  static std::string text_of(const control::rekey&) { return "rekey"; }
  static std::string text_of(const control::goodbye& x) {
    return "goodbye "
           + std::string{to_string(control::goodbye_reason_of(x.reason))}
           + (x.finished ? " finished" : "");
  }
  static std::string text_of(const control::unknown&) { return "unknown"; }

  void note(std::string_view what) {
    heard_ += (heard_.empty() ? "" : ", ") + std::string{what};
  }

  peer_settings settings_;
  random_source random_ = seeded(2);
  frame_memory memory_;
  connection_id connection_ = 0;
  std::optional<sealer> out_;
  std::optional<opener> in_;
  std::optional<attempt_id> attempt_;
  std::uint64_t controls_ = 0;
  std::uint64_t unreliables_ = 0;
  std::uint64_t window_of_bob_ = 0;
  std::string heard_;

public:
  /// Of Bob's node, for what is of no use.
  std::shared_ptr<spare_time> spare = std::make_shared<spare_time>();
  peer uut;
  timestamp now{1000s, 1'000'000s};
  /// Whether `connect` opens a channel.
  bool opens = true;
  /// Engines take each message at once.
  bool takes_messages = true;
  /// The socket takes what it is given at once.
  bool takes_bytes = true;
  std::size_t written = 0;
  delivery_id last_delivery;
  /// What the acceptor takes for the epoch of Bob's state.
  /// Of the present connection.
  connection_digest digest{};
};

} // namespace test
