#include <node_proxy/protocol/peer_status.hpp>

#include <algorithm>

#include <node_proxy/protocol/peer/end_causes.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

namespace node_proxy {

namespace {

constexpr std::uint64_t ms = 1'000;
constexpr std::uint64_t second = 1'000 * ms;
constexpr std::uint64_t minute = 60 * second;
constexpr std::uint64_t hour = 60 * minute;
constexpr std::uint64_t day = 24 * hour;

/// A reason as words: reasons are names as a program has them.
std::string words(std::string_view name) {
  std::string result{name};
  std::ranges::replace(result, '_', ' ');
  return result;
}

std::string describe(const dial_obstacle& x) {
  if (x.reason == obstacle_kind::no_address)
    return "no address of it is known";
  if (x.reason == obstacle_kind::stranger)
    return "nobody here has vouched for it, so it is not dialled";
  std::string result = "none of its addresses is dialled";
  auto separator = ": ";
  for (const auto& y : x.addresses) {
    result.append(separator).append(to_string(y.address));
    result.append(" (").append(words(to_string(y.reason))).append(")");
    separator = ", ";
  }
  return result;
}

/// Behind what stands of the state already.
std::string obstacle_of(const peer_status& x) {
  return x.obstacle ? ": " + describe(*x.obstacle) : std::string{};
}

std::string describe_refusal(const peer_status& x) {
  auto result = x.refused_by == refusing_side::here
                  ? "refused by this node: " + words(to_string(*x.refusal))
                  : "refused by the peer: " + words(to_string(*x.refusal));
  if (x.retry_ms)
    result += "; this node asks again in " + duration_text(*x.retry_ms * ms);
  return result;
}

} // namespace

std::string describe(const peer_status& x) {
  switch (x.state) {
  case peer_state::connected:
    return "connected for "
           + duration_text(x.connection ? x.connection->age_ms * ms : 0);
  case peer_state::connecting:
    return "connecting" + (x.failure ? ": " + describe(*x.failure) : "");
  case peer_state::retrying:
    return "retrying in " + duration_text(x.retry_ms.value_or(0) * ms)
           + (x.failure ? ": " + describe(*x.failure) : "");
  case peer_state::waiting:
    return "waiting for it to call" + obstacle_of(x);
  case peer_state::refused:
    return x.refusal ? describe_refusal(x) : "refused";
  case peer_state::idle:
    return x.obstacle && x.obstacle->reason != obstacle_kind::stranger
             ? "idle" + obstacle_of(x)
             : "idle: comes back with the next message";
  case peer_state::stopping:
    return "this node stops";
  }
  return "unknown";
}

std::string describe(const failed_attempt& x) {
  constexpr auto refused = internal::dial_error::connection_refused;
  auto result = words(x.reason);
  if (!x.address)
    return result;
  if (const auto* name = std::get_if<dns_addr>(&*x.address))
    return "could not resolve " + name->name + ": " + result;
  result.append(x.reason == to_string(refused) ? " by " : " at ")
    .append(to_string(*x.address));
  return x.name ? result.append(" (").append(*x.name).append(")") : result;
}

std::string duration_text(std::uint64_t microseconds) {
  auto in = [microseconds](std::uint64_t unit, std::string_view name) {
    return std::to_string(microseconds / unit).append(" ").append(name);
  };
  if (microseconds >= 2 * day)
    return in(day, "d");
  if (microseconds >= 2 * hour)
    return in(hour, "h");
  if (microseconds >= 2 * minute)
    return in(minute, "min");
  if (microseconds >= second || microseconds == 0)
    return in(second, "s");
  if (microseconds >= 10 * ms)
    return in(ms, "ms");
  auto tenths = (microseconds + ms / 20) / (ms / 10);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10)
         + " ms";
}

} // namespace node_proxy
