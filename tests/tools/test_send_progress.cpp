#include "send_progress.hpp"

#include <doctest/doctest.h>

using namespace node_proxy::tools;
using namespace std::chrono_literals;

namespace {

struct fixture {
  /// What is written at this time after the beginning.
  std::string at(std::chrono::milliseconds time) {
    written.clear();
    uut.handle_amount({20, 12, 0, 2'048}, begin + time);
    return written;
  }

  send_progress::clock::time_point begin{1h};
  std::string written;
  send_progress uut{[this](std::string_view text) { written += text; }, begin};
};

} // namespace

TEST_CASE("progress is told in words") {
  CHECK(progress_text({20, 12, 0, 3u << 20}, 2s)
        == "3 MiB, 1.5 MiB/s, 12 of 20 messages acknowledged");
  CHECK(progress_text({20, 12, 8, 100}, 0s)
        == "100 B, 0 B/s, 12 of 20 messages acknowledged, 8 failed");
}

TEST_CASE_FIXTURE(fixture, "what is quick needs no progress") {
  CHECK(at(0ms).empty());
  CHECK(at(999ms).empty());
  uut.handle_end();
  CHECK(written.empty());
}

TEST_CASE_FIXTURE(fixture, "progress is shown as often as it can be read") {
  auto line = at(1'000ms);
  CHECK(line == "\r\x1b[K2 KiB, 2 KiB/s, 12 of 20 messages acknowledged");
  CHECK(at(1'199ms).empty());
  CHECK_FALSE(at(1'200ms).empty());
  written.clear();
  uut.handle_end();
  CHECK(written == "\r\x1b[K");
  uut.handle_end();
  CHECK(written == "\r\x1b[K");
}

TEST_CASE("without a terminal there is no progress") {
  send_progress uut{{}, {}};
  uut.handle_amount({1, 0, 0, 0}, send_progress::clock::time_point{1h});
  uut.handle_end();
}
