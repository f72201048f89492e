#include "json_lines.hpp"

#include <array>

#include <unistd.h>

#include <doctest/doctest.h>

using namespace node_proxy::tools;

namespace {

/// What a reader gets of one line.
std::string line_of(const json& object) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  {
    wakeup failed;
    json_lines out{ends[1], failed};
    REQUIRE(out.write_through({object}) == 1);
  }
  ::close(ends[1]);
  std::array<char, 4'096> buffer{};
  auto size = ::read(ends[0], buffer.data(), buffer.size());
  ::close(ends[0]);
  REQUIRE(size > 0);
  return {buffer.data(), static_cast<std::size_t>(size)};
}

} // namespace

TEST_CASE("a line means the same, and controls no terminal") {
  json object{{"text", "a\x1b[2J\n\x7F\u009B\u202E\u2028\U000E0041z"}};
  auto line = line_of(object);
  CHECK(line
        == R"({"text":"a\u001b[2J\n\u007f\u009b\u202e\u2028\udb40\udc41z"})"
           "\n");
  CHECK(json::parse(line) == object);
}
