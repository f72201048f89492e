// Where the metrics of a node are written to.

#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>

#include <node_proxy/actors/exchange_messages.hpp>

namespace node_proxy::internal {

/// Takes families of metrics, one after the other, as Prometheus has them. What
/// their names begin with is the writer's business.
class metric_writer {
public:
  enum class family_type { gauge, counter };

  using labels =
    std::initializer_list<std::pair<std::string_view, std::string_view>>;

  virtual ~metric_writer() = default;

  /// A family begins. The name of a counter ends with `_total`.
  virtual void begin(std::string_view name, family_type type,
                     std::string_view help) = 0;

  /// A value of the family that began last.
  virtual void add(const labels& which, std::uint64_t value) = 0;
  virtual void add_seconds(const labels& which, std::uint64_t microseconds) = 0;

  /// A histogram: how many took no longer than each of the times.
  virtual void add_histogram(std::string_view name, std::string_view help,
                             const duration_counts& counts) = 0;
};

} // namespace node_proxy::internal
