#include <node_proxy/actors/setting.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <type_traits>
#include <utility>

#include <node_proxy/protocol/wire/address_range.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

namespace node_proxy::internal {

namespace {

using number = setting::number;
using in = setting_unit;

// -- where a setting is -------------------------------------------------------

template <auto First, auto... Rest, class T>
constexpr auto& part_of(T& x) {
  if constexpr (sizeof...(Rest) == 0)
    return x.*First;
  else
    return part_of<Rest...>(x.*First);
}

template <auto... Path>
number get_number(const node_config& config) {
  const auto& x = part_of<Path...>(config);
  if constexpr (std::is_same_v<decltype(x), const duration&>)
    return x.count();
  else
    return static_cast<number>(
      std::min<std::uint64_t>(x, std::uint64_t{setting::any}));
}

template <auto... Path>
void set_number(node_config& config, number value) {
  auto& x = part_of<Path...>(config);
  x = static_cast<std::remove_reference_t<decltype(x)>>(value);
}

template <auto... Path>
constexpr setting number_at(std::string_view name, std::string_view field,
                            std::string_view description, setting_unit unit,
                            number min = 0, number max = setting::any) {
  return {name, field, description,          unit,
          min,  max,   &get_number<Path...>, &set_number<Path...>};
}

constexpr number ns(duration x) {
  return x.count();
}

/// Later than that no message expires.
constexpr auto longest = ns(std::chrono::seconds{limits::expiry_seconds});
constexpr auto shortest = ns(std::chrono::milliseconds{1});

template <auto... Path>
constexpr setting time_at(std::string_view name, std::string_view field,
                          std::string_view description, number min = shortest,
                          number max = longest) {
  return number_at<Path...>(name, field, description, in::time, min, max);
}

// -- texts --------------------------------------------------------------------

constexpr setting text_at(std::string_view name, std::string_view field,
                          std::string_view description, setting_unit unit,
                          std::string (*set)(node_config&, std::string_view)) {
  setting result;
  result.name = name;
  result.field = field;
  result.description = description;
  result.unit = unit;
  result.set_text = set;
  return result;
}

std::string_view trimmed(std::string_view text) {
  auto first = text.find_first_not_of(' ');
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

/// Reads what stands between commas.
/// @returns what is wrong with the first part that `parse` refuses.
template <class T, class Parse>
std::string set_list(std::vector<T>& to, std::string_view text, Parse parse) {
  std::vector<T> result;
  while (!trimmed(text).empty()) {
    auto end = std::min(text.find(','), text.size());
    auto part = parse(trimmed(text.substr(0, end)));
    if (!part)
      return part.error();
    result.push_back(T{std::move(*part)});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  to = std::move(result);
  return {};
}

std::string set_listen(node_config& config, std::string_view text) {
  return set_list(config.listen, text, parse_address);
}

std::string set_advertised(node_config& config, std::string_view text) {
  return set_list(config.advertised, text, [](std::string_view part) {
    return parse_address(part).map([](transport_address&& x) {
      return weighted_address{std::move(x), 1};
    });
  });
}

std::string set_state(node_config& config, std::string_view text) {
  config.state = text;
  return {};
}

std::string set_dial_ranges(node_config& config, std::string_view text) {
  return set_list(config.settings.dial_ranges, text, parse_ip_range);
}

// -- the table ----------------------------------------------------------------

using nc = node_config;
using ps = peer_settings;

constexpr auto settings_at = &nc::settings;

constexpr std::array table{
  text_at("listen", "node_config::listen", "where connections are accepted",
          in::listeners, set_listen),
  text_at("advertised", "node_config::advertised",
          "what others are told to connect to", in::addresses, set_advertised),
  number_at<&nc::max_peers>("max-peers", "node_config::max_peers",
                            "most peers that are connected", in::count),
  number_at<&nc::max_unproven>("max-unproven", "node_config::max_unproven",
                               "most connections whose peers have not proven "
                               "themselves",
                               in::count, 1),
  number_at<&nc::max_dials>("max-dials", "node_config::max_dials",
                            "most attempts to connect at once", in::count, 1),
  number_at<&nc::adverts_kept, &advert_book_limits::unheld>(
    "adverts-kept", "node_config::adverts_kept.unheld",
    "adverts that are kept of nodes that nobody holds", in::count),
  number_at<&nc::adverts_kept, &advert_book_limits::bytes>(
    "adverts-kept-bytes", "node_config::adverts_kept.bytes",
    "of these, with their addresses", in::bytes),
  number_at<&nc::peers_kept, &peer_book_limits::records>(
    "peers-kept", "node_config::peers_kept.records",
    "peers that are not connected and remembered", in::count),
  number_at<&nc::peers_kept, &peer_book_limits::rejects>(
    "peers-kept-rejects", "node_config::peers_kept.rejects",
    "unsettled rejects of these", in::count),
  number_at<&nc::peers_kept, &peer_book_limits::unfinished_bytes>(
    "peers-kept-bytes", "node_config::peers_kept.unfinished_bytes",
    "of their messages that have arrived in part", in::bytes),
  time_at<&nc::peers_kept, &peer_book_limits::lifetime>(
    "peers-kept-for", "node_config::peers_kept.lifetime",
    "how long they are remembered"),
  text_at("state", "node_config::state",
          "the directory for what survives a restart", in::text, set_state),
  time_at<&nc::shutdown_grace>("shutdown-grace", "node_config::shutdown_grace",
                               "how long a shutdown lets messages go on", 0),
  number_at<&nc::event_loops>("event-loops", "node_config::event_loops",
                              "that serve peers; 0 for one per processor",
                              in::count, 0, nc::max_event_loops),
  time_at<&nc::busy_poll>("busy-poll", "node_config::busy_poll",
                          "how long a loop looks for events before it sleeps",
                          0, ns(std::chrono::milliseconds{100})),
  number_at<&nc::max_workers>(
    "max-workers", "node_config::max_workers",
    "other processes that may serve peers of this node", in::count, 0,
    nc::max_workers_limit),
  time_at<&nc::worker_timeout>("worker-timeout", "node_config::worker_timeout",
                               "how long one of them may be silent",
                               ns(nc::min_worker_timeout),
                               ns(nc::max_worker_timeout)),
  setting{"chacha-only", "node_config::use_aes",
          "no AES-256-GCM is offered: use_aes is false", in::flag, 0, 1,
          [](const node_config& config) { return number{!config.use_aes}; },
          [](node_config& config, number x) {
            config.use_aes = x == 0;
          }},
  number_at<settings_at, &ps::max_message>(
    "max-message", "peer_settings::max_message",
    "largest message that is taken from a peer", in::bytes, 1,
    std::numeric_limits<std::uint32_t>::max()),
  number_at<settings_at, &ps::channel_window>(
    "channel-window", "peer_settings::channel_window",
    "what each engine may have outstanding from a peer", in::bytes,
    limits::min_channel_window),
  number_at<settings_at, &ps::window>(
    "window", "peer_settings::window",
    "how much more all engines may have from a peer", in::bytes),
  number_at<settings_at, &ps::large_window>(
    "large-window", "peer_settings::large_window",
    "of messages of a peer that are larger than that", in::bytes),
  number_at<settings_at, &ps::node_window>(
    "node-window", "peer_settings::node_window",
    "what these windows of all peers may come to", in::bytes),
  number_at<settings_at, &ps::stranger_window>(
    "stranger-window", "peer_settings::stranger_window",
    "the part of it that strangers may have", in::bytes),
  number_at<settings_at, &ps::outbox_bytes>(
    "outbox-bytes", "peer_settings::outbox_bytes",
    "of messages that wait for one peer", in::bytes, 1),
  time_at<settings_at, &ps::channel_idle_timeout>(
    "channel-idle-timeout", "peer_settings::channel_idle_timeout",
    "how long a channel without a message is kept"),
  number_at<settings_at, &ps::backlog_bytes>(
    "backlog-bytes", "peer_settings::backlog_bytes",
    "of frames that may wait for a socket", in::bytes, 1),
  time_at<settings_at, &ps::first_frame_timeout>(
    "first-frame-timeout", "peer_settings::first_frame_timeout",
    "from an accepted connection to its first frame"),
  time_at<settings_at, &ps::handshake_timeout>(
    "handshake-timeout", "peer_settings::handshake_timeout",
    "from a connection to its first sealed frame"),
  time_at<settings_at, &ps::heartbeat_interval>(
    "heartbeat-interval", "peer_settings::heartbeat_interval",
    "longest silence of this side"),
  time_at<settings_at, &ps::dead_peer_limit>(
    "dead-peer-limit", "peer_settings::dead_peer_limit",
    "longest silence of the other side"),
  time_at<settings_at, &ps::idle_timeout>(
    "idle-timeout", "peer_settings::idle_timeout",
    "how long a connection may carry no message"),
  time_at<settings_at, &ps::ack_delay>(
    "ack-delay", "peer_settings::ack_delay",
    "how long an acknowledgement may wait for others", 0),
  time_at<settings_at, &ps::goodbye_timeout>(
    "goodbye-timeout", "peer_settings::goodbye_timeout",
    "how long to read on after a goodbye", 0),
  time_at<settings_at, &ps::attempt_delay>(
    "attempt-delay", "peer_settings::attempt_delay",
    "how long an attempt to connect goes on alone"),
  text_at("dial-ranges", "peer_settings::dial_ranges",
          "where peers may have this node dial them", in::ranges,
          set_dial_ranges),
  time_at<settings_at, &ps::backoff_base>(
    "backoff-base", "peer_settings::backoff_base",
    "first delay between attempts to connect"),
  time_at<settings_at, &ps::backoff_cap>(
    "backoff-cap", "peer_settings::backoff_cap",
    "longest delay between attempts to connect"),
  time_at<settings_at, &ps::stable_after>(
    "stable-after", "peer_settings::stable_after",
    "how long a connection lasts that counts as stable", 0),
  number_at<settings_at, &ps::rekey_frames>(
    "rekey-frames", "peer_settings::rekey_frames",
    "frames after which a key is replaced", in::count, 1, limits::key_frames),
  number_at<settings_at, &ps::rekey_bytes>(
    "rekey-bytes", "peer_settings::rekey_bytes",
    "after which a key is replaced", in::bytes, 1, limits::key_bytes),
  time_at<settings_at, &ps::rekey_interval>(
    "rekey-interval", "peer_settings::rekey_interval",
    "after which a key is replaced", shortest,
    ns(std::chrono::seconds{limits::key_seconds})),
  time_at<settings_at, &ps::max_session_age>(
    "max-session-age", "peer_settings::max_session_age",
    "after which a connection has been replaced", shortest,
    ns(std::chrono::hours{24})),
};

// -- numbers as text ----------------------------------------------------------

struct unit_name {
  number size;
  std::string_view name;
};

/// In the largest unit of which there are whole ones.
std::string in_units(number x, std::span<const unit_name> units) {
  for (const auto& unit : units)
    if (x != 0 && x % unit.size == 0)
      return std::to_string(x / unit.size) + ' ' + std::string{unit.name};
  return std::to_string(x) + ' ' + std::string{units.back().name};
}

} // namespace

std::span<const setting> all_settings() {
  return table;
}

std::string to_text(setting_unit unit, number x) {
  static constexpr std::array sizes{
    unit_name{1 << 30, "GiB"}, unit_name{1 << 20, "MiB"},
    unit_name{1 << 10, "KiB"}, unit_name{1, "bytes"}};
  static constexpr std::array times{
    unit_name{ns(std::chrono::hours{1}), "h"},
    unit_name{ns(std::chrono::seconds{1}), "s"},
    unit_name{ns(std::chrono::milliseconds{1}), "ms"},
    unit_name{ns(std::chrono::microseconds{1}), "us"}, unit_name{1, "ns"}};
  switch (unit) {
  case in::bytes:
    return x == 1 ? "1 byte" : in_units(x, sizes);
  case in::time:
    return x == 0 ? "0 s" : in_units(x, times);
  case in::flag:
    return x == 0 ? "false" : "true";
  case in::count:
  case in::text:
  case in::addresses:
  case in::listeners:
  case in::ranges:
    break;
  }
  return std::to_string(x);
}

std::string expected_text(const setting& x) {
  switch (x.unit) {
  case in::flag:
    return "true or false";
  case in::text:
    return "a text";
  case in::addresses:
    return "tcp://HOST:PORT, several with commas between them";
  case in::listeners:
    return "tcp://IP:PORT, several with commas between them";
  case in::ranges:
    return "IP/BITS, several with commas between them";
  case in::count:
  case in::bytes:
  case in::time:
    break;
  }
  auto min = to_text(x.unit, x.min);
  return x.max == setting::any ? min + " or more"
                               : min + " to " + to_text(x.unit, x.max);
}

caf::expected<void> check_settings(const node_config& config) {
  for (const auto& x : table)
    if (x.is_number() && !x.allows(x.get(config)))
      return make_error(errc::bad_config, std::string{x.field} + " is "
                                            + to_text(x.unit, x.get(config))
                                            + "; expected " + expected_text(x));
  return {};
}

} // namespace node_proxy::internal
