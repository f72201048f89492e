// How much a node keeps of other nodes.

#pragma once

#include <chrono>
#include <cstddef>

#include <node_proxy/protocol/timestamp.hpp>

namespace node_proxy {

/// How many adverts of strangers are kept: of nodes that nobody holds.
struct advert_book_limits {
  std::size_t strangers = 4'096;
  /// Encoded, of all of them together, with the addresses that are remembered.
  std::size_t bytes = 4u << 20;
};

/// Of how many peers without a Node Proxy it is remembered how far their
/// messages got, and for how long.
struct peer_book_limits {
  std::size_t records = 65'536;
  /// Unsettled rejects, of all records together.
  std::size_t rejects = 65'536;
  duration lifetime = std::chrono::hours{24};
};

} // namespace node_proxy
