// The keys of simulated nodes.

#pragma once

#include <map>
#include <memory>

#include <node_proxy/protocol/crypto/crypto_init.hpp>
#include <node_proxy/protocol/crypto/identity.hpp>

#include "support/octets.hpp"

namespace simulation {

using namespace node_proxy;
using namespace node_proxy::internal;

/// The keys of the node with this index. Those of the first sixteen are chosen
/// such that their ids ascend.
inline std::shared_ptr<const identity> identity_of(std::size_t index) {
  static const auto ready = init_crypto();
  thread_local std::map<std::size_t, std::shared_ptr<const identity>> known;
  static_cast<void>(ready);
  auto& result = known[index];
  for (std::uint64_t i = 0; !result; ++i) {
    auto random = test::seeded(index * 100'000 + i);
    auto candidate = identity::from_seed(random.next_key());
    auto first = std::to_integer<std::size_t>(candidate.id().data[0]);
    if (index >= 16 || first >> 4 == index)
      result = std::make_shared<const identity>(std::move(candidate));
  }
  return result;
}

} // namespace simulation
