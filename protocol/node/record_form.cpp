#include <node_proxy/protocol/node/record_form.hpp>

#include <algorithm>
#include <utility>

namespace node_proxy::internal {

namespace {

/// Nothing of a record is remembered for longer.
constexpr duration longest = std::chrono::hours{24 * 365};

std::uint64_t nanoseconds(duration x) {
  return static_cast<std::uint64_t>(
    std::clamp(x, duration{0}, longest).count());
}

duration duration_of(std::uint64_t nanoseconds) {
  auto max = static_cast<std::uint64_t>(longest.count());
  return duration{static_cast<duration::rep>(std::min(nanoseconds, max))};
}

record_form::incoming form_of(const inbox_record::channel& x) {
  record_form::incoming result{x.key.target, x.key.ordering, x.rejects, {}};
  if (!x.unfinished)
    return result;
  result.part = {x.unfinished->first, x.unfinished->announced, {}};
  for (const auto& run : x.unfinished->numbers)
    result.part->numbers.push_back({run.first, run.count});
  return result;
}

inbox_record::channel channel_of(const record_form::incoming& x) {
  inbox_record::channel result{{x.target, x.ordering}, x.rejects, {}};
  if (!x.part)
    return result;
  result.unfinished = incoming_channel::partial{};
  result.unfinished->first = x.part->first;
  result.unfinished->announced = x.part->announced;
  for (const auto& run : x.part->numbers)
    result.unfinished->numbers.push_back({run.first, run.count});
  return result;
}

record_form::outgoing form_of(const outgoing_channel::record& x) {
  record_form::outgoing result{x.key.target, x.key.ordering, {}};
  for (const auto& [first, end, cost, partly_sent] : x.ended)
    result.ended.push_back({first, end, cost, partly_sent});
  return result;
}

outgoing_channel::record channel_of(const record_form::outgoing& x) {
  outgoing_channel::record result{{x.target, x.ordering}, {}};
  for (const auto& [first, end, cost, partly_sent] : x.ended)
    result.ended.push_back({first, end, cost, partly_sent});
  return result;
}

} // namespace

record_form form_of(const peer_record& x, steady_time now) {
  record_form result;
  result.epoch = x.epoch;
  result.out_next = x.out.next;
  result.known_to = x.out.known_to;
  for (const auto& channel : x.out.channels)
    result.out_channels.push_back(form_of(channel));
  if (x.in) {
    result.in = {x.in->epoch, x.in->next, {}, x.in->used};
    for (const auto& channel : x.in->channels)
      result.in->channels.push_back(form_of(channel));
  }
  result.last_established = x.last_established;
  result.remote_epoch_age = nanoseconds(now - x.remote_epoch_since);
  result.dial_wait = nanoseconds(x.pace.not_before - now);
  result.dial_ceiling = nanoseconds(x.pace.ceiling);
  result.finished = x.finished;
  result.called_from = x.called_from;
  return result;
}

peer_record record_of(const record_form& x, steady_time now) {
  peer_record result;
  result.epoch = x.epoch;
  result.out = {x.out_next, x.known_to, {}};
  for (const auto& channel : x.out_channels)
    result.out.channels.push_back(channel_of(channel));
  if (x.in) {
    result.in = {x.in->epoch, x.in->next, {}, x.in->used};
    for (const auto& channel : x.in->channels)
      result.in->channels.push_back(channel_of(channel));
  }
  result.last_established = x.last_established;
  result.remote_epoch_since = now - duration_of(x.remote_epoch_age);
  result.pace = {now + duration_of(x.dial_wait), duration_of(x.dial_ceiling)};
  result.finished = x.finished;
  result.called_from = x.called_from;
  return result;
}

} // namespace node_proxy::internal
