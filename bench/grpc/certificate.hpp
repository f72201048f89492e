// Certificates for servers that live as long as a benchmark.

#pragma once

#include <string>

namespace bench {

struct certificate {
  /// Both in PEM.
  std::string key;
  std::string chain;
};

/// A fresh key of the curve P-256, and a certificate for `localhost` that it
/// has signed itself. Throws `std::runtime_error`.
[[nodiscard]] certificate make_certificate();

} // namespace bench
