// Whether a peer that makes a connection is let in, before and after it has
// proven itself.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include <node_proxy/messages/identities.hpp>
#include <node_proxy/messages/transport_address.hpp>
#include <node_proxy/protocol/crypto/noise_types.hpp>
#include <node_proxy/protocol/session/negotiation.hpp>
#include <node_proxy/protocol/wire/control.hpp>

namespace node_proxy::internal {

/// What to answer somebody who asks for a connection.
struct admission {
  connect_facts facts;
  /// Of this node's numbers towards the peer.
  std::uint64_t epoch = 0;
  /// Something else than its own coming has made the peer known, and it may
  /// come. It goes before strangers.
  bool known = false;
};

/// A peer has proven itself on a connection that it made.
struct arrival {
  node_id id;
  noise_public_key key{};
  /// Of this node's numbers, as the peer was told; see `admission`.
  std::uint64_t epoch = 0;
  /// The host from which it called, if somebody knows it.
  std::optional<ip_address> from = std::nullopt;
};

/// Why a peer that has proven itself is not taken.
enum class arrival_error : std::uint8_t {
  denied,
  over_capacity,
  shutting_down,
  /// What there was of that epoch has been lost meanwhile, by a failure here.
  /// Its numbers must not begin anew; the peer comes again and gets another
  /// one.
  epoch_ended,
};

/// What to tell the peer before the connection is closed, if anything.
[[nodiscard]] constexpr std::optional<control::goodbye_reason>
goodbye_of(arrival_error error) {
  switch (error) {
  case arrival_error::denied:
    return control::goodbye_reason::denied;
  case arrival_error::over_capacity:
    return control::goodbye_reason::over_capacity;
  case arrival_error::shutting_down:
    return control::goodbye_reason::shutdown;
  case arrival_error::epoch_ended:
    return std::nullopt;
  }
  return std::nullopt; // a value without a name
}

} // namespace node_proxy::internal

namespace node_proxy {

template <>
inline constexpr std::array<std::string_view, 4>
  enum_names<internal::arrival_error>{"denied", "over_capacity",
                                      "shutting_down", "epoch_ended"};

} // namespace node_proxy
