#include <node_proxy/base/frame_memory.hpp>

#include <doctest/doctest.h>

using namespace node_proxy;
using namespace node_proxy::internal;

namespace {

bytes frames(std::size_t capacity, std::size_t size) {
  bytes result;
  result.reserve(capacity);
  result.resize(size, std::byte{1});
  return result;
}

std::size_t lent_by(frame_memory& uut) {
  bytes result;
  uut.lend_to(result);
  CHECK(result.empty());
  return result.capacity();
}

} // namespace

TEST_CASE("memory is lent once") {
  frame_memory uut;
  CHECK(lent_by(uut) == 0);
  uut.give_back(frames(100, 100));
  CHECK(lent_by(uut) == 100);
  CHECK(lent_by(uut) == 0);
}

TEST_CASE("frames that have begun go on in the larger buffer") {
  frame_memory uut;
  uut.give_back(frames(100, 100));
  auto begun = frames(50, 3);
  uut.lend_to(begun);
  CHECK(begun.capacity() == 100);
  CHECK(begun == frames(3, 3));
  uut.give_back(frames(50, 50));
  uut.lend_to(begun);
  CHECK(begun.capacity() == 100);
  CHECK(lent_by(uut) == 50);
}

TEST_CASE("little now and then does not cost the buffer") {
  frame_memory uut;
  for (int i = 0; i < 3 * frame_memory::max_small_uses; ++i) {
    uut.give_back(frames(100, i % 32 == 0 ? 25 : 24));
    CHECK(lent_by(uut) == 100);
  }
}

TEST_CASE("what one burst has taken is not kept for ever") {
  frame_memory uut;
  for (int i = 0; i < frame_memory::max_small_uses; ++i) {
    uut.give_back(frames(100, 24));
    CHECK(lent_by(uut) == 100);
  }
  uut.give_back(frames(100, 24));
  CHECK(lent_by(uut) == 0);
}

TEST_CASE("the larger of two buffers is kept") {
  frame_memory uut;
  uut.give_back(frames(100, 100));
  uut.give_back(frames(200, 200));
  uut.give_back(frames(150, 150));
  CHECK(lent_by(uut) == 200);
}
