// Basic types of the specification (arch.node.types.basics).

#pragma once

#include <compare>
#include <cstdint>
#include <variant>

#include <cereal/cereal.hpp>

#include <node_proxy/base/bytes.hpp>

namespace node_proxy {

/// `RelTime`: a duration in seconds, counted from the moment at which the
/// receiver of the message that holds it accepts that message.
struct rel_time {
  std::uint64_t seconds = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(seconds));
  }

  friend auto operator<=>(const rel_time&, const rel_time&) = default;
};

/// `AbsTime`: a point in time in minutes since 2024-01-01 00:00 UTC.
struct abs_time {
  std::uint64_t minutes = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(minutes));
  }

  friend auto operator<=>(const abs_time&, const abs_time&) = default;
};

/// `Time = Either RelTime AbsTime`: when something expires.
using expiry_time = std::variant<rel_time, abs_time>;

} // namespace node_proxy
