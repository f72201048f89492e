#include "shared_answer.hpp"

#include <atomic>
#include <future>
#include <vector>

#include <doctest/doctest.h>

#include "support/comes_true.hpp"

using namespace node_proxy;
using namespace node_proxy::tools;
using namespace std::chrono_literals;

namespace {

struct fixture {
  shared_answer::answer make() {
    ++made;
    now += takes;
    if (fails)
      return tl::unexpected{"error " + std::to_string(made)};
    return std::to_string(made);
  }

  shared_answer::clock::time_point now{1h};
  std::chrono::milliseconds takes{0};
  int made = 0;
  bool fails = false;
  shared_answer uut{250ms, [this] { return make(); },
                    [this] {
                      return now;
                    }};
};

} // namespace

TEST_CASE_FIXTURE(fixture, "an answer is made once in its lifetime") {
  CHECK(made == 0);
  CHECK(uut.get() == "1");
  now += 249ms;
  CHECK(uut.get() == "1");
  now += 1ms;
  CHECK(uut.get() == "2");
  CHECK(made == 2);
}

TEST_CASE_FIXTURE(fixture, "what takes long to make does not count as old") {
  takes = 10s;
  CHECK(uut.get() == "1");
  now += 249ms;
  CHECK(uut.get() == "1");
}

TEST_CASE_FIXTURE(fixture, "an error is an answer as well") {
  fails = true;
  CHECK(uut.get().error() == "error 1");
  CHECK(uut.get().error() == "error 1");
  fails = false;
  now += 250ms;
  CHECK(uut.get() == "2");
}

TEST_CASE("who asks while an answer is made waits for that one") {
  constexpr int count = 8;
  std::promise<void> gate;
  auto opened = gate.get_future().share();
  std::atomic<int> asked = 0;
  std::atomic<int> made = 0;
  shared_answer uut{1h, [&]() -> shared_answer::answer {
                      opened.wait();
                      return std::to_string(++made);
                    }};
  std::vector<std::future<shared_answer::answer>> all;
  for (int i = 0; i < count; ++i)
    all.push_back(std::async(std::launch::async, [&] {
      ++asked;
      return uut.get();
    }));
  CHECK(test::comes_true([&] { return asked == count; }));
  gate.set_value();
  for (auto& x : all)
    CHECK(x.get() == "1");
}
