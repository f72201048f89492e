#include "metrics_text.hpp"

#include <array>
#include <charconv>
#include <utility>

#include <node_proxy/actors/router/metric_families.hpp>
#include <node_proxy/base/hex.hpp>

namespace node_proxy::tools {

using internal::metric_writer;

namespace {

/// The value of a label: "\", line ends and quotes are escaped.
std::string quoted(std::string_view text) {
  std::string result{'"'};
  for (auto c : text) {
    if (c == '\\' || c == '"')
      result += '\\';
    if (c == '\n')
      result += "\\n";
    else
      result += c;
  }
  return result + '"';
}

std::string number(double value) {
  std::array<char, 64> buffer;
  auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), end.ptr};
}

/// All of them, one after the other.
class text_writer final : public metric_writer {
public:
  void begin(std::string_view name, family_type type,
             std::string_view help) override {
    begin_common("node_proxy_" + std::string{name}, type, help);
  }

  /// One that is not named after this project.
  void begin_common(std::string name, family_type type, std::string_view help) {
    begin_family(std::move(name),
                 type == family_type::counter ? "counter" : "gauge", help);
  }

  void add(const labels& which, std::uint64_t value) override {
    add_value(which, std::to_string(value));
  }

  void add_seconds(const labels& which, std::uint64_t microseconds) override {
    add_value(which, seconds(microseconds));
  }

  void add_histogram(std::string_view name, std::string_view help,
                     const duration_counts& x) override {
    begin_family("node_proxy_" + std::string{name}, "histogram", help);
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < x.buckets.size(); ++i) {
      count += x.buckets[i];
      auto is_last = i == x.bounds_us.size();
      auto bound = is_last ? "+Inf" : seconds(x.bounds_us[i]);
      text_ +=
        name_ + "_bucket{le=\"" + bound + "\"} " + std::to_string(count) + '\n';
    }
    text_ += name_ + "_sum " + seconds(x.sum_us) + '\n';
    text_ += name_ + "_count " + std::to_string(count) + '\n';
  }

  [[nodiscard]] std::string take() { return std::move(text_); }

private:
  static std::string seconds(std::uint64_t microseconds) {
    return number(static_cast<double>(microseconds) / 1e6);
  }

  void begin_family(std::string name, std::string_view type,
                    std::string_view help) {
    name_ = std::move(name);
    text_ += "# HELP " + name_ + ' ';
    text_.append(help).append("\n# TYPE ").append(name_);
    text_.append(" ").append(type).append("\n");
  }

  void add_value(const labels& which, const std::string& value) {
    text_ += name_;
    auto separator = '{';
    for (const auto& [label, text] : which) {
      text_ += std::exchange(separator, ',');
      text_.append(label).append("=").append(quoted(text));
    }
    if (separator == ',')
      text_ += '}';
    text_ += ' ' + value + '\n';
  }

  std::string text_;
  std::string name_;
};

/// By the names that all programs have for these.
void add_process(text_writer& to, const process_usage& x) {
  using enum metric_writer::family_type;
  to.begin_common("process_resident_memory_bytes", gauge,
                  "Memory that is in use.");
  to.add({}, x.resident_bytes);
  to.begin_common("process_cpu_seconds_total", counter,
                  "Processor time, in user and kernel mode.");
  to.add_seconds({}, x.cpu_us);
  to.begin_common("process_open_fds", gauge, "Open descriptors.");
  to.add({}, x.open_descriptors);
  to.begin_common("process_max_fds", gauge, "How many may be open.");
  to.add({}, x.max_descriptors);
}

} // namespace

std::string metrics_text(const node_status& status, const node_metrics& counted,
                         const process_usage& process,
                         std::string_view version) {
  using enum metric_writer::family_type;
  text_writer result;
  result.begin("info", gauge, "The node and its program.");
  result.add({{"version", version}, {"node", to_hex(status.node.data)}}, 1);
  add_process(result, process);
  internal::write_families(result, status, counted);
  // Not for who cannot forget a worker that is gone.
  result.begin("worker_peers", gauge, "Peers that a worker serves.");
  for (const auto& x : status.workers)
    result.add({{"worker", std::to_string(x.number)}}, x.peers);
  return result.take();
}

} // namespace node_proxy::tools
