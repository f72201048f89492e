// What CAF's own registry says of a node. CAF 0.17 has none, and no tests here.

#include <doctest/doctest.h>

#include <node_proxy/actors/caf/registry_writer.hpp>
#include <node_proxy/actors/router/registry_reporter.hpp>

#include "actors/node_fixture.hpp"
#include "support/comes_true.hpp"

#if CAF_MAJOR_VERSION >= 1

#include <chrono>
#include <string>

#include <caf/telemetry/collector/prometheus.hpp>

using namespace node_proxy;
using namespace node_proxy::internal;
using namespace std::chrono_literals;
using test::test_node;

namespace {

struct fixture : test_node {
  fixture() : test_node(test::local_config()) {}

  [[nodiscard]] std::string text() const {
    caf::telemetry::collector::prometheus collector;
    return std::string{collector.collect_from(system.metrics())};
  }

  /// Waits until the registry has a line that begins so.
  [[nodiscard]] bool comes(const std::string& line) const {
    return test::comes_true(
      [&] { return text().find("\n" + line) != std::string::npos; });
  }

  static std::string label(const node_id& id) {
    return "node=\"" + to_hex(id.data) + '"';
  }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "the registry has the metrics of each node") {
  CHECK(comes("node_proxy_engines{" + label(node.id()) + "} 0"));
  CHECK(comes("node_proxy_limit_max{limit=\"peers\"," + label(node.id())));
  CHECK(
    comes("node_proxy_messages_total{direction=\"out\"," + label(node.id())));
}

TEST_CASE_FIXTURE(fixture, "what is there is kept up to date") {
  node_id other{};
  auto reporter =
    spawn_registry_reporter(system, event_loop::of(system, 1).value().front(),
                            node.router(), other, 1ms);
  CHECK(comes("node_proxy_engines{" + label(other) + "} 0"));
  add_engine("inbox", caf::actor_cast<caf::actor>(self));
  CHECK(comes("node_proxy_engines{" + label(other) + "} 1"));
  // It ends with its Router.
  node.shutdown();
  self->wait_for(reporter);
}

TEST_CASE("counters go on, and gauges of what is gone are zero") {
  caf::actor_system_config config;
  caf::actor_system system{config};
  using enum metric_writer::family_type;
  auto read = [&system] {
    caf::telemetry::collector::prometheus collector;
    return std::string{collector.collect_from(system.metrics())};
  };
  auto write = [](registry_writer& to, std::uint64_t count,
                  std::string_view which) {
    to.begin_round();
    to.begin("things_total", counter, "All.");
    to.add({}, count);
    to.begin("time_seconds", gauge, "Now.");
    to.add_seconds({{"which", which}}, 1'500'000);
    to.end_round();
  };
  registry_writer first{system, {}};
  write(first, 3, "a");
  write(first, 5, "b");
  CHECK(read().find("node_proxy_things_total") != std::string::npos);
  CHECK(read().find("which=\"a\"} 0") != std::string::npos);
  CHECK(read().find("which=\"b\"} 1.5") != std::string::npos);
  // The node was started again.
  registry_writer second{system, {}};
  write(second, 2, "b");
  CHECK(read().find("\"} 7.") != std::string::npos);
}

#endif
