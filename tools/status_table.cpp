#include "status_table.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include <node_proxy/base/visible.hpp>
#include <node_proxy/protocol/peer_status.hpp>

#include "json.hpp"

namespace node_proxy::tools {

namespace {

/// Of how much of a limit people are told.
constexpr double near = 0.8;

constexpr std::size_t shortest_id = 8;

constexpr std::string_view default_colour = "\x1b[0m";

/// How many places a text takes in a table: code points, not octets.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

/// Rows of cells, each column as wide as its widest cell.
class table {
public:
  explicit table(std::vector<std::string> head) { add(std::move(head)); }

  /// @param colour of the last cell, as a terminal wants it; empty for none.
  void add(std::vector<std::string> cells, std::string_view colour = {}) {
    widths_.resize(std::max(widths_.size(), cells.size()));
    for (std::size_t i = 0; i < cells.size(); ++i) {
      cells[i] = internal::make_visible(cells[i]);
      widths_[i] = std::max(widths_[i], width_of(cells[i]));
    }
    rows_.push_back({std::move(cells), colour});
  }

  [[nodiscard]] std::string text() const {
    std::string result;
    for (const auto& x : rows_) {
      for (std::size_t i = 0; i + 1 < x.cells.size(); ++i) {
        result += x.cells[i];
        result.append(widths_[i] - width_of(x.cells[i]) + 2, ' ');
      }
      result += x.colour;
      result += x.cells.back();
      if (!x.colour.empty())
        result += default_colour;
      result += '\n';
    }
    return result;
  }

private:
  struct row {
    std::vector<std::string> cells;
    std::string_view colour;
  };

  std::vector<row> rows_;
  std::vector<std::size_t> widths_;
};

/// How many digits tell all ids apart.
std::size_t digits_needed(const json& peers) {
  std::set<std::string> ids;
  for (const auto& x : peers)
    ids.insert(x.at("node").get<std::string>());
  std::size_t result = shortest_id;
  const std::string* last = nullptr;
  for (const auto& id : ids) {
    if (last) {
      auto differ = std::ranges::mismatch(*last, id).in1 - last->begin();
      result = std::max(result, static_cast<std::size_t>(differ) + 1);
    }
    last = &id;
  }
  return result;
}

std::string name_of(const json& x, const node_names& names) {
  if (auto name = names.name_of(x.at("node")); !name.empty())
    return std::string{name};
  return x.value("name", "");
}

/// That of what is as it should be, of what is under way, and of what is worth
/// a look.
std::string_view colour_of(const json& x) {
  std::string state = x.at("state");
  if (state == "connected")
    return "\x1b[32m";
  if (state == "connecting" || state == "waiting")
    return "\x1b[33m";
  if (state == "retrying" || state == "refused")
    return "\x1b[31m";
  return {};
}

std::string round_trip_of(const json& x) {
  auto connection = x.find("connection");
  if (connection == x.end() || !connection->contains("round_trip_us"))
    return "-";
  return duration_text(connection->at("round_trip_us"));
}

std::string waiting_of(const json& x) {
  const auto& waiting = x.at("waiting");
  auto messages = waiting.at("messages").get<std::uint64_t>();
  if (messages == 0)
    return "0";
  return std::to_string(messages) + " (" + bytes_text(waiting.at("bytes"))
         + ", "
         + duration_text(waiting.at("oldest_ms").get<std::uint64_t>() * 1'000)
         + ")";
}

std::string number_of(const json& x, const char* key) {
  return std::to_string(x.at(key).get<std::uint64_t>());
}

std::string milliseconds_of(const json& x, const char* key) {
  return duration_text(x.at(key).get<std::uint64_t>() * 1'000);
}

std::string title(const json& status, const node_names& names) {
  std::string result = "node ";
  result += status.at("node").get<std::string>();
  if (auto name = name_of(status, names); !name.empty())
    result += " (" + name + ")";
  result += ", up for " + milliseconds_of(status, "age_ms");
  for (const auto& x : status.at("addresses"))
    result += ", " + x.get<std::string>();
  return internal::make_visible(result) + "\n";
}

std::string limits_near(const json& limits) {
  std::string result;
  for (const auto& x : limits) {
    auto used = x.at("used").get<std::uint64_t>();
    auto max = x.at("max").get<std::uint64_t>();
    if (static_cast<double>(used) < near * static_cast<double>(max))
      continue;
    auto name = x.at("name").get<std::string>();
    auto text = [in_bytes = name.ends_with("_bytes")](std::uint64_t count) {
      return in_bytes ? bytes_text(count) : std::to_string(count);
    };
    result += "near its limit: " + internal::make_visible(name) + ", "
              + text(used) + " of " + text(max);
    if (auto worker = x.find("worker"); worker != x.end())
      result += " in worker " + std::to_string(worker->get<std::uint64_t>());
    result += '\n';
  }
  return result;
}

std::string joined(const json& texts) {
  std::string result;
  for (const auto& x : texts)
    result += (result.empty() ? "" : ", ") + x.get<std::string>();
  return result;
}

/// Those that hold connections for the node, if there are any.
std::string workers_table(const json& workers, bool coloured) {
  if (workers.empty())
    return {};
  table result{{"WORKER", "PEERS", "UP FOR", "ADDRESSES", "STATE"}};
  for (const auto& x : workers) {
    std::string state = x.at("state");
    auto colour = state == "serving" ? "\x1b[32m" : "\x1b[33m";
    if (x.contains("silent_ms"))
      state += " for " + milliseconds_of(x, "silent_ms");
    auto addresses = joined(x.at("addresses"));
    result.add({number_of(x, "worker"), number_of(x, "peers"),
                milliseconds_of(x, "age_ms"),
                addresses.empty() ? "-" : addresses, state},
               coloured ? colour : "");
  }
  return result.text();
}

} // namespace

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  auto tenths = 10 * std::min(bytes, std::uint64_t{1} << 60);
  while (tenths >= 10'240 && unit + 1 < units.size()) {
    tenths /= 1'024;
    ++unit;
  }
  auto result = std::to_string(tenths / 10);
  if (tenths < 100 && tenths % 10 != 0)
    result += "." + std::to_string(tenths % 10);
  return result + " " + units[unit];
}

std::string peers_table(const json& status, const node_names& names,
                        bool coloured) {
  const auto& peers = status.at("peers");
  auto digits = digits_needed(peers);
  table result{{"PEER", "NAME", "PERMANENT", "ROUND TRIP", "IN", "OUT",
                "WAITING", "UNTAKEN", "STATE"}};
  for (const auto& x : peers)
    result.add({x.at("node").get<std::string>().substr(0, digits),
                name_of(x, names), x.at("permanent").get<bool>() ? "yes" : "-",
                round_trip_of(x), number_of(x, "messages_in"),
                number_of(x, "messages_out"), waiting_of(x),
                number_of(x, "untaken"), x.at("text").get<std::string>()},
               coloured ? colour_of(x) : std::string_view{});
  return title(status, names) + result.text()
         + workers_table(status.at("workers"), coloured)
         + limits_near(status.at("limits"));
}

std::string engines_table(const json& status) {
  table result{{"ENGINE", "UNTAKEN", "KIND"}};
  for (const auto& x : status.at("engines"))
    result.add({x.at("name").get<std::string>(), number_of(x, "untaken"),
                x.at("typed").get<bool>() ? "typed" : "plain"});
  return result.text();
}

} // namespace node_proxy::tools
