// A node says nothing in words but to the logger that it was given.

#include <sstream>

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <node_proxy/actors/log/node_log.hpp>

#include "actors/node_fixture.hpp"

using namespace test;

namespace {

/// A logger, and what it was told.
struct heard {
  std::string text() const { return out.str(); }

  std::ostringstream out;
  std::shared_ptr<spdlog::logger> logger = std::make_shared<spdlog::logger>(
    "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(out));
};

/// A node that warns at start that no peer is told where it is.
void run_node(std::shared_ptr<spdlog::logger> logger) {
  auto config = local_config();
  config.listen = {tcp_addr{ipv4{}, 0}};
  config.logger = std::move(logger);
  test_node node{std::move(config)};
}

constexpr auto words = "no peer is told";

} // namespace

TEST_CASE("a node without a logger is silent") {
  heard common;
  auto before = spdlog::default_logger();
  spdlog::set_default_logger(common.logger);
  run_node(nullptr);
  spdlog::set_default_logger(before);
  CHECK(common.text().empty());
}

TEST_CASE("nodes of one process write to loggers of their own") {
  heard one;
  heard two;
  run_node(one.logger);
  CHECK(one.text().find(words) != std::string::npos);
  CHECK(two.text().empty());
  auto length = one.text().size();
  run_node(two.logger);
  CHECK(two.text().find(words) != std::string::npos);
  CHECK(one.text().size() == length);
}

TEST_CASE("what strangers choose cannot control who reads the log") {
  heard log;
  node_proxy::internal::node_log uut{log.logger};
  uut.warn("engine {} is there", "a\n\x1b[2J\u009B\u202E");
  CHECK(log.text().find("engine a\\u000a\\u001b[2J\\u009b\\u202e is there")
        != std::string::npos);
}
