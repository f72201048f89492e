// Reading lines from a descriptor, as they come.

#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace node_proxy::tools {

/// Longest line of standard input: room for the largest message that nodes take
/// by default, and for words before it.
inline constexpr std::size_t longest_line = (16u << 20) + (64u << 10);

/// How often to look whether the terminal is this process's again.
inline constexpr std::chrono::milliseconds terminal_interval{500};

/// One line of input.
struct input_line {
  /// Without the line end, and no longer than the limit of the reader.
  std::string text;
  /// The line was longer; the rest of it is dropped.
  bool cut = false;
};

/// Cuts what it reads into lines. What it holds is bounded by the limit.
class line_reader {
public:
  /// @param limit is the longest line, in bytes.
  line_reader(int fd, std::size_t limit) : fd_{fd}, limit_{limit} {}

  /// Whether input may be read now. What is typed at the terminal of a shell is
  /// for somebody else while this process is in the background; to be asked
  /// again after some time.
  [[nodiscard]] bool may_read() const;

  /// Reads once. To be called when the descriptor is readable, else it waits.
  void read();

  /// The next line that is complete; at the end also one without a line end.
  [[nodiscard]] std::optional<input_line> poll_line();

  /// Whether the end of the input, or an error, was read.
  [[nodiscard]] bool ended() const noexcept { return ended_; }

  /// That error (errno); 0 if there was none.
  [[nodiscard]] int error() const noexcept { return error_; }

  /// Whether all that was read has been taken.
  [[nodiscard]] bool empty() const noexcept { return begin_ == buffer_.size(); }

  [[nodiscard]] int fd() const noexcept { return fd_; }

private:
  input_line take(std::size_t size);
  void drop_front();

  int fd_;
  std::size_t limit_;
  std::string buffer_;
  // Lines before this place were taken.
  std::size_t begin_ = 0;
  // There is no line end before this place.
  std::size_t searched_ = 0;
  bool ended_ = false;
  int error_ = 0;
  bool skipping_ = false;
};

} // namespace node_proxy::tools
