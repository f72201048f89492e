// What a node counts, for Prometheus.

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <metrics_text.hpp>
#include <recent_events.hpp>

#include <nlohmann/json.hpp>

using namespace node_proxy;
using namespace node_proxy::tools;

namespace {

bool contains(const std::string& text, std::string_view line) {
  return ("\n" + text).find("\n" + std::string{line} + "\n")
         != std::string::npos;
}

// Gives each counter of an object a value of its own.
class count_up {
public:
  template <class... Ts>
  void operator()(Ts&&... fields) {
    (set(fields.value), ...);
  }

  std::vector<std::string> values;

private:
  std::uint64_t next() {
    values.push_back(std::to_string(7'001 + values.size()));
    return 7'000 + values.size();
  }

  void set(std::uint64_t& counter) { counter = next(); }

  void set(std::vector<reason_count>& counters) {
    counters = {{"reason", next()}};
  }

  void set(duration_counts& counters) { counters.buckets[0] = next(); }
};

} // namespace

TEST_CASE("metrics are written in the format of Prometheus") {
  node_status status;
  status.age_ms = 1'500;
  status.engines = {{"inbox", false, 4}, {"store", true, 3}};
  status.limits = {{"peers", 2, 1'000}};
  status.workers.resize(3);
  status.workers[1].number = 7;
  status.workers[1].peers = 12;
  status.workers[2].state = worker_stage::leaving;
  peer_status peer;
  peer.state = peer_state::connected;
  peer.connection = connection_status{};
  peer.connection->round_trip_us = 400;
  peer.waiting = {3, 1'000, 2'000};
  status.peers = {peer, peer, {}};
  status.peers[1].connection->round_trip_us = 600;
  status.peers[1].waiting = {4, 2'000, 500};
  node_metrics counted;
  counted.proven_handshakes = 7;
  counted.lost_workers = 5;
  counted.failed_handshakes = {{"decrypt_failed", 2}};
  counted.peers.messages_delivered = 10;
  counted.peers.messages_failed = {{"expired", 3}, {"denied", 1}};
  counted.peers.messages_taken = 20;
  auto text =
    metrics_text(status, counted, {5'000, 2'500'000, 7, 1'024}, "1.2\"\\\n");
  CHECK(contains(text, "# TYPE node_proxy_messages_total counter"));
  CHECK(contains(
    text,
    R"(node_proxy_messages_total{direction="out",outcome="delivered"} 10)"));
  CHECK(contains(
    text, R"(node_proxy_messages_total{direction="out",outcome="failed"} 4)"));
  CHECK(contains(
    text, R"(node_proxy_messages_total{direction="in",outcome="taken"} 20)"));
  CHECK(
    contains(text, R"(node_proxy_messages_failed_total{reason="denied"} 1)"));
  CHECK(contains(text, R"(node_proxy_handshakes_total{result="proven"} 7)"));
  CHECK(contains(text,
                 R"(node_proxy_handshakes_total{result="decrypt_failed"} 2)"));
  CHECK(contains(text, R"(node_proxy_peers{state="connected"} 2)"));
  CHECK(contains(text, R"(node_proxy_peers{state="idle"} 1)"));
  CHECK(contains(text, R"(node_proxy_peers{state="refused"} 0)"));
  CHECK(contains(text, "node_proxy_waiting_messages 7"));
  CHECK(contains(text, "node_proxy_waiting_bytes 3000"));
  CHECK(contains(text, "node_proxy_waiting_oldest_seconds 2"));
  CHECK(contains(text, "node_proxy_round_trip_mean_seconds 5e-04"));
  CHECK(contains(text, "node_proxy_uptime_seconds 1.5"));
  CHECK(contains(text, "node_proxy_untaken_messages 7"));
  CHECK(contains(text, R"(node_proxy_limit_max{limit="peers"} 1000)"));
  CHECK(contains(text, R"(node_proxy_workers{state="serving"} 2)"));
  CHECK(contains(text, R"(node_proxy_workers{state="silent"} 0)"));
  CHECK(contains(text, R"(node_proxy_worker_peers{worker="7"} 12)"));
  CHECK(contains(text, "node_proxy_lost_workers_total 5"));
  CHECK(contains(text, "process_resident_memory_bytes 5000"));
  CHECK(contains(text, "process_cpu_seconds_total 2.5"));
  CHECK(contains(text, "process_open_fds 7"));
  CHECK(contains(text, "process_max_fds 1024"));
  // What a label may not have in it is escaped.
  CHECK(text.find(R"(version="1.2\"\\\n",node=")") != std::string::npos);
}

TEST_CASE("a process knows what it takes") {
  auto usage = measure_process();
  CHECK(usage.resident_bytes > 100'000);
  CHECK(usage.cpu_us > 0);
  CHECK(usage.open_descriptors >= 3);
  CHECK(usage.max_descriptors >= usage.open_descriptors);
}

TEST_CASE("times are histograms in seconds") {
  using namespace std::chrono_literals;
  node_metrics counted;
  counted.event_loops = 2;
  counted.event_loops_busy_us = 1'500'000;
  for (auto took : std::initializer_list<std::chrono::nanoseconds>{
         -1us, 100us, 101us, 3ms, 11s})
    counted.handshakes.add(took);
  auto text = metrics_text({}, counted, {}, "1");
  CHECK(contains(text, "# TYPE node_proxy_handshake_seconds histogram"));
  for (auto line : {"bucket{le=\"1e-04\"} 2", "bucket{le=\"0.00025\"} 3",
                    "bucket{le=\"0.0025\"} 3", "bucket{le=\"0.005\"} 4",
                    "bucket{le=\"10\"} 4", "bucket{le=\"+Inf\"} 5",
                    "sum 11.003201", "count 5"})
    CHECK_MESSAGE(
      contains(text, "node_proxy_handshake_seconds_" + std::string{line}),
      line);
  CHECK(contains(text, "node_proxy_event_loops 2"));
  CHECK(contains(text, "node_proxy_event_loops_busy_seconds_total 1.5"));
}

TEST_CASE("whatever is counted of peers is shown") {
  node_metrics counted;
  count_up counters;
  counted.peers.serialize(counters);
  auto text = metrics_text({}, counted, {}, "1");
  for (const auto& value : counters.values)
    CHECK_MESSAGE(text.find(' ' + value + '\n') != std::string::npos, value);
}

TEST_CASE("the last events are kept, and when they were") {
  recent_events uut;
  CHECK(uut.array() == "[]");
  for (int i = 0; i < 150; ++i)
    uut.add("{\"event\":\"x\",\"n\":" + std::to_string(i) + "}");
  auto all = nlohmann::json::parse(uut.array());
  REQUIRE(all.size() == recent_events::max_events);
  CHECK(all[0]["n"] == 50);
  CHECK(all[99]["n"] == 149);
  CHECK(all[99]["at"] >= 1'700'000'000'000);
}
