#include <node_proxy/base/fifo.hpp>

#include <deque>
#include <memory>

#include <doctest/doctest.h>

#include "support/octets.hpp"

using namespace test;

TEST_CASE("a fifo does what a deque does") {
  auto random = seeded(1);
  fifo<std::uint64_t> uut;
  std::deque<std::uint64_t> model;
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    // Grows for a while, shrinks for a while, runs empty now and then.
    auto pushes = random.below(10) < (i / 1'000 % 2 == 0 ? 6u : 3u);
    if (pushes) {
      uut.push_back(i);
      model.push_back(i);
    } else if (!model.empty()) {
      CHECK(uut.take_front() == model.front());
      model.pop_front();
    }
    REQUIRE(uut.size() == model.size());
    REQUIRE(uut.empty() == model.empty());
    if (!model.empty()) {
      CHECK(uut.front() == model.front());
      CHECK(uut.back() == model.back());
      CHECK(uut[model.size() / 2] == model[model.size() / 2]);
    }
  }
}

TEST_CASE("a fifo releases what goes out at once") {
  fifo<std::shared_ptr<int>> uut;
  auto first = std::make_shared<int>(1);
  auto second = std::make_shared<int>(2);
  uut.push_back(first);
  uut.push_back(second);
  uut.pop_front();
  CHECK(first.use_count() == 1);
  CHECK(second.use_count() == 2);
}

TEST_CASE("a part of a fifo is removed") {
  fifo<int> uut;
  for (int i = 0; i < 10; ++i)
    uut.push_back(i);
  uut.pop_front();
  uut.erase_if([](int x) { return x % 2 == 0; });
  CHECK(std::ranges::equal(uut, std::vector{1, 3, 5, 7, 9}));
  uut.erase_from(uut.begin() + 2);
  CHECK(std::ranges::equal(uut, std::vector{1, 3}));
  uut.erase_from(uut.begin());
  CHECK(uut.empty());
}

TEST_CASE("a fifo that runs empty leaves its memory to the next one") {
  auto fill = [](auto& x) {
    for (std::uint64_t i = 0; i < 1'000; ++i)
      x.push_back(i);
    return x.begin();
  };
  auto drain = [](auto& x) {
    while (!x.empty())
      x.pop_front();
  };
  fifo<std::uint64_t> first;
  fifo<std::uint64_t> second;
  auto memory = fill(first);
  drain(first);
  CHECK(fill(second) == memory);
  drain(second);
  // It does not grow to its size step by step again.
  first.push_back(1);
  CHECK(first.begin() == memory);
}

TEST_CASE("a short fifo keeps its memory") {
  fifo<std::uint64_t> uut;
  uut.push_back(1);
  auto memory = uut.begin();
  uut.pop_front();
  // Whoever wants as much gets something else.
  auto other = std::make_unique<std::uint64_t>(2);
  uut.push_back(3);
  CHECK(uut.begin() == memory);
}
