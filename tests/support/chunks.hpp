// Messages and lists of chunks as the core passes them on.

#pragma once

#include <algorithm>

#include <node_proxy/protocol/wire/chunk_list.hpp>

#include "support/octets.hpp"

namespace test {

/// Data that begins in the head of a message and ends in its payload.
inline message_data split(const bytes& data, std::size_t head = 7) {
  auto view = bytes_view{data};
  head = std::min(head, view.size());
  return {shared_bytes{view.first(head)}, shared_bytes{view.subspan(head)}};
}

inline bytes encoded(const chunk_list& list) {
  bytes result;
  list.append_to(result);
  return result;
}

} // namespace test
