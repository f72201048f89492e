#include "stranger.hpp"

#include <utility>

#include <doctest/doctest.h>

#include <node_proxy/actors/loop/os_random.hpp>
#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/crypto/random_source.hpp>
#include <node_proxy/protocol/session/handshake.hpp>
#include <node_proxy/protocol/wire/advert.hpp>

namespace test {

using namespace node_proxy::internal;

namespace {

hello offer_of(const node_id& self, const node_id& to, std::uint64_t version) {
  hello result;
  result.request = {
    supported_versions.min, supported_versions.max, self, to, version, 0};
  // That of a node that has forgotten all there was.
  result.epoch = random_source{os_random_key()}.next_u64();
  result.ciphers = {
    static_cast<std::uint64_t>(cipher_suite::chacha20_poly1305)};
  result.max_message = 1'000;
  return result;
}

} // namespace

stranger::stranger(const tcp_addr& node, const node_id& id,
                   const std::vector<transport_address>& named,
                   const tcp_addr& from)
  : node_(node), node_id_(id), from_(from),
    self_(std::make_shared<identity>(identity::from_seed(os_random_key()))) {
  for (auto weight = named.size(); const auto& address : named)
    advert_.addrs.push_back({address, weight--});
  call();
}

void stranger::call() {
  ++advert_.version;
  REQUIRE(sign_advert(*self_, advert_));
  peer_ = std::make_unique<raw_peer>(node_, from_);
  initiator_handshake handshake{*self_, noise_key_of(node_id_).value(),
                                os_random_key(),
                                offer_of(id(), node_id_, advert_.version)};
  peer_->send(handshake.write_init().value());
  auto reply = handshake.handle_reply(receive_frame());
  REQUIRE(reply);
  auto established = std::get_if<session>(&*reply);
  REQUIRE(established);
  bytes out;
  established->seal(control::resume{0, {}, limits::min_channel_window}, out);
  established->seal(advert_, out);
  established->seal(control::reopened{}, out);
  peer_->send(out);
  // Its own resume: this one has proven itself.
  static_cast<void>(receive_frame());
}

bytes stranger::receive_frame() {
  auto prefix = peer_->receive(4);
  REQUIRE(prefix.size() == 4);
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4; ++i)
    size |= std::to_integer<std::size_t>(prefix[i]) << (8 * i);
  return peer_->receive(size);
}

} // namespace test
