// One end of a connection, with the test as its owner.

#pragma once

#include <deque>
#include <limits>
#include <optional>

#include <node_proxy/actors/loop/event_loop.hpp>
#include <node_proxy/actors/transport/transport_messages.hpp>
#include <node_proxy/protocol/wire/frame.hpp>

#include "actors/system_fixture.hpp"
#include "support/frames.hpp"

namespace test {

using namespace node_proxy;
using namespace node_proxy::internal;

/// Owns connections for a test; each with an actor, and thus a mailbox, of its
/// own. They move to another event loop than that of the transport.
class held_end {
public:
  explicit held_end(caf::actor_system& system)
    : self_{system}, loop_{event_loop::of(system, 2).value().back()} {}

  /// As what the connection knows it.
  [[nodiscard]] connection_owner owner() {
    return caf::actor_cast<connection_owner>(caf::actor{self_});
  }

  /// To give to `listen`.
  [[nodiscard]] inbound_handler acceptor() {
    return caf::actor_cast<inbound_handler>(caf::actor{self_});
  }

  /// Dials, and owns the connection. Returns the error if there is one.
  std::optional<caf::error> dial_to(const transport_actor& transport,
                                    dial message) {
    std::optional<caf::error> result;
    self_->request(transport, patience * 2, std::move(message))
      .receive([&](dialled& answer) { connection = answer.connection; },
               [&](caf::error& error) { result = std::move(error); });
    return result;
  }

  /// Waits until somebody connects to a listener with this acceptor.
  inbound next_inbound() {
    auto result = next_inbound_within(patience);
    if (!result)
      FAIL("nobody connected");
    return std::move(*result);
  }

  /// As `next_inbound`, nothing if it takes longer than `limit`.
  std::optional<inbound> next_inbound_within(std::chrono::nanoseconds limit) {
    std::optional<inbound> result;
    self_->receive([&](inbound& message) { result = std::move(message); },
                   caf::after(limit) >> [] {});
    return result;
  }

  /// Wants one more frame of a handshake.
  void read_one() {
    ++wanted_;
    connection->set_owner(owner(), loop_);
    read();
  }

  /// Wants all frames from now on.
  void attach_here() {
    streaming_ = true;
    connection->set_owner(owner(), loop_);
    connection->begin_stream();
    read();
  }

  /// Sends a frame.
  void write_body(bytes_view body) {
    bytes frame;
    append_frame(frame, body);
    write_raw(frame);
  }

  void write_raw(const bytes& data) { written_ += connection->write(data); }

  void shut_down() { connection->close(); }

  /// Goes on after `keep`.
  void go_on() {
    keep = false;
    written_ += connection->write_rest();
    read();
  }

  /// Waits for the next frame.
  bytes next_body() {
    wait([&] { return !bodies_.empty(); });
    auto result = std::move(bodies_.front());
    bodies_.pop_front();
    return result;
  }

  /// Waits for the end of the connection.
  close_reason end_of_connection() {
    wait([&] { return reason_.has_value(); });
    return *reason_;
  }

  /// Waits until so many octets have been told as written.
  void wait_written(std::size_t size) {
    wait([&] { return written_ >= size; });
  }

  /// Waits until so many octets have been told as read.
  void wait_read(std::size_t size) {
    wait([&] { return read_ >= size; });
  }

  /// Waits for messages until `condition` holds.
  template <class F>
  void wait(F condition) {
    while (!condition())
      if (!handle_one(patience))
        FAIL("a message that the test waits for did not come");
  }

  /// Handles the messages that are there. Returns whether there were any.
  bool handle_what_is_there() {
    bool result = false;
    while (handle_one(std::chrono::seconds{0}))
      result = true;
    return result;
  }

  /// Whether the connection says anything in that time, which is ignored.
  bool has_news_within(std::chrono::nanoseconds limit) {
    bool result = true;
    self_->receive([](const connection_ready&) {},
                   caf::after(limit) >> [&] { result = false; });
    return result;
  }

  /// Forgets the frames that have come.
  void drop_bodies() { bodies_.clear(); }

  [[nodiscard]] std::size_t bytes_read() const { return read_; }
  [[nodiscard]] std::size_t bytes_written() const { return written_; }
  [[nodiscard]] std::size_t frames_waiting() const { return bodies_.size(); }
  [[nodiscard]] std::size_t batches() const { return batches_; }

  connection_ptr connection;
  /// Do not read, as an owner that is busy.
  bool keep = false;
  /// How many frames are wanted at once.
  std::size_t at_once = std::numeric_limits<std::size_t>::max();

private:
  bool handle_one(std::chrono::nanoseconds limit) {
    bool result = true;
    self_->receive(
      [&](const connection_ready& message) {
        if (message.connection != connection->id())
          return;
        written_ += connection->write_rest();
        read();
      },
      caf::after(limit) >> [&] { result = false; });
    return result;
  }

  /// Reads once, or all frames of a handshake that are wanted and there.
  void read() {
    for (auto more = true; more && !reason_ && wants_more();) {
      std::size_t count = 0;
      auto got = connection->read([this, &count](bytes_view body) {
        bodies_.push_back(to_bytes(body));
        return ++count < at_once;
      });
      batches_ += got.bodies > 0;
      read_ += got.bytes;
      if (!streaming_)
        wanted_ -= got.bodies;
      reason_ = got.end;
      more = !streaming_ && got.bodies > 0;
    }
  }

  [[nodiscard]] bool wants_more() const {
    return !keep && (streaming_ || wanted_ > 0);
  }

  caf::scoped_actor self_;
  std::shared_ptr<event_loop> loop_;
  bool streaming_ = false;
  // Frames of the handshake.
  std::size_t wanted_ = 0;
  std::deque<bytes> bodies_;
  std::size_t batches_ = 0;
  std::size_t read_ = 0;
  std::size_t written_ = 0;
  std::optional<close_reason> reason_;
};

} // namespace test
