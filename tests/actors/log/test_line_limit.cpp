#include <node_proxy/actors/log/line_limit.hpp>
#include <node_proxy/actors/log/node_log.hpp>

#include <sstream>
#include <string>

#include <doctest/doctest.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

using namespace node_proxy;
using namespace node_proxy::internal;
using namespace std::chrono_literals;

TEST_CASE("the last line is not repeated for some time, but counted") {
  line_limit uut;
  CHECK(uut.handle_line("kind", "text", 0s) == 0u);
  for (int i = 1; i < 100; ++i)
    CHECK_FALSE(uut.handle_line("kind", "text", i * 100ms));
  CHECK(uut.handle_line("kind", "text", line_limit::interval) == 99u);
  CHECK_FALSE(uut.handle_line("kind", "text", line_limit::interval + 1ns));
}

TEST_CASE("what begins and ends is told each time") {
  line_limit uut;
  for (int i = 0; i < 5; ++i) {
    CHECK(uut.handle_line("begin", "begins", 1s) == 0u);
    CHECK(uut.handle_line("end", "ends", 1s) == 0u);
  }
}

TEST_CASE("of many different lines of one kind there are a few") {
  line_limit uut;
  std::uint64_t passed = 0;
  for (int i = 0; i < 1'000; ++i)
    passed += uut.handle_line("kind", std::to_string(i), 1s).has_value();
  CHECK(passed == line_limit::max_lines);
  CHECK(uut.handle_line("other", "text", 1s) == 0u);
  CHECK(uut.handle_line("kind", "later", 1s + line_limit::interval)
        == 1'000 - line_limit::max_lines);
}

TEST_CASE("kinds without end take no memory without end") {
  line_limit uut;
  for (int i = 0; i < 10'000; ++i)
    CHECK(uut.handle_line(std::to_string(i), std::to_string(i), 1s) == 0u);
}

TEST_CASE("a log tells how many lines it left out") {
  std::ostringstream out;
  auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(out);
  auto logger = std::make_shared<spdlog::logger>("test", sink);
  logger->set_pattern("%l %v");
  node_log uut{logger};
  uut.debug("not wanted");
  for (int i = 0; i < 30; ++i)
    uut.warn("number {}", i);
  uut.error("another {}", "kind");
  auto text = out.str();
  CHECK(text.starts_with("warning number 0\nwarning number 1\n"));
  CHECK(text.ends_with("warning number 19\nerror another kind\n"));
}

TEST_CASE("a log without a logger is silent") {
  node_log uut;
  uut.error("nobody reads {}", "this");
}
