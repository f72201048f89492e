#include <node_proxy/actors/router/metric_families.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace node_proxy::internal {

namespace {

using enum metric_writer::family_type;

void add(metric_writer& to, std::string_view label,
         const std::vector<reason_count>& counts) {
  for (const auto& x : counts)
    to.add({{label, x.reason}}, x.count);
}

void add_node(metric_writer& to, const node_status& x) {
  to.begin("uptime_seconds", gauge, "How long the node has run.");
  to.add_seconds({}, x.age_ms * 1'000);
  to.begin("known_adverts", gauge, "Other nodes whose adverts are known.");
  to.add({}, x.known_adverts);
  to.begin("remembered_peers", gauge,
           "Peers with nothing under way of which something is remembered.");
  to.add({}, x.remembered_peers);
  to.begin("engines", gauge, "Engines that are registered.");
  to.add({}, x.engines.size());
  std::uint64_t untaken = 0;
  for (const auto& y : x.engines)
    untaken += y.untaken;
  to.begin("untaken_messages", gauge,
           "Messages that engines here have and have not taken.");
  to.add({}, untaken);
  to.begin("workers", gauge, "Workers of the node, by state.");
  std::array<std::uint64_t, enum_names<worker_stage>.size()> workers{};
  for (const auto& y : x.workers)
    ++workers.at(static_cast<std::size_t>(y.state));
  for (std::size_t i = 0; i < workers.size(); ++i)
    to.add({{"state", enum_names<worker_stage>[i]}}, workers[i]);
  to.begin("limit_used", gauge,
           "How much is used of what is limited; of what each process has for "
           "itself, in that which has the least left.");
  for (const auto& y : x.limits)
    to.add({{"limit", y.name}}, y.used);
  to.begin("limit_max", gauge, "The limits.");
  for (const auto& y : x.limits)
    to.add({{"limit", y.name}}, y.max);
}

void add_peers(metric_writer& to, const node_status& x) {
  std::array<std::uint64_t, enum_names<peer_state>.size()> states{};
  backlog waiting;
  std::uint64_t round_trips = 0;
  std::uint64_t measured = 0;
  for (const auto& y : x.peers) {
    ++states.at(static_cast<std::size_t>(y.state));
    waiting.messages += y.waiting.messages;
    waiting.bytes += y.waiting.bytes;
    waiting.oldest_ms = std::max(waiting.oldest_ms, y.waiting.oldest_ms);
    if (y.connection && y.connection->round_trip_us) {
      round_trips += *y.connection->round_trip_us;
      ++measured;
    }
  }
  to.begin("peers", gauge, "Peers by state.");
  for (std::size_t i = 0; i < states.size(); ++i)
    to.add({{"state", enum_names<peer_state>[i]}}, states[i]);
  to.begin("waiting_messages", gauge,
           "Messages that wait for peers or their acknowledgement.");
  to.add({}, waiting.messages);
  to.begin("waiting_bytes", gauge, "Memory that these take.");
  to.add({}, waiting.bytes);
  to.begin("waiting_oldest_seconds", gauge,
           "How long the oldest of them has waited.");
  to.add_seconds({}, waiting.oldest_ms * 1'000);
  to.begin("round_trip_mean_seconds", gauge,
           "The mean of the smoothed round trip times of connected peers.");
  if (measured > 0)
    to.add_seconds({}, round_trips / measured);
}

void add_loops(metric_writer& to, const node_metrics& x) {
  to.begin("event_loops", gauge, "Event loops that the node uses.");
  to.add({}, x.event_loops);
  to.begin("event_loops_busy_seconds_total", counter,
           "How long these had something to do, together.");
  to.add_seconds({}, x.event_loops_busy_us);
}

void add_messages(metric_writer& to, const peer_totals& x) {
  to.begin("messages_queued_total", counter,
           "Messages of engines here that were queued for a peer.");
  to.add({}, x.messages_out);
  to.begin("messages_arrived_total", counter,
           "Messages of peers that arrived whole.");
  to.add({}, x.messages_in);
  std::uint64_t failed = 0;
  for (const auto& y : x.messages_failed)
    failed += y.count;
  to.begin("messages_total", counter,
           "Messages that have come to their end, by direction and outcome.");
  to.add({{"direction", "out"}, {"outcome", "delivered"}},
         x.messages_delivered);
  to.add({{"direction", "out"}, {"outcome", "failed"}}, failed);
  to.add({{"direction", "in"}, {"outcome", "taken"}}, x.messages_taken);
  to.add({{"direction", "in"}, {"outcome", "rejected"}}, x.messages_rejected);
  to.add({{"direction", "in"}, {"outcome", "dropped"}}, x.unreliable_dropped);
  to.begin("messages_failed_total", counter,
           "Messages to peers that failed, by reason.");
  add(to, "reason", x.messages_failed);
  to.begin("messages_resent_total", counter,
           "Messages that were sent once more, on another connection.");
  to.add({}, x.messages_resent);
  to.add_histogram("acknowledgement_seconds",
                   "From the sending of a message to its acknowledgement; of "
                   "each peer one at a time is measured.",
                   x.acknowledgements);
  to.begin("message_bytes_total", counter,
           "Bytes of encoded messages, by direction.");
  to.add({{"direction", "out"}}, x.bytes_out);
  to.add({{"direction", "in"}}, x.bytes_in);
}

void add_connections(metric_writer& to, const node_metrics& x) {
  to.begin("handshakes_total", counter, "Inbound handshakes, by result.");
  to.add({{"result", "proven"}}, x.proven_handshakes);
  add(to, "result", x.failed_handshakes);
  to.add_histogram("handshake_seconds",
                   "From the accepting of a connection until its peer was "
                   "proven.",
                   x.handshakes);
  to.begin(
    "connection_attempts_total", counter,
    "Attempts to connect, each to one address, and lookups of names that "
    "led nowhere.");
  to.add({}, x.peers.connection_attempts);
  to.begin("connection_attempts_failed_total", counter,
           "Those of them that came to nothing.");
  to.add({}, x.peers.failed_attempts);
  to.begin("connections_total", counter,
           "Connections that were established, in either direction: more than "
           "there are peers if these come again.");
  to.add({}, x.peers.connections);
  to.begin("connection_ends_total", counter,
           "Connections that have ended, by reason.");
  add(to, "reason", x.peers.connection_ends);
  to.begin("frames_arrived_total", counter, "Encrypted frames that arrived.");
  to.add({}, x.peers.frames_in);
  to.begin("unknown_controls_total", counter,
           "Control frames of a later version of the protocol, which were "
           "ignored.");
  to.add({}, x.peers.unknown_controls);
  to.begin("adverts_ignored_total", counter,
           "Adverts that peers sent and that were not taken, by reason.");
  to.add({{"reason", "stale"}}, x.peers.stale_adverts);
  to.add({{"reason", "unchecked"}}, x.peers.unchecked_adverts);
  to.begin("unanswered_failures_total", counter,
           "Messages that failed and whose senders wait for no answer, by "
           "reason.");
  add(to, "reason", x.unanswered_failures);
  to.begin("lost_workers_total", counter,
           "Workers that ended without a word, or fell silent for too long.");
  to.add({}, x.lost_workers);
  to.begin("late_answers_total", counter,
           "Answers of typed engines for which nobody waited any more.");
  to.add({}, x.late_answers);
}

} // namespace

void write_families(metric_writer& to, const node_status& status,
                    const node_metrics& counted) {
  add_node(to, status);
  add_loops(to, counted);
  add_peers(to, status);
  add_messages(to, counted.peers);
  add_connections(to, counted);
}

} // namespace node_proxy::internal
