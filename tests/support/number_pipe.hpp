// What processes of a test tell each other.

#pragma once

#include <cstdint>

#include <doctest/doctest.h>
#include <unistd.h>

namespace test {

/// One process tells another a number.
class number_pipe {
public:
  number_pipe() { REQUIRE(::pipe(fds_) == 0); }

  void put(std::uint16_t x) const {
    static_cast<void>(::write(fds_[1], &x, sizeof(x)));
  }

  /// 0 once whoever could put something has ended.
  [[nodiscard]] std::uint16_t take() const {
    std::uint16_t result = 0;
    static_cast<void>(::read(fds_[0], &result, sizeof(result)));
    return result;
  }

  void close_end() const { ::close(fds_[1]); }

private:
  int fds_[2];
};

} // namespace test
