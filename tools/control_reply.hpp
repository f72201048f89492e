// What a client of the control socket is told.

#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "wakeup.hpp"

namespace node_proxy::tools {

/// Lines for one client, all at once or as things happen. Any thread may write
/// them, even after the client or the server has gone.
class control_reply {
public:
  /// How many octets may wait for a client that does not read. One line may be
  /// longer if nothing else waits.
  static constexpr std::size_t max_waiting = 1u << 20;

  /// @param changed is set when there is something to send.
  explicit control_reply(std::shared_ptr<wakeup> changed)
    : changed_{std::move(changed)} {}

  /// Adds a line.
  /// @returns whether the client is still there and takes what it is told. If
  ///          it takes too little it is given up.
  bool add(std::string_view line);

  /// Adds the last line.
  void finish(std::string_view line);

  /// From now on lines come as things happen, so that the client may stay.
  void follow();

  // -- for the server ---------------------------------------------------------

  /// Takes what has been added.
  [[nodiscard]] std::string take();

  [[nodiscard]] bool follows() const;

  /// Lines that are added are of no use any more.
  [[nodiscard]] bool closed() const;

  /// The client has taken too little.
  [[nodiscard]] bool overrun() const;

  /// Nothing more comes behind what was taken.
  [[nodiscard]] bool finished() const;

  /// Nobody reads it any more: what has been added is gone.
  void close();

private:
  std::shared_ptr<wakeup> changed_;
  mutable std::mutex mutex_;
  std::string text_;
  bool follows_ = false;
  bool overrun_ = false;
  bool finished_ = false;
  bool closed_ = false;
};

using control_reply_ptr = std::shared_ptr<control_reply>;

} // namespace node_proxy::tools
