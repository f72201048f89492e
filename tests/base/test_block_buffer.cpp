#include <node_proxy/base/block_buffer.hpp>

#include <doctest/doctest.h>

#include "support/octets.hpp"

namespace node_proxy::internal {

using namespace test;

TEST_CASE("what is appended is there in order, however much is reserved") {
  block_buffer uut;
  CHECK(uut.empty());
  auto first = numbered(10);
  auto second = numbered(70'000, 3);
  uut.append(first);
  uut.reserve(20);
  uut.append({});
  uut.append(second);
  CHECK(uut.size() == first.size() + second.size());
  CHECK(uut.capacity() >= uut.size());
  CHECK(to_bytes(uut.view().first(10)) == first);
  CHECK(to_bytes(uut.view().subspan(10)) == second);
}

TEST_CASE("what it had is shared when it is gone") {
  bytes_view view;
  std::shared_ptr<const void> owner;
  {
    block_buffer uut;
    uut.append(numbered(5'000));
    view = uut.view();
    owner = uut.owner();
  }
  CHECK(to_bytes(view) == numbered(5'000));
}

} // namespace node_proxy::internal
