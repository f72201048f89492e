// The encoding of every message, field by field. Where another implementation
// must agree, see test_round_trip.cpp; here a reader sees what each octet is.

#include "messages/samples.hpp"

#include <initializer_list>

#include <doctest/doctest.h>

#include <node_proxy/base/hex.hpp>
#include <node_proxy/protocol/wire/bare.hpp>

using namespace node_proxy;

namespace {

const std::string alice_hex =
  "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f";

const std::string bob_hex =
  "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f";

std::string joined(std::initializer_list<std::string> parts) {
  std::string result;
  for (const auto& part : parts)
    result += part;
  return result;
}

/// Compares the encoding of `value` with its parts in hex.
template <class T>
void check_parts(const T& value, std::initializer_list<std::string> parts) {
  CHECK(to_hex(encode(value).value()) == joined(parts));
}

const std::string engine_msg_hex = joined({
  "01",             // sender.node: present
  "00",             //   tag: curve25519
  alice_hex,        //
  "07",             // sender.name: length
  "7072696e746572", //   "printer"
  "01",             // target.node: present
  "00",             //   tag: curve25519
  bob_hex,          //
  "04",             // target.name: length
  "6563686f",       //   "echo"
  "01",             // mailbox: present
  "09",             //   9
  "05",             // msg: length
  "a0a1a2a3a4",
});

} // namespace

TEST_CASE("engine_msg") {
  check_parts(samples::message(), {engine_msg_hex});
}

TEST_CASE("engine_msg between engines without nodes and mailbox") {
  check_parts(engine_msg{}, {
                              "00", // sender.node: absent
                              "00", // sender.name: length
                              "00", // target.node: absent
                              "00", // target.name: length
                              "00", // mailbox: absent
                              "00", // msg: length
                            });
}

TEST_CASE("serialized_msg") {
  check_parts(serialized_msg{samples::data(0xA0, 3)}, {
                                                        "00", // tag: bare
                                                        "03", // length
                                                        "a0a1a2",
                                                      });
}

TEST_CASE("node_msg") {
  check_parts(samples::sealed(), {
                                   "f0a204", // seq: 70,000
                                   "01",     // tag: chacha20_poly1305
                                   "14",     // length of the ciphertext
                                   "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3",
                                 });
  check_parts(node_msg{1, encrypted_msg_null{}}, {
                                                   "01", // seq
                                                   "00", // tag: null
                                                   "00", // length
                                                 });
  check_parts(node_msg{1, encrypted_msg_aes256_gcm{}},
              {
                "01", // seq
                "02", // tag: aes256_gcm
                "00", // length
              });
}

TEST_CASE("node_out_msg") {
  check_parts(samples::outgoing(), {
                                     "01",     // prefs.ordering: unordered
                                     "01",     // prefs.reliability: unreliable
                                     "00",     // prefs.security: direct
                                     "01",     // expiry: tag abs_time
                                     "c7f35c", //   minute 1,522,119
                                     engine_msg_hex,
                                   });
  check_parts(expiry_time{rel_time{300}}, {
                                            "00",   // tag: rel_time
                                            "ac02", // 300 seconds
                                          });
}

TEST_CASE("connect_request") {
  check_parts(samples::request(), {
                                    "01",            // proto_ver_min
                                    "03",            // proto_ver_max
                                    "00", alice_hex, // src_node_id
                                    "00", bob_hex,   // dst_node_id
                                    "07",            // src_node_advert_ver
                                    "ac02",          // dst_node_advert_ver
                                  });
}

TEST_CASE("connect_reply") {
  check_parts(samples::reply_ok(),
              {
                "00",         // tag: ok
                "02",         // proto_ver
                "80848ed806", // node_advert_ver.own: 1,795,392,000
                "06",         // node_advert_ver.known
              });
  using enum connect_reply_error;
  check_parts(samples::reply_error(over_capacity), {"01", "00"});
  check_parts(samples::reply_error(incompatible), {"01", "01"});
  check_parts(samples::reply_error(denied), {"01", "02"});
}

TEST_CASE("connection_permanence") {
  check_parts(connection_permanence::ephemeral, {"00"});
  check_parts(connection_permanence::permanent, {"01"});
}

TEST_CASE("node_advert") {
  const std::string ip4 = "00c0000201"; // tag: ipv4, 192.0.2.1
  const std::string ip6 = "0120010db8000000000000000000000001"; // 2001:db8::1
  const std::string tls = ip6 + "bb01"                          // port: 443
                          + "0f" // cert_issuer: length
                            "4175746fc3a920e29c9320f09f9491";
  check_parts(samples::advert(), {
                                   "00",
                                   alice_hex, // id
                                   "05",      // addrs: count
                                   "00",
                                   tls,
                                   "f403", // quic, weight 500
                                   "01",
                                   tls,
                                   "9003", // tls, weight 400
                                   "02",
                                   ip6,
                                   "ac02", // ip, weight 300
                                   "03",
                                   ip4,
                                   "a00f", // tcp, port 4000
                                   "c801", //   weight 200
                                   "04",
                                   ip6,
                                   "a10f",       // udp, port 4001
                                   "64",         //   weight 100
                                   "80848ed806", // version: 1,795,392,000
                                   "c7f35c",     // created: minute 1,522,119
                                   "00",         // sig: tag ed25519
                                   to_hex(samples::sig().data),
                                 });
}

TEST_CASE("node_advert_reply") {
  check_parts(node_advert_reply{node_advert_accepted{300}},
              {
                "00",   // tag: accepted
                "ac02", // version
              });
  using enum node_advert_refusal;
  check_parts(node_advert_reply{stale}, {"01", "00"});
  check_parts(node_advert_reply{bad_signature}, {"01", "01"});
  check_parts(node_advert_reply{wrong_node}, {"01", "02"});
  check_parts(node_advert_reply{too_large}, {"01", "03"});
}

TEST_CASE("node_connect_request and node_connect_reply") {
  check_parts(node_connect_request{samples::bob(), true},
              {
                "00", bob_hex, // node_id
                "01",          // permanent
              });
  using enum node_connect_result;
  check_parts(node_connect_reply{ok}, {"00"});
  check_parts(node_connect_reply{unknown}, {"01"});
  check_parts(node_connect_reply{denied}, {"02"});
}

TEST_CASE("each message of the Node Proxy has its tag") {
  auto first = [](const node_proxy_msg& x) {
    return encode(x).value()[0];
  };
  CHECK(first(samples::outgoing()) == std::byte{0});
  CHECK(first(samples::sealed()) == std::byte{1});
  CHECK(first(samples::request()) == std::byte{2});
  CHECK(first(samples::reply_ok()) == std::byte{3});
  CHECK(first(samples::advert()) == std::byte{4});
  CHECK(first(connection_permanence::permanent) == std::byte{5});
}

TEST_CASE("each message of the Router has its tag") {
  auto first = [](const router_msg& x) {
    return encode(x).value()[0];
  };
  CHECK(first(samples::outgoing()) == std::byte{0});
  CHECK(first(node_connect_request{}) == std::byte{2});
  CHECK(first(samples::advert()) == std::byte{3});
}
