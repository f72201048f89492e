// One end of a connection, with the test as its owner.

#pragma once

#include <deque>
#include <optional>

#include <node_proxy/actors/transport_messages.hpp>
#include <node_proxy/protocol/frame.hpp>

#include "system_fixture.hpp"

namespace test {

using namespace node_proxy;

/// Owns connections for a test; each with an actor, and thus a mailbox, of its
/// own.
class connection_end {
public:
  explicit connection_end(caf::actor_system& system) : self_{system} {}

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

  void read_one() { self_->send(connection, read_next{owner()}); }

  void attach_here() {
    streaming_ = true;
    self_->send(connection, attach{owner()});
  }

  /// Sends a frame.
  void write_body(bytes_view body) {
    bytes frame;
    append_frame(frame, body);
    write_raw(std::move(frame));
  }

  void write_raw(bytes data) {
    self_->send(connection, write_frames{std::move(data), true});
  }

  void shut_down() { self_->send(connection, shut{}); }

  /// Tells the connection that it may go on.
  void take(std::size_t size) { self_->send(connection, taken{size}); }

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

  /// Forgets the frames that have come.
  void drop_bodies() { bodies_.clear(); }

  [[nodiscard]] std::size_t bytes_read() const { return read_; }
  [[nodiscard]] std::size_t bytes_written() const { return written_; }
  [[nodiscard]] std::size_t frames_waiting() const { return bodies_.size(); }
  [[nodiscard]] std::size_t batches() const { return batches_; }

  connection_actor connection;
  /// Do not tell the connection that what it delivers was taken.
  bool keep = false;

private:
  bool handle_one(std::chrono::nanoseconds limit) {
    bool result = true;
    self_->receive(
      [&](const frames_in& message) {
        ++batches_;
        read_ += message.bytes_read;
        for (std::size_t index = 0; index < message.bodies->size(); ++index)
          bodies_.push_back(to_bytes((*message.bodies)[index]));
        if (streaming_ && !keep)
          self_->send(connection, taken{message.bytes_read});
      },
      [&](const written& message) { written_ += message.bytes; },
      [&](const connection_closed& message) {
        CHECK_FALSE(reason_.has_value());
        reason_ = message.reason;
      },
      caf::after(limit) >> [&] { result = false; });
    return result;
  }

  caf::scoped_actor self_;
  bool streaming_ = false;
  std::deque<bytes> bodies_;
  std::size_t batches_ = 0;
  std::size_t read_ = 0;
  std::size_t written_ = 0;
  std::optional<close_reason> reason_;
};

} // namespace test
