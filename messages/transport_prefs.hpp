// What a sender asks of the transport (arch.node.net.transport_types).

#pragma once

#include <node_proxy/messages/field.hpp>

namespace node_proxy {

/// Whether messages arrive in the order in which they were sent.
enum class transport_ordering : std::uint8_t { ordered, unordered };

template <>
inline constexpr std::array<std::string_view, 2> enum_names<transport_ordering>{
  "ordered", "unordered"};

/// Whether a message is kept until it is acknowledged, or sent at most once.
enum class transport_reliability : std::uint8_t { reliable, unreliable };

template <>
inline constexpr std::array<std::string_view, 2>
  enum_names<transport_reliability>{"reliable", "unreliable"};

/// How the message travels. `direct`: to the node itself, without relays.
enum class transport_security : std::uint8_t { direct };

template <>
inline constexpr std::array<std::string_view, 1> enum_names<transport_security>{
  "direct"};

/// `TransportPrefs`: the sender's wishes for one message. They choose among the
/// transports that the peer can be reached by.
struct transport_prefs {
  transport_ordering ordering = transport_ordering::ordered;
  transport_reliability reliability = transport_reliability::reliable;
  transport_security security = transport_security::direct;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(ordering), CEREAL_NVP(reliability),
            CEREAL_NVP(security));
  }

  friend bool operator==(const transport_prefs&,
                         const transport_prefs&) = default;
};

} // namespace node_proxy
