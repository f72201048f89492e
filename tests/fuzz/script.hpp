// The input of a fuzzer as a list of choices.

#pragma once

#include <algorithm>
#include <cstdlib>

#include <node_proxy/base/bytes.hpp>

namespace node_proxy::testing {

/// What must hold whatever the input is.
inline void require(bool holds) {
  if (!holds)
    std::abort();
}

/// Choices, each of some octets. All that come after the end are zero.
class script {
public:
  explicit script(bytes_view input) : rest_{input} {}

  [[nodiscard]] bool ended() const { return rest_.empty(); }

  std::uint8_t octet() {
    if (rest_.empty())
      return 0;
    auto result = static_cast<std::uint8_t>(rest_.front());
    rest_ = rest_.subspan(1);
    return result;
  }

  std::uint64_t below(std::uint64_t end) { return octet() % end; }

  /// Small numbers are as likely as large ones.
  std::uint64_t number() {
    auto size = octet() % 9;
    std::uint64_t result = 0;
    for (auto i = 0; i < size; ++i)
      result = result << 8 | octet();
    return result;
  }

  /// As many octets as the next one says, and are left.
  bytes_view text() {
    auto result = rest_.first(std::min<std::size_t>(octet(), rest_.size()));
    rest_ = rest_.subspan(result.size());
    return result;
  }

private:
  bytes_view rest_;
};

} // namespace node_proxy::testing
