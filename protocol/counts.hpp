// How often things happen, and how long they take.

#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include <cereal/cereal.hpp>

#include <node_proxy/protocol/timestamp.hpp>

namespace node_proxy {

/// How often something happened.
struct reason_count {
  std::string reason;
  std::uint64_t count = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(reason), CEREAL_NVP(count));
  }

  friend bool operator==(const reason_count&, const reason_count&) = default;
};

/// How many of something took how long: a histogram.
struct duration_counts {
  /// Where its buckets end, in microseconds. The last one has no end.
  static constexpr std::array<std::uint64_t, 12> bounds_us{
    100,    250,    500,     1'000,   2'500,     5'000,
    10'000, 50'000, 100'000, 500'000, 1'000'000, 10'000'000};

  /// What took longer than the bucket before allows, and no longer than this
  /// one.
  std::array<std::uint64_t, bounds_us.size() + 1> buckets{};
  /// Of all, in microseconds.
  std::uint64_t sum_us = 0;

  void add(duration took) {
    auto us = microseconds(took);
    auto bucket = std::ranges::lower_bound(bounds_us, us);
    ++buckets[static_cast<std::size_t>(bucket - bounds_us.begin())];
    sum_us += us;
  }

  void add(const duration_counts& x) {
    std::ranges::transform(buckets, x.buckets, buckets.begin(), std::plus{});
    sum_us += x.sum_us;
  }

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(buckets), CEREAL_NVP(sum_us));
  }

  friend bool operator==(const duration_counts&,
                         const duration_counts&) = default;
};

} // namespace node_proxy
