// What processes of a test tell each other.

#pragma once

#include <cstdint>
#include <utility>

#include <doctest/doctest.h>
#include <unistd.h>

namespace test {

/// One process tells another a number.
class number_pipe {
public:
  number_pipe() { REQUIRE(::pipe(fds_) == 0); }

  number_pipe(const number_pipe&) = delete;
  number_pipe& operator=(const number_pipe&) = delete;

  ~number_pipe() {
    ::close(fds_[0]);
    close_end();
  }

  void put(std::uint16_t x) const {
    static_cast<void>(!::write(fds_[1], &x, sizeof(x)));
  }

  /// 0 once whoever could put something has ended.
  [[nodiscard]] std::uint16_t take() const {
    std::uint16_t result = 0;
    static_cast<void>(!::read(fds_[0], &result, sizeof(result)));
    return result;
  }

  /// This process puts nothing any more.
  void close_end() {
    if (fds_[1] >= 0)
      ::close(std::exchange(fds_[1], -1));
  }

private:
  int fds_[2];
};

} // namespace test
