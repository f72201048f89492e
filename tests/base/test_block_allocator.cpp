#include <node_proxy/base/block_allocator.hpp>

#include <cstring>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <node_proxy/base/large_blocks.hpp>
#include <node_proxy/base/shared_bytes.hpp>

namespace node_proxy {

namespace {

constexpr std::size_t block = 64 * 1024;

} // namespace

TEST_CASE("sizes of blocks waste at most a quarter and are numbered") {
  std::size_t last = 0;
  for (auto size = detail::block_cache::min_block;
       size <= detail::max_large_block; size += 16 + size / 10'000) {
    auto rounded = detail::block_size(size);
    CHECK(rounded >= size);
    CHECK(rounded <= size + size / 4);
    CHECK(detail::block_size(rounded) == rounded);
    auto index = detail::block_index(rounded);
    if (last != 0 && index != last)
      CHECK(index == last + 1);
    last = index;
  }
}

TEST_CASE("a block is used again for what is about as large") {
  block_allocator<std::byte> uut;
  auto first = uut.allocate(block);
  std::memset(first, 1, block);
  uut.deallocate(first, block);
  auto second = uut.allocate(block - 100);
  CHECK(second == first);
  auto third = uut.allocate(block);
  CHECK(third != first);
  uut.deallocate(third, block);
  uut.deallocate(second, block - 100);
}

TEST_CASE("not all that is given back is kept") {
  auto& here = *detail::block_cache::here();
  auto size = detail::block_size(block);
  std::vector<void*> kept;
  for (std::size_t sum = 0; sum <= 8u << 20; sum += size) {
    auto x = ::operator new(size);
    if (!here.keep(x, size)) {
      ::operator delete(x);
      break;
    }
    kept.push_back(x);
  }
  CHECK(kept.size() <= (8u << 20) / size);
  while (auto x = here.take(size))
    ::operator delete(x);
}

TEST_CASE("a large block is used again, whichever thread gave it back") {
  constexpr std::size_t size = 3 * 1024 * 1024;
  block_allocator<std::byte> uut;
  auto first = uut.allocate(size);
  std::thread{[&] {
    uut.deallocate(first, size);
  }}.join();
  auto second = uut.allocate(size);
  CHECK(second == first);
  auto third = uut.allocate(size);
  CHECK(third != first);
  uut.deallocate(third, size);
  uut.deallocate(second, size);
}

TEST_CASE("of large blocks the last ones are kept, within limits") {
  using detail::large_blocks;
  large_blocks uut;
  std::vector<void*> given;
  auto give = [&](std::size_t size) {
    given.push_back(::operator new(size));
    uut.keep(given.back(), size);
  };
  auto takes = [&](std::size_t size, void* which) {
    auto taken = uut.take(size);
    auto is_that = taken == which;
    ::operator delete(taken);
    return is_that;
  };
  constexpr auto small = detail::block_size(detail::block_cache::max_block + 1);
  SUBCASE("the oldest ones make way") {
    for (std::size_t sum = 0; sum <= large_blocks::max_kept; sum += small)
      give(small);
    for (auto i = given.size(); i-- > 1;)
      CHECK(takes(small, given[i]));
    CHECK(takes(small, nullptr));
  }
  SUBCASE("for large ones as many as it takes") {
    for (std::size_t sum = 0; sum + small <= large_blocks::max_kept;
         sum += small)
      give(small);
    give(detail::max_large_block);
    CHECK(takes(detail::max_large_block, given.back()));
    std::size_t left = 0;
    while (!takes(small, nullptr))
      ++left;
    CHECK(left == (large_blocks::max_kept - detail::max_large_block) / small);
  }
  SUBCASE("only one of the same size will do") {
    give(small);
    CHECK(takes(detail::max_large_block, nullptr));
    CHECK(takes(small, given.front()));
  }
}

TEST_CASE("payloads of any size come and go") {
  std::vector<shared_bytes> held;
  for (std::size_t size : {1u, 100u, 4'095u, 4'096u, 4'097u, 65'535u, 1u << 20,
                           2u << 20, (2u << 20) + 1, 3u << 20, (20u << 20) + 1})
    for (int i = 0; i < 3; ++i) {
      bytes content(size, static_cast<std::byte>(i + 1));
      held.push_back(shared_bytes{bytes_view{content}});
      if (i == 1)
        held.erase(held.end() - 2);
      CHECK(held.back() == shared_bytes{content});
    }
}

} // namespace node_proxy
