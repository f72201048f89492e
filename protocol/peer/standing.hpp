// How well a node knows another one, and what follows from that.

#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <node_proxy/messages/field.hpp>

namespace node_proxy::internal {

/// How a node came to know a peer. A higher one comes first where there is not
/// enough for all.
enum class peer_standing : std::uint8_t {
  /// Nothing but its own coming has made it known.
  guest,
  /// That was so in an earlier process, which has put it on disk.
  known,
  /// An operator, or an actor here, has given an advert of it.
  introduced,
  /// An operator's policy names it, or the connection to it is permanent.
  named,
};

/// Whether nobody here has vouched for it: identities cost nothing, so whatever
/// is done for such peers has to be earned.
[[nodiscard]] constexpr bool is_stranger(peer_standing x) {
  return x < peer_standing::introduced;
}

} // namespace node_proxy::internal

namespace node_proxy {

template <>
inline constexpr std::array<std::string_view, 4>
  enum_names<internal::peer_standing>{"guest", "known", "introduced", "named"};

} // namespace node_proxy
