// One value of each message type, without any field at its default wherever
// the type allows it. tests/vectors/bare/generate.mjs has the same values.

#pragma once

#include <node_proxy/messages/connect_reply.hpp>
#include <node_proxy/messages/connect_request.hpp>
#include <node_proxy/messages/connection_permanence.hpp>
#include <node_proxy/messages/node_advert.hpp>
#include <node_proxy/messages/node_proxy_msg.hpp>
#include <node_proxy/messages/router_msg.hpp>
#include <node_proxy/messages/serialized_msg.hpp>

namespace node_proxy::samples {

/// Octets that count up from `first`.
template <std::size_t N>
std::array<std::byte, N> octets(unsigned first) {
  std::array<std::byte, N> result;
  for (std::size_t i = 0; i < N; ++i)
    result[i] = static_cast<std::byte>(first + i);
  return result;
}

inline bytes data(unsigned first, std::size_t size) {
  bytes result(size);
  for (std::size_t i = 0; i < size; ++i)
    result[i] = static_cast<std::byte>(first + i);
  return result;
}

inline node_id alice() {
  return {octets<32>(0x20)};
}

inline node_id bob() {
  return {octets<32>(0x60)};
}

inline signature sig() {
  return {octets<64>(0x80)};
}

inline engine_id printer() {
  return {alice(), "printer"};
}

inline engine_id echo() {
  return {bob(), "echo"};
}

inline ip_address ip4() {
  return ipv4{{std::byte{192}, std::byte{0}, std::byte{2}, std::byte{1}}};
}

inline ip_address ip6() {
  ipv6 result;
  result.octets[0] = std::byte{0x20};
  result.octets[1] = std::byte{0x01};
  result.octets[2] = std::byte{0x0d};
  result.octets[3] = std::byte{0xb8};
  result.octets[15] = std::byte{0x01};
  return result;
}

/// The issuer has characters of two, three and four octets.
inline tls_address tls() {
  return {ip6(), 443, "Auto\xC3\xA9 \xE2\x9C\x93 \xF0\x9F\x94\x91"};
}

inline transport_prefs prefs() {
  return {transport_ordering::unordered, transport_reliability::unreliable,
          transport_security::direct};
}

inline node_advert advert() {
  node_advert result;
  result.id = alice();
  result.addrs = {{quic_addr{tls()}, 500},
                  {tls_addr{tls()}, 400},
                  {ip_addr{ip6()}, 300},
                  {tcp_addr{ip4(), 4000}, 200},
                  {udp_addr{ip6(), 4001}, 100}};
  result.version = 1'795'392'000;
  result.created = {1'522'119};
  result.sig = sig();
  return result;
}

inline connect_request request() {
  return {1, 3, alice(), bob(), 7, 300};
}

inline connect_reply reply_ok() {
  return {connect_reply_ok{2, {1'795'392'000, 6}}};
}

inline connect_reply reply_error(connect_reply_error why) {
  return {why};
}

inline engine_msg message() {
  return {printer(), echo(), 9, data(0xA0, 5)};
}

inline node_msg sealed() {
  return {70'000, encrypted_msg_chacha20_poly1305{data(0xB0, 20)}};
}

inline node_out_msg outgoing() {
  return {prefs(), abs_time{1'522'119}, message()};
}

/// Calls `visit(name, value)` for values of all message types; each variant
/// and each enumerator is among them.
template <class Visit>
void for_each(Visit visit) {
  visit("public_key", alice());
  visit("signature", sig());
  visit("engine_id", printer());
  visit("engine_id.local", engine_id{std::nullopt, "printer"});
  visit("rel_time", rel_time{300});
  visit("abs_time", abs_time{1'522'119});
  visit("expiry_time.rel", expiry_time{rel_time{300}});
  visit("expiry_time.abs", expiry_time{abs_time{1'522'119}});
  for (auto x :
       {transport_protocol::quic, transport_protocol::tls,
        transport_protocol::web_transport, transport_protocol::web_socket,
        transport_protocol::tcp, transport_protocol::udp})
    visit("transport_protocol." + std::string{to_string(x)}, x);
  visit("ip_address.ipv4", ip4());
  visit("ip_address.ipv6", ip6());
  visit("transport_address.quic", transport_address{quic_addr{tls()}});
  visit("transport_address.tls", transport_address{tls_addr{tls()}});
  visit("transport_address.ip", transport_address{ip_addr{ip4()}});
  visit("transport_address.tcp", transport_address{tcp_addr{ip4(), 4000}});
  visit("transport_address.udp", transport_address{udp_addr{ip6(), 4001}});
  visit("transport_address.dns",
        transport_address{dns_addr{"a-1.example", 4002}});
  visit("transport_prefs", prefs());
  visit("node_advert", advert());
  visit("connect_request", request());
  visit("connect_reply.ok", reply_ok());
  for (auto x :
       {connect_reply_error::over_capacity, connect_reply_error::incompatible,
        connect_reply_error::denied})
    visit("connect_reply." + std::string{to_string(x)}, reply_error(x));
  visit("connection_permanence.ephemeral", connection_permanence::ephemeral);
  visit("connection_permanence.permanent", connection_permanence::permanent);
  visit("engine_msg", message());
  visit("engine_msg.least", engine_msg{});
  visit("serialized_msg", serialized_msg{data(0xA0, 200)});
  visit("node_msg.null", node_msg{70'000, encrypted_msg_null{data(0xB0, 3)}});
  visit("node_msg.chacha20_poly1305", sealed());
  visit("node_msg.aes256_gcm",
        node_msg{(std::uint64_t{1} << 62) - 1,
                 encrypted_msg_aes256_gcm{data(0xC0, 20)}});
  visit("node_out_msg", outgoing());
  visit("node_proxy_msg.node_out_msg", node_proxy_msg{outgoing()});
  visit("node_proxy_msg.node_msg", node_proxy_msg{sealed()});
  visit("node_proxy_msg.connect_request", node_proxy_msg{request()});
  visit("node_proxy_msg.connect_reply", node_proxy_msg{reply_ok()});
  visit("node_proxy_msg.node_advert", node_proxy_msg{advert()});
  visit("node_proxy_msg.connection_permanence",
        node_proxy_msg{connection_permanence::permanent});
  visit("node_advert_reply.accepted",
        node_advert_reply{node_advert_accepted{1'795'392'000}});
  for (auto x :
       {node_advert_refusal::stale, node_advert_refusal::bad_signature,
        node_advert_refusal::wrong_node, node_advert_refusal::too_large})
    visit("node_advert_reply." + std::string{to_string(x)},
          node_advert_reply{x});
  visit("node_connect_request", node_connect_request{bob(), true});
  for (auto x : {node_connect_result::ok, node_connect_result::unknown,
                 node_connect_result::denied})
    visit("node_connect_reply." + std::string{to_string(x)},
          node_connect_reply{x});
  visit("router_msg.node_out_msg", router_msg{outgoing()});
  visit("router_msg.node_connect_request",
        router_msg{node_connect_request{bob(), true}});
  visit("router_msg.node_advert", router_msg{advert()});
}

} // namespace node_proxy::samples
