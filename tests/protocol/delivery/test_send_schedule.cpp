#include <node_proxy/protocol/delivery/send_schedule.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <string>

#include <doctest/doctest.h>

using namespace node_proxy;
using namespace node_proxy::internal;

namespace {

/// Somebody with messages of one size to send.
struct sender {
  std::string name;
  std::size_t size = 0;
  std::uint64_t left = 0;
  send_turn turn = {};
};

struct fixture {
  std::deque<sender> all;
  send_schedule<sender> uut;

  sender& add(std::string name, std::size_t size, std::uint64_t count) {
    all.push_back({std::move(name), size, 0});
    want(all.back(), count);
    return all.back();
  }

  void want(sender& x, std::uint64_t count) {
    x.left += count;
    uut.add(x);
  }

  /// The next messages that are sent, by the names of their senders.
  std::string sent(std::uint64_t count) {
    std::string result;
    while (result.size() < count) {
      auto x = uut.next();
      if (x == nullptr)
        break;
      if (x->left == 0) {
        uut.handle_done(*x);
        continue;
      }
      --x->left;
      uut.handle_sent(*x, x->size);
      result += x->name;
      bytes[x->name] += x->size;
    }
    return result;
  }

  std::map<std::string, std::size_t> bytes;
};

constexpr std::size_t turn = limits::fragment;

} // namespace

TEST_CASE_FIXTURE(fixture, "one alone sends all") {
  CHECK(uut.next() == nullptr);
  auto& a = add("a", turn, 3);
  CHECK(sent(9) == "aaa");
  want(a, 1);
  CHECK(sent(9) == "a");
  CHECK(uut.next() == nullptr);
}

TEST_CASE_FIXTURE(fixture, "all take turns of as many bytes") {
  add("a", turn / 4, 100);
  add("b", turn, 100);
  add("c", turn / 2, 100);
  CHECK(sent(14) == "aaaabccaaaabcc");
}

TEST_CASE_FIXTURE(fixture, "who sent too much has less the next time") {
  add("a", turn * 3 / 4, 100);
  add("b", turn, 100);
  // Two of them are more than a turn by half, which is made up for.
  CHECK(sent(10) == "aabababaab");
  sent(70);
  CHECK(bytes["a"] < bytes["b"] + 2 * turn);
  CHECK(bytes["b"] < bytes["a"] + 2 * turn);
}

TEST_CASE_FIXTURE(fixture, "who had nothing to send before goes first") {
  add("a", turn, 100);
  add("b", turn, 100);
  CHECK(sent(4) == "abab");
  add("c", 100, 1);
  CHECK(sent(3) == "cab");
  // That is for one turn.
  add("d", turn, 3);
  CHECK(sent(7) == "dadbadb");
}

TEST_CASE_FIXTURE(fixture,
                  "who sends a little again and again holds up nobody") {
  add("a", turn, 1'000);
  for (auto i = 0; i < 50; ++i)
    all.push_back({"s", 100});
  std::string all_sent;
  for (auto round = 0; round < 100; ++round) {
    for (auto& x : all)
      if (x.left == 0)
        want(x, 1);
    all_sent += sent(10);
  }
  // All of them go before it once, and each once more in its turn.
  CHECK(std::ranges::count(all_sent, 'a') > 5);
}

TEST_CASE_FIXTURE(fixture, "nobody starves") {
  for (auto i = 0; i < 26; ++i)
    all.push_back({std::string(1, static_cast<char>('a' + i)), turn, 1'000});
  for (auto& x : all)
    uut.add(x);
  sent(2'600);
  CHECK(bytes.size() == 26);
  for (const auto& [name, size] : bytes)
    CHECK(size == 100 * turn);
}

TEST_CASE_FIXTURE(fixture, "who is no more has no turn") {
  auto& a = add("a", turn, 100);
  auto& b = add("b", turn, 100);
  auto& c = add("c", turn, 100);
  SUBCASE("before the first one") {
    uut.remove(b);
    CHECK(sent(4) == "acac");
  }
  SUBCASE("after it") {
    CHECK(sent(4) == "abca");
    uut.remove(b);
    CHECK(sent(4) == "caca");
  }
  uut.remove(b);
  uut.remove(a);
  uut.remove(c);
  CHECK(uut.next() == nullptr);
  uut.add(b);
  CHECK(sent(1) == "b");
}

TEST_CASE("all begin anew in another schedule") {
  sender a{"a", turn, 100};
  sender b{"b", turn, 100};
  {
    send_schedule<sender> first;
    first.add(a);
    first.add(b);
    CHECK(first.next() == &a);
    first.handle_sent(a, turn);
    CHECK(first.next() == &b);
  }
  send_schedule<sender> uut;
  uut.add(b);
  uut.add(a);
  CHECK(uut.next() == &b);
}
