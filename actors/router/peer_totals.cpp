#include <node_proxy/actors/router/peer_totals.hpp>

#include <algorithm>
#include <string>
#include <string_view>

namespace node_proxy::internal {

namespace {

// Reasons are written in the program, so there are few.
void add_to(std::vector<reason_count>& counts, std::string_view reason,
            std::uint64_t count) {
  auto known = std::ranges::find(counts, reason, &reason_count::reason);
  if (known != counts.end())
    known->count += count;
  else
    counts.push_back({std::string{reason}, count});
}

} // namespace

void add_to(std::vector<reason_count>& counts,
            const std::vector<reason_count>& x) {
  for (const auto& [reason, count] : x)
    add_to(counts, reason, count);
}

void add_to(told_numbers& numbers, const told_numbers& x) {
  numbers.proven_handshakes += x.proven_handshakes;
  numbers.handshakes.add(x.handshakes);
  numbers.late_answers += x.late_answers;
  add_to(numbers.failed_handshakes, x.failed_handshakes);
  add_to(numbers.unanswered_failures, x.unanswered_failures);
  add_to(numbers.peers, x.peers);
}

void add_to(peer_totals& totals, const peer_totals& x) {
  totals.connection_attempts += x.connection_attempts;
  totals.failed_attempts += x.failed_attempts;
  totals.connections += x.connections;
  add_to(totals.connection_ends, x.connection_ends);
  totals.messages_in += x.messages_in;
  totals.messages_out += x.messages_out;
  totals.bytes_in += x.bytes_in;
  totals.bytes_out += x.bytes_out;
  totals.messages_delivered += x.messages_delivered;
  totals.acknowledgements.add(x.acknowledgements);
  add_to(totals.messages_failed, x.messages_failed);
  totals.messages_resent += x.messages_resent;
  totals.messages_taken += x.messages_taken;
  totals.messages_rejected += x.messages_rejected;
  totals.unreliable_dropped += x.unreliable_dropped;
  totals.frames_in += x.frames_in;
  totals.stale_adverts += x.stale_adverts;
  totals.unchecked_adverts += x.unchecked_adverts;
  totals.unknown_controls += x.unknown_controls;
}

void add_to(peer_totals& totals, const peer_metrics& x) {
  totals.connection_attempts += x.attempts;
  totals.failed_attempts += x.failed_attempts;
  totals.connections += x.established;
  for (const auto& [reason, count] : x.ends)
    add_to(totals.connection_ends, reason, count);
  totals.messages_in += x.messages_in;
  totals.messages_out += x.messages_out;
  totals.bytes_in += x.bytes_in;
  totals.bytes_out += x.bytes_out;
  totals.messages_delivered += x.messages_delivered;
  totals.acknowledgements.add(x.acknowledgements);
  for (const auto& [reason, count] : x.messages_failed)
    add_to(totals.messages_failed, reason, count);
  totals.messages_resent += x.messages_resent;
  totals.messages_taken += x.messages_taken;
  totals.messages_rejected += x.messages_rejected;
  totals.unreliable_dropped += x.unreliable_dropped;
  totals.frames_in += x.frames_in;
  totals.stale_adverts += x.stale_adverts;
  totals.unchecked_adverts += x.unchecked_adverts;
  totals.unknown_controls += x.unknown_controls;
}

} // namespace node_proxy::internal
