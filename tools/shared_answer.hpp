// An answer that many ask for and that costs something to make.

#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include <node_proxy/base/bytes.hpp>
#include <node_proxy/messages/field.hpp>

namespace node_proxy::tools {

/// Makes an answer anew if it is older than its lifetime, and else gives the
/// last one. Whoever asks while it is made waits for it, so it is made once at
/// a time, however many ask. The same goes for the error of one that could not
/// be made. From any thread.
class shared_answer {
public:
  using answer = tl::expected<std::string, std::string>;
  using clock = std::chrono::steady_clock;

  /// @param make the answer.
  /// @param now what time it is.
  shared_answer(
    clock::duration lifetime, std::function<answer()> make,
    std::function<clock::time_point()> now = [] { return clock::now(); });

  [[nodiscard]] answer get();

private:
  struct made {
    answer what;
    clock::time_point at;
  };

  clock::duration lifetime_;
  std::function<answer()> make_;
  std::function<clock::time_point()> now_;
  std::mutex mutex_;
  std::optional<made> last_;
};

} // namespace node_proxy::tools
