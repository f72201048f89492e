#include <node_proxy/base/atomic_lock.hpp>

#include <array>
#include <thread>

#include <doctest/doctest.h>

using namespace node_proxy::internal;

TEST_CASE("one thread at a time has the lock") {
  atomic_lock lock;
  long count = 0;
  auto add_many = [&] {
    for (int i = 0; i < 100'000; ++i) {
      atomic_guard guard{lock};
      ++count;
    }
  };
  std::array threads{std::thread{add_many}, std::thread{add_many},
                     std::thread{add_many}};
  for (auto& x : threads)
    x.join();
  CHECK(count == 300'000);
}
