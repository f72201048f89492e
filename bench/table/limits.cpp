#include "table/limits.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace bench {

namespace {

constexpr std::size_t frame_size = 64u << 10;
constexpr std::size_t write_size = 1u << 20;

/// Noise IK at the responder: es, ss, ee and se, and its ephemeral key.
constexpr double points_per_handshake = 4;
constexpr double bases_per_handshake = 1;

std::optional<double> nanoseconds_per_byte(const results& all, const char* mode,
                                           const std::string& cipher) {
  auto rate = all.median({{"bench", "limit"},
                          {"mode", mode},
                          {"cipher", cipher},
                          {"size", frame_size}},
                         "mb_per_s");
  if (!rate)
    return std::nullopt;
  return 1e3 / *rate;
}

/// Processor time of one end of a plain connection.
std::optional<double> tcp_nanoseconds_per_byte(const results& all,
                                               const char* field) {
  return all.median({{"bench", "limit"}, {"mode", "tcp"}, {"size", write_size}},
                    field);
}

} // namespace

double byte_costs::bytes_per_s() const {
  return 1e9 / std::max(seal + send, receive + open);
}

std::string byte_costs::explanation(const std::string& cipher) const {
  return fmt::format(
    "{}: the sender's core seals ({:.3f} ns a byte, at 64 KiB) and sends "
    "({:.3f}, its share of plain TCP), the receiver's core receives ({:.3f}) "
    "and opens ({:.3f}); the busier one allows {:.0f} MB/s.",
    cipher, seal, send, receive, open, bytes_per_s() / 1e6);
}

std::optional<byte_costs> costs_of(const results& all,
                                   const std::string& cipher) {
  auto seal = nanoseconds_per_byte(all, "seal", cipher);
  auto open = nanoseconds_per_byte(all, "open", cipher);
  auto send = tcp_nanoseconds_per_byte(all, "sender_cpu_ns_per_byte");
  auto receive = tcp_nanoseconds_per_byte(all, "receiver_cpu_ns_per_byte");
  if (!seal || !open || !send || !receive)
    return std::nullopt;
  return byte_costs{*seal, *send, *receive, *open};
}

double handshake_cost::per_s() const {
  return 1e6
         / (points_per_handshake * with_point
            + bases_per_handshake * with_base);
}

std::string handshake_cost::explanation() const {
  return fmt::format(
    "Handshakes: {} X25519 with a point of the peer's ({:.1f} us each: es, ss, "
    "ee, se) and {} with the base point ({:.1f} us: the ephemeral key) allow "
    "{:.0f} a second on one core. To compare the node id of the peer with the "
    "key that it has proven takes {:.1f} us more. The node's threads share the "
    "processors with the peers that call.",
    points_per_handshake, with_point, bases_per_handshake, with_base, per_s(),
    conversion);
}

std::optional<handshake_cost> handshake_of(const results& all) {
  auto rate = [&](const char* mode) {
    return all.median({{"bench", "limit"}, {"mode", mode}}, "msgs_per_s");
  };
  auto point = rate("x25519");
  auto base = rate("x25519_base");
  auto conversion = rate("ed25519_to_x25519");
  if (!point || !base || !conversion)
    return std::nullopt;
  return handshake_cost{1e6 / *point, 1e6 / *base, 1e6 / *conversion};
}

} // namespace bench
