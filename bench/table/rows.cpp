#include "table/rows.hpp"

#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "table/limits.hpp"

namespace bench {

namespace {

using figure = std::optional<double>;

/// What was measured, as people read it.
using show_function = std::string (*)(double);

std::string show_rate(double x) {
  if (x >= 1e6)
    return fmt::format("{:.2f} M/s", x / 1e6);
  return x >= 1e3 ? fmt::format("{:.1f} k/s", x / 1e3)
                  : fmt::format("{:.0f} /s", x);
}

std::string show_microseconds(double x) {
  return fmt::format("{:.0f} us", x);
}

std::string show(const figure& x, show_function how) {
  return x ? how(*x) : "-";
}

std::string show_size(std::size_t size) {
  if (size >= 1u << 20)
    return fmt::format("{} MiB", size >> 20);
  return size >= 1u << 10 ? fmt::format("{} KiB", size >> 10)
                          : fmt::format("{} B", size);
}

figure divide(const figure& x, const figure& y) {
  return x && y ? figure{*x / *y} : std::nullopt;
}

/// What a row is meant to reach, relative to what it is compared with.
struct target {
  figure basp;
  figure curve;
  figure limit;
};

/// One row: a figure beside others of its kind.
struct comparison {
  std::string what;
  figure value;
  show_function how = show_rate;
  /// Small figures are good.
  bool lower_is_better = false;
  figure basp;
  figure curve;
  figure limit;
  target wanted = {};
};

/// Whether all that is wanted of the row is so; a figure that is missing does
/// not meet anything.
bool met(const comparison& x) {
  auto reaches = [&](const figure& other, const figure& factor) {
    auto ratio = divide(x.value, other);
    return !factor
           || (ratio
               && (x.lower_is_better ? *ratio <= *factor : *ratio >= *factor));
  };
  return reaches(x.basp, x.wanted.basp) && reaches(x.curve, x.wanted.curve)
         && reaches(x.limit, x.wanted.limit);
}

std::string show_target(const comparison& x) {
  std::string result;
  auto add = [&](const figure& factor, const std::string& text) {
    if (factor)
      result += (result.empty() ? "" : ", ") + text;
  };
  const auto* sign = x.lower_is_better ? "<=" : ">=";
  const auto& wanted = x.wanted;
  add(wanted.curve,
      fmt::format("{} {:g} x CURVE", sign, wanted.curve.value_or(0)));
  add(wanted.basp,
      fmt::format("{} {:g} x BASP", sign, wanted.basp.value_or(0)));
  add(wanted.limit, fmt::format("{} {:.0f} % of the limit", sign,
                                100 * wanted.limit.value_or(0)));
  return result;
}

/// Whether the target is met, and if not, whether it is out of reach.
std::string show_verdict(const comparison& x) {
  if (met(x))
    return "yes";
  auto at_best = divide(x.limit, x.basp);
  if (!x.lower_is_better && at_best && x.wanted.basp > at_best)
    return fmt::format("NO, the limit is {:.2f} x BASP", *at_best);
  return "NO";
}

std::string show_ratio(const figure& x) {
  return x ? fmt::format("{:.2f}", *x) : "-";
}

void add(table& to, const comparison& x) {
  auto wanted = show_target(x);
  auto share = divide(x.value, x.limit);
  to.add({x.what, show(x.value, x.how), show_ratio(divide(x.value, x.basp)),
          show_ratio(divide(x.value, x.curve)),
          share ? fmt::format("{:.0f} %", 100 * *share) : "-", wanted,
          wanted.empty() ? "" : show_verdict(x)});
}

/// A row that is compared with a number, not with others.
void add_absolute(table& to, const std::string& what, const figure& value,
                  show_function how, const std::string& wanted, double limit) {
  to.add({what, show(value, how), "-", "-", "-", wanted,
          value && *value <= limit ? "yes" : "NO"});
}

// -- throughput ---------------------------------------------------------------

/// bench_link as a user would run nodes.
json link_variant(const char* mode, std::size_t size, const std::string& cipher,
                  std::size_t peers = 1, std::size_t engines = 1) {
  return {{"bench", "link"},   {"mode", mode},
          {"size", size},      {"cipher", cipher},
          {"peers", peers},    {"engines", engines},
          {"bulk", 0},         {"busy_poll", 0},
          {"counting", false}, {"scheduler", "default"}};
}

/// The cipher that nodes agree on here if they may choose.
std::string best_cipher(const results& all) {
  auto line = all.find({{"bench", "limit"}, {"mode", "seal"}});
  return line.is_null() ? "" : line["cipher"].get<std::string>();
}

json zmq_variant(const char* mode, const char* security, std::size_t size) {
  return {
    {"bench", "zmq"}, {"mode", mode}, {"security", security}, {"size", size}};
}

json basp_variant(const char* mode, const char* payload) {
  return {{"bench", "basp"}, {"mode", mode}, {"payload", payload}};
}

/// BASP with what it has for payloads like ours.
json basp_variant(const char* mode, std::size_t size) {
  auto result = basp_variant(mode, "octets");
  result["size"] = size;
  return result;
}

figure messages_limit(const results& all, const std::string& cipher,
                      std::size_t size) {
  auto costs = costs_of(all, cipher);
  return costs ? figure{costs->bytes_per_s() / static_cast<double>(size)}
               : std::nullopt;
}

comparison one_way(const results& all, const char* mode, std::size_t size,
                   const std::string& cipher, const target& wanted) {
  comparison result;
  result.what = fmt::format(
    "{}, {}", show_size(size),
    std::string_view{mode} == "batch" ? "in batches" : "one by one, 8 senders");
  if (cipher != best_cipher(all))
    result.what += ", " + cipher;
  result.value = all.median(link_variant(mode, size, cipher), "msgs_per_s");
  result.basp = all.median(basp_variant("single", size), "msgs_per_s");
  result.curve =
    all.median(zmq_variant("one_way", "curve", size), "msgs_per_s");
  result.limit = messages_limit(all, cipher, size);
  result.wanted = wanted;
  return result;
}

constexpr std::size_t small = 64;
constexpr std::size_t kilobyte = 1u << 10;
constexpr std::size_t large = 64u << 10;
constexpr std::size_t megabyte = 1u << 20;
constexpr std::size_t nearly_largest = 16'000'000;

/// Microseconds.
constexpr std::size_t looked_for = 500;

void add_throughput(table& to, const results& all) {
  auto best = best_cipher(all);
  const target none;
  add(to, one_way(all, "batch", small, best, {15, 2, {}}));
  add(to, one_way(all, "single", small, best, {7, 1, {}}));
  add(to, one_way(all, "batch", kilobyte, best, {4, 1.5, {}}));
  add(to, one_way(all, "single", kilobyte, best, none));
  add(to, one_way(all, "batch", large, best, {5, 1.25, {}}));
  add(to, one_way(all, "single", large, best, none));
  add(to, one_way(all, "batch", megabyte, best, {{}, {}, 0.7}));
  add(to, one_way(all, "single", megabyte, best, none));
  const std::string chacha = "chacha20_poly1305";
  if (best != chacha) {
    add(to, one_way(all, "batch", small, chacha, none));
    add(to, one_way(all, "batch", large, chacha, none));
  }
}

void add_round_trip(table& to, const results& all) {
  comparison row;
  row.what = "64 B there and back, p50";
  row.value =
    all.median(link_variant("round_trip", small, best_cipher(all)), "p50_us");
  row.how = show_microseconds;
  row.lower_is_better = true;
  row.basp = all.median(basp_variant("round_trip", small), "p50_us");
  row.curve = all.median(zmq_variant("round_trip", "curve", small), "p50_us");
  row.limit = all.median(
    {{"bench", "limit"}, {"mode", "tcp_round_trip"}, {"size", small}},
    "p50_us");
  row.wanted = {0.6, 1, {}};
  add(to, row);
}

/// Small batches to many, beside those to one engine of one peer.
void add_many(table& to, const results& all, const std::string& what,
              std::size_t peers, std::size_t engines) {
  auto rate = [&](std::size_t to_peers, std::size_t to_engines) {
    return all.median(
      link_variant("batch", small, best_cipher(all), to_peers, to_engines),
      "msgs_per_s");
  };
  auto many = rate(peers, engines);
  auto share = divide(many, rate(1, 1));
  to.add({"64 B in batches, " + what, show(many, show_rate), "-", "-", "-",
          ">= 80 % of one",
          share ? fmt::format("{}, {:.0f} %", *share >= 0.8 ? "yes" : "NO",
                              100 * *share)
                : "NO"});
}

/// What two event loops do beside one.
void add_two_loops(table& to, const results& all, std::size_t size) {
  auto rate = [&](std::size_t loops) {
    return all.median({{"bench", "scale"}, {"size", size}, {"loops", loops}},
                      "msgs_per_s");
  };
  auto two = rate(2);
  auto ratio = divide(two, rate(1));
  to.add({show_size(size) + " in batches, 8 pairs, 2 event loops",
          show(two, show_rate), "-", "-", "-", ">= 1.8 x one",
          ratio
            ? fmt::format("{}, {:.2f} x", *ratio >= 1.8 ? "yes" : "NO", *ratio)
            : "NO"});
}

/// Large messages to another engine may cost lone ones as much again.
void add_round_trip_beside_bulk(table& to, const results& all) {
  auto alone = link_variant("round_trip", small, best_cipher(all));
  auto beside = alone;
  beside["bulk"] = nearly_largest;
  auto value = all.median(beside, "p99_us");
  auto ratio = divide(value, all.median(alone, "p99_us"));
  to.add({"64 B there and back, p99, beside 16 MB ones",
          show(value, show_microseconds), "-", "-", "-", "<= 2 x without",
          ratio
            ? fmt::format("{}, {:.1f} x", *ratio <= 2 ? "yes" : "NO", *ratio)
            : "NO"});
}

/// For those who have processors to spare.
void add_round_trip_without_sleep(table& to, const results& all) {
  auto busy = link_variant("round_trip", small, best_cipher(all));
  busy["busy_poll"] = looked_for;
  add_absolute(to, "64 B there and back, p50, busy_poll 500 us",
               all.median(busy, "p50_us"), show_microseconds, "<= 35 us", 35);
}

/// A request to a typed engine, beside a message there and another one back.
void add_typed_round_trip(table& to, const results& all) {
  auto value =
    all.median({{"bench", "typed"}, {"mode", "round_trip"}}, "p50_us");
  auto ratio = divide(
    value,
    all.median(link_variant("round_trip", small, best_cipher(all)), "p50_us"));
  to.add({"64 B, a typed request, p50", show(value, show_microseconds), "-",
          "-", "-", "<= 1.3 x there and back",
          ratio
            ? fmt::format("{}, {:.2f} x", *ratio <= 1.3 ? "yes" : "NO", *ratio)
            : "NO"});
}

/// Plain sends to a typed engine, beside batches.
void add_typed_sends(table& to, const results& all) {
  auto value =
    all.median({{"bench", "typed"}, {"mode", "sends"}}, "msgs_per_s");
  auto share =
    divide(value, all.median(link_variant("batch", small, best_cipher(all)),
                             "msgs_per_s"));
  to.add({"64 B, typed sends", show(value, show_rate), "-", "-", "-",
          ">= 60 % of batches",
          share ? fmt::format("{}, {:.0f} %", *share >= 0.6 ? "yes" : "NO",
                              100 * *share)
                : "NO"});
}

// -- what connections cost ----------------------------------------------------

void add_handshakes(table& to, const results& all) {
  auto rate = [&](const char* mode) {
    return all.median({{"bench", "handshake"}, {"mode", mode}},
                      "handshakes_per_s");
  };
  auto cost = handshake_of(all);
  comparison full;
  full.what = "handshakes, one responder";
  full.value = rate("full");
  full.limit = cost ? figure{cost->per_s()} : std::nullopt;
  full.wanted = {{}, {}, 0.7};
  add(to, full);
  comparison again = full;
  again.what = "reconnects, a message resent";
  again.value = rate("reconnect");
  again.wanted = {};
  add(to, again);
}

constexpr std::size_t many_peers = 1000;

void add_idle_peers(table& to, const results& all) {
  json variant{{"bench", "peers"}, {"peers", many_peers}};
  add_absolute(
    to, "memory per idle peer, of 1000", all.median(variant, "bytes_per_peer"),
    [](double x) { return fmt::format("{:.1f} KiB", x / 1024); }, "<= 16 KiB",
    16 * 1024);
  add_absolute(
    to, "idle CPU, 1000 peers", all.median(variant, "cpu_percent"),
    [](double x) { return fmt::format("{:.2f} %", x); }, "< 1 % of a core", 1);
}

/// Work that is done once per frame or batch shows as a small fraction.
constexpr double no_allocation = 0.1;

void add_allocations(table& to, const results& all, const char* mode,
                     const char* what) {
  json variant{{"bench", "link"}, {"mode", mode}, {"counting", true}};
  auto taken = all.median(variant, "allocations_per_msg");
  auto needed = all.median(variant, "needed_allocations_per_msg");
  auto beyond = taken && needed ? figure{*taken - *needed} : std::nullopt;
  add_absolute(
    to, what, beyond, [](double x) { return fmt::format("{:.2f}", x); },
    "none per message", no_allocation);
}

// -- the others ---------------------------------------------------------------

void add_other(table& to, const std::string& what, const results& all,
               const json& throughput, const json& round_trip) {
  std::vector<std::string> cells{what};
  for (auto size : {small, kilobyte, large, megabyte}) {
    auto variant = throughput;
    variant["size"] = size;
    cells.push_back(show(all.median(variant, "msgs_per_s"), show_rate));
  }
  cells.push_back(show(all.median(round_trip, "p50_us"), show_microseconds));
  to.add(std::move(cells));
}

} // namespace

table compare(const results& all) {
  table result{
    {"what", "median", "x BASP", "x CURVE", "of the limit", "target", "met"}};
  add_throughput(result, all);
  add_round_trip(result, all);
  add_round_trip_without_sleep(result, all);
  add_round_trip_beside_bulk(result, all);
  add_many(result, all, "100 peers", 100, 1);
  add_many(result, all, "64 engines", 1, 64);
  add_typed_round_trip(result, all);
  add_typed_sends(result, all);
  add_two_loops(result, all, small);
  add_two_loops(result, all, large);
  add_handshakes(result, all);
  add_idle_peers(result, all);
  add_allocations(result, all, "batch", "allocations beyond CAF's, batches");
  add_allocations(result, all, "single",
                  "allocations beyond CAF's, one by one");
  return result;
}

table list_others(const results& all) {
  table result{{"others", "64 B", "1 KiB", "64 KiB", "1 MiB", "64 B and back"}};
  add_other(result, "CAF's remoting (BASP), plain", all,
            basp_variant("single", "octets"),
            basp_variant("round_trip", "octets"));
  add_other(result, "the same, a std::string", all,
            basp_variant("single", "text"), basp_variant("round_trip", "text"));
  add_other(result, "ZeroMQ PAIR, CURVE", all,
            {{"bench", "zmq"}, {"mode", "one_way"}, {"security", "curve"}},
            zmq_variant("round_trip", "curve", small));
  add_other(result, "ZeroMQ PAIR, plain", all,
            {{"bench", "zmq"}, {"mode", "one_way"}, {"security", "none"}},
            zmq_variant("round_trip", "none", small));
  add_other(result, "gRPC over TLS, a stream answered", all,
            {{"bench", "grpc"}, {"mode", "one_way"}},
            {{"bench", "grpc"}, {"mode", "round_trip"}, {"size", small}});
  add_other(result, "Erlang over TLS, not acknowledged", all,
            {{"bench", "erlang"}, {"mode", "one_way"}},
            {{"bench", "erlang"}, {"mode", "round_trip"}, {"size", small}});
  add_other(result, "plain TCP, a write each", all,
            {{"bench", "limit"}, {"mode", "tcp"}},
            {{"bench", "limit"}, {"mode", "tcp_round_trip"}, {"size", small}});
  return result;
}

} // namespace bench
