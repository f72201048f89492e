// Where a node can be reached (arch.node.net.transport_types).

#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <variant>

#include <node_proxy/base/host_name.hpp>
#include <node_proxy/messages/basics.hpp>
#include <node_proxy/messages/field.hpp>
#include <node_proxy/messages/limits.hpp>

namespace node_proxy {

/// `TransportProtocol`: the protocols that the specification names.
enum class transport_protocol : std::uint8_t {
  quic,
  tls,
  web_transport,
  web_socket,
  tcp,
  udp,
};

template <>
inline constexpr std::array<std::string_view, 6> enum_names<transport_protocol>{
  "quic", "tls", "web_transport", "web_socket", "tcp", "udp"};

/// An IPv4 address in network byte order.
struct ipv4 {
  std::array<std::byte, 4> octets{};

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(octets));
  }

  friend auto operator<=>(const ipv4&, const ipv4&) = default;
};

/// An IPv6 address in network byte order.
struct ipv6 {
  std::array<std::byte, 16> octets{};
  /// The interface that a link-local address belongs to (RFC 4007), 0 for none
  /// in particular. It means something on this host only, so it stays here.
  std::uint32_t scope = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(octets));
  }

  friend auto operator<=>(const ipv6&, const ipv6&) = default;
};

/// `IPAddress = Either IPv4 IPv6`.
using ip_address = std::variant<ipv4, ipv6>;

/// `TLSAddress`: where a TLS endpoint listens and who vouches for it.
struct tls_address {
  ip_address ip;
  std::uint16_t port = 0;
  /// The issuer of the endpoint's certificate.
  std::string cert_issuer;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(ip), CEREAL_NVP(port),
            cereal::make_nvp("cert_issuer",
                             bounded<limits::cert_issuer>(cert_issuer)));
  }

  friend bool operator==(const tls_address&, const tls_address&) = default;
};

/// `QUICAddr`: reachable by QUIC.
struct quic_addr {
  tls_address address;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(address));
  }

  friend bool operator==(const quic_addr&, const quic_addr&) = default;
};

/// `TLSAddr`: reachable by TLS.
struct tls_addr {
  tls_address address;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(address));
  }

  friend bool operator==(const tls_addr&, const tls_addr&) = default;
};

/// `IPAddr`: a host, without a port.
struct ip_addr {
  ip_address ip;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(ip));
  }

  friend bool operator==(const ip_addr&, const ip_addr&) = default;
};

/// Reachable by this protocol over TCP (an addition to the specification).
struct tcp_addr {
  ip_address ip;
  std::uint16_t port = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(ip), CEREAL_NVP(port));
  }

  friend auto operator<=>(const tcp_addr&, const tcp_addr&) = default;
};

/// Reachable by this protocol over UDP (an addition to the specification).
struct udp_addr {
  ip_address ip;
  std::uint16_t port = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(ip), CEREAL_NVP(port));
  }

  friend auto operator<=>(const udp_addr&, const udp_addr&) = default;
};

/// Reachable by this protocol over TCP, at the hosts that a name stands for at
/// the time (an addition to the specification).
struct dns_addr {
  /// See `is_host_name`.
  std::string name;
  std::uint16_t port = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(
      cereal::make_nvp("name", checked_text<is_host_name, max_host_name>{name}),
      CEREAL_NVP(port));
  }

  friend auto operator<=>(const dns_addr&, const dns_addr&) = default;
};

/// `TransportAddress`: the specification's three, then ours.
using transport_address =
  std::variant<quic_addr, tls_addr, ip_addr, tcp_addr, udp_addr, dns_addr>;

} // namespace node_proxy
