#include <node_proxy/base/frame_memory.hpp>

#include <doctest/doctest.h>

using namespace node_proxy;
using namespace node_proxy::internal;

namespace {

bytes frames(std::size_t capacity, std::size_t size) {
  bytes result;
  result.reserve(capacity);
  result.resize(size);
  return result;
}

} // namespace

TEST_CASE("memory is lent once, and empty") {
  frame_memory uut;
  CHECK(uut.take().capacity() == 0);
  uut.give_back(frames(100, 100));
  auto got = uut.take();
  CHECK(got.empty());
  CHECK(got.capacity() == 100);
  CHECK(uut.take().capacity() == 0);
}

TEST_CASE("what one burst has taken is not kept for ever") {
  frame_memory uut;
  uut.give_back(frames(100, 24));
  CHECK(uut.take().capacity() == 0);
  uut.give_back(frames(100, 25));
  CHECK(uut.take().capacity() == 100);
}

TEST_CASE("the larger of two buffers is kept") {
  frame_memory uut;
  uut.give_back(frames(100, 100));
  uut.give_back(frames(200, 200));
  uut.give_back(frames(150, 150));
  CHECK(uut.take().capacity() == 200);
}
