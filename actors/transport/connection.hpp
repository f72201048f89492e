// A connection as its owner sees it: frames in, frames out.

#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include <node_proxy/actors/loop/connection_ready.hpp>
#include <node_proxy/messages/basics.hpp>
#include <node_proxy/protocol/ids.hpp>
#include <node_proxy/protocol/peer/end_causes.hpp>

namespace node_proxy::internal {

class event_loop;

/// A connection. It cuts the stream into frames and knows nothing of what is in
/// them. It is no actor: its owner, one actor at a time, reads and writes in
/// its own thread, as each message from one thread to another takes longer than
/// what is done with it. No call waits for the peer.
///
/// Nothing is read unless the owner reads, so an owner that is slow slows its
/// peer down.
class connection {
public:
  /// Takes the body of one frame, which is valid until it returns. It must not
  /// use the connection.
  /// @returns whether it takes another one in the same `read`.
  using body_handler = std::function<bool(bytes_view)>;

  /// What one `read` brought.
  struct read_result {
    /// Octets that have arrived, lengths included.
    std::size_t bytes = 0;
    /// Complete frames.
    std::size_t bodies = 0;
    /// The connection has come to its end. What had arrived before was read.
    /// Unless it is `lost`, `write` and `close` still have their effect.
    std::optional<close_reason> end;
  };

  connection() = default;
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// As `close`.
  virtual ~connection() = default;

  /// Names it among all connections of this process.
  [[nodiscard]] virtual connection_id id() const noexcept = 0;

  /// From now on `owner`, which runs in `loop`, uses the connection, and begins
  /// with a `read`. It must come to its end by itself, as the connection keeps
  /// its handle.
  virtual void set_owner(const connection_owner& owner,
                         const std::shared_ptr<event_loop>& loop) = 0;

  /// The peer has proven itself. From now on `read` gives all frames there are,
  /// bodies of up to `limits::frame_body`, for which a `connection_ready`
  /// comes. Before, it gives one frame at a time, a body of at most
  /// `limits::handshake_body`, and takes in little more than that.
  virtual void begin_stream() = 0;

  /// Reads once. When there is more, the owner gets a `connection_ready`, now
  /// or later; but not if a frame of the handshake has come: the next one is
  /// read when the owner wants it.
  virtual read_result read(const body_handler& handle_body) = 0;

  /// Instead of `read`: the owner is not notified any more of what there is to
  /// read. It goes on with `read`, without a reason.
  virtual void pause() = 0;

  /// Appends whole frames, lengths included, to the stream. What finds no room
  /// now is kept and goes first; the owner gets a `connection_ready` when there
  /// is room.
  /// @returns how many octets have gone to the operating system, of these
  ///          frames and what was kept before.
  virtual std::size_t write(bytes_view frames) = 0;

  /// To be called first after each `connection_ready`, for no other comes until
  /// then: goes on with what was kept.
  /// @returns as `write`.
  virtual std::size_t write_rest() = 0;

  /// Octets that `write` has kept.
  [[nodiscard]] virtual std::size_t unsent() const noexcept = 0;

  /// Sends out what was written before, and ends. After a few seconds at the
  /// latest the connection ends anyway, and at once before `begin_stream`.
  /// Nothing is heard of it again.
  virtual void close() = 0;
};

using connection_ptr = std::shared_ptr<connection>;

} // namespace node_proxy::internal
