// The messages that `send` sends.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <node_proxy/messages/basics.hpp>

#include "line_reader.hpp"

namespace node_proxy::tools {

/// What the messages are.
struct message_options {
  /// With `{n}` replaced by the number of the message. "-": a message for each
  /// line of standard input.
  std::string text;
  std::uint64_t count = 1;
  /// Shorter messages are filled up with dots.
  std::size_t size = 0;
  /// The one message there is, instead of all that.
  std::optional<bytes> content = std::nullopt;
};

/// Makes them, one after the other.
class message_source {
public:
  /// @param stop a descriptor: once it is readable there are no more messages.
  message_source(message_options options, int stop);

  /// The next message. Waits for standard input if `wait` is set; otherwise
  /// there may be none yet.
  [[nodiscard]] std::optional<bytes> poll_message(bool wait);

  /// Whether there will be no more.
  [[nodiscard]] bool ended() const;

  /// Whether a line was longer than `longest_line`; no more are read then.
  [[nodiscard]] bool failed() const noexcept { return failed_; }

  /// Why standard input could not be read to its end (errno), or 0.
  [[nodiscard]] int input_error() const noexcept { return input_.error(); }

private:
  [[nodiscard]] bool from_input() const { return options_.text == "-"; }
  std::optional<bytes> poll_input(bool wait);
  bytes make_message(std::string text) const;

  bool wait_for_input(bool wait);

  message_options options_;
  line_reader input_;
  int stop_;
  std::uint64_t made_ = 0;
  bool failed_ = false;
  bool stopped_ = false;
};

} // namespace node_proxy::tools
