// Metrics in the registry that each actor system has since CAF 1.0.

#pragma once

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/actors/metric_writer.hpp>
#include <node_proxy/base/hex.hpp>
#include <node_proxy/messages/identities.hpp>

#if CAF_MAJOR_VERSION >= 1

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <caf/telemetry/metric_registry.hpp>

namespace node_proxy::internal {

inline constexpr bool has_registry = true;

/// Keeps the metrics of one node up to date there. They begin with
/// `node_proxy`, and have the id of the node as the label `node`, as an actor
/// system may have several.
class registry_writer final : public metric_writer {
public:
  registry_writer(caf::actor_system& system, const node_id& node)
    : registry_(system.metrics()), node_(to_hex(node.data)) {}

  /// All values are about to be written.
  void begin_round() { set_.clear(); }

  /// They have been. What was not among them is gone.
  void end_round() {
    for (auto* x : gauges_)
      if (!set_.contains(x))
        x->value(0);
  }

  void begin(std::string_view name, family_type type,
             std::string_view help) override {
    type_ = type;
    // CAF adds what the names of sums end with.
    if (type == family_type::counter && name.ends_with(sum_suffix))
      name.remove_suffix(sum_suffix.size());
    name_ = name;
    help_ = help;
  }

  void add(const labels& which, std::uint64_t value) override {
    set_to(which, static_cast<double>(value));
  }

  void add_seconds(const labels& which, std::uint64_t microseconds) override {
    set_to(which, static_cast<double>(microseconds) / 1e6);
  }

  void add_histogram(std::string_view, std::string_view,
                     const duration_counts&) override {
    // One of CAF's takes single values, which nobody has kept.
  }

private:
  using gauge = caf::telemetry::dbl_gauge;
  using counter = caf::telemetry::dbl_counter;
  using label_list = std::vector<caf::telemetry::label_view>;

  static constexpr std::string_view prefix = "node_proxy";
  static constexpr std::string_view sum_suffix = "_total";

  void set_to(const labels& which, double value) {
    label_list all{{"node", node_}};
    for (const auto& [label, text] : which)
      all.emplace_back(label, text);
    caf::span<const caf::telemetry::label_view> view{all.data(), all.size()};
    if (type_ == family_type::counter) {
      count_up(registry_.counter_instance<double>(prefix, name_, view, help_,
                                                  "1", true),
               value);
    } else {
      auto* x = registry_.gauge_instance<double>(prefix, name_, view, help_);
      x->value(value);
      gauges_.insert(x);
      set_.insert(x);
    }
  }

  /// The node has counted so much in all. One of the same id may have counted
  /// before it.
  void count_up(counter* to, double total) {
    auto& known = counted_[to];
    if (total > known)
      to->inc(total - known);
    known = total;
  }

  caf::telemetry::metric_registry& registry_;
  std::string node_;
  family_type type_{};
  std::string name_;
  std::string help_;
  std::set<gauge*> gauges_;
  std::set<gauge*> set_;
  std::map<counter*, double> counted_;
};

} // namespace node_proxy::internal

#else

namespace node_proxy::internal {

inline constexpr bool has_registry = false;

/// There is none.
class registry_writer final : public metric_writer {
public:
  registry_writer(caf::actor_system&, const node_id&) {}

  void begin_round() {}
  void end_round() {}
  void begin(std::string_view, family_type, std::string_view) override {}
  void add(const labels&, std::uint64_t) override {}
  void add_seconds(const labels&, std::uint64_t) override {}
  void add_histogram(std::string_view, std::string_view,
                     const duration_counts&) override {}
};

} // namespace node_proxy::internal

#endif
