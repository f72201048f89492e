// What this machine could do at best, derived from what bench_limit measured.

#pragma once

#include <optional>
#include <string>

#include "table/results.hpp"

namespace bench {

/// Costs of moving one byte, in nanoseconds of one core.
struct byte_costs {
  double seal = 0;
  double send = 0;
  double receive = 0;
  double open = 0;

  /// Bytes a second if each of the two processes has a core and nothing else
  /// to do: as fast as the busier one.
  [[nodiscard]] double bytes_per_s() const;

  /// How that was derived, in words.
  [[nodiscard]] std::string explanation(const std::string& cipher) const;
};

/// From sealing and opening 64 KiB at once, the longest frame, and from the
/// processor time that plain TCP takes at either end, in writes of 1 MiB.
/// Small messages share frames, so these are the costs of their bytes, too.
[[nodiscard]] std::optional<byte_costs> costs_of(const results& all,
                                                 const std::string& cipher);

/// The X25519 operations of one handshake at the responder.
struct handshake_cost {
  /// Of one with a point of the peer's, and with the base point, in
  /// microseconds of one core.
  double with_point = 0;
  double with_base = 0;
  /// What else cannot be left out: whose key the peer has proven.
  double conversion = 0;

  /// Handshakes a second if a core did nothing else.
  [[nodiscard]] double per_s() const;

  [[nodiscard]] std::string explanation() const;
};

[[nodiscard]] std::optional<handshake_cost> handshake_of(const results& all);

} // namespace bench
