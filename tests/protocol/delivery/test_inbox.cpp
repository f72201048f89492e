#include <node_proxy/protocol/delivery/inbox.hpp>

#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/wire/bare_types.hpp>
#include <node_proxy/protocol/wire/message_data.hpp>

#include "support/octets.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

constexpr auto fragment = limits::fragment;
constexpr auto overhead = limits::message_overhead;

template <class T>
std::string text_of(const expected<T, inbox_error>& result) {
  return std::string{result ? "ok" : to_string(result.error())};
}

/// Octets that begin as a message does which says that it is very long.
bytes announcing(std::size_t size) {
  constexpr std::uint8_t begin[]{0, 0xff, 0xff, 0xff, 0xff, 0x7f};
  bytes result(size);
  std::ranges::copy(
    std::as_bytes(std::span{begin}).first(std::min(size, sizeof(begin))),
    result.begin());
  return result;
}

struct fixture {
  inbox uut{300'000, 250'000};
  steady_time now{1s};

  fixture() { resume(1, 0); }

  std::string resume(std::uint64_t epoch, std::uint64_t first) {
    return text_of(uut.handle_resume(epoch, first));
  }

  std::string chunk(std::uint64_t seq, bool is_last, std::size_t size) {
    auto data = announcing(size);
    auto result = uut.handle_chunk(seq, is_last, data);
    if (result && *result) {
      last = (*result)->id;
      arrived_ += (arrived_.empty() ? "" : " ") + std::to_string(last.first)
                  + ":" + std::to_string((*result)->data.size());
    }
    return text_of(result);
  }

  std::string void_range(std::uint64_t from, std::uint64_t to) {
    return text_of(uut.handle_void({from, to}, now));
  }

  std::string settled(std::uint64_t next) {
    return text_of(uut.handle_settled({next}, now));
  }

  /// The messages that came out, as "number:size".
  std::string arrived() { return std::exchange(arrived_, {}); }

  void finish(std::uint64_t first,
              std::optional<control::reject_reason> reason = {}) {
    uut.handle_finished({last.generation, first}, reason, now);
  }

  /// "next rejects".
  std::string acked() {
    auto ack = uut.take_ack();
    auto result = std::to_string(ack.next);
    for (const auto& [seq, reason] : ack.rejects)
      result +=
        " " + std::to_string(seq) + "=" + std::string{to_string(reason)};
    return result;
  }

  reliable_id last;

private:
  std::string arrived_;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "a message is acknowledged when it was taken") {
  CHECK(uut.idle());
  CHECK(chunk(0, true, 10) == "ok");
  CHECK(arrived() == "0:10");
  CHECK_FALSE(uut.idle());
  CHECK_FALSE(uut.ack_wanted_since());
  CHECK(acked() == "0");
  finish(0);
  CHECK(uut.ack_wanted_since() == now);
  CHECK(uut.unacknowledged() == 10 + overhead);
  CHECK(uut.idle());
  CHECK(acked() == "1");
  CHECK_FALSE(uut.ack_wanted_since());
  CHECK(uut.unacknowledged() == 0);
}

TEST_CASE_FIXTURE(fixture, "messages are acknowledged in order") {
  for (std::uint64_t seq = 0; seq < 4; ++seq)
    CHECK(chunk(seq, true, 10) == "ok");
  CHECK(arrived() == "0:10 1:10 2:10 3:10");
  finish(2);
  finish(1);
  CHECK(acked() == "0");
  finish(0);
  CHECK(acked() == "3");
  finish(3);
  finish(3);
  CHECK(acked() == "4");
}

TEST_CASE_FIXTURE(fixture, "fragments are put together") {
  CHECK(chunk(0, false, fragment) == "ok");
  CHECK(chunk(1, false, fragment) == "ok");
  CHECK(arrived().empty());
  CHECK_FALSE(uut.idle());
  CHECK(chunk(2, true, 1) == "ok");
  CHECK(arrived() == "0:130001");
  finish(1);
  CHECK(acked() == "0");
  finish(0);
  CHECK(acked() == "3");
}

TEST_CASE_FIXTURE(fixture, "the content of fragments") {
  auto data = announcing(fragment);
  auto rest = numbered(300, 9);
  data.insert(data.end(), rest.begin(), rest.end());
  CHECK(uut.handle_chunk(0, false, bytes_view{data}.first(fragment)));
  auto whole = uut.handle_chunk(1, true, bytes_view{data}.subspan(fragment));
  CHECK(to_bytes(whole.value()->data) == data);
}

TEST_CASE_FIXTURE(fixture, "what arrived before is ignored") {
  CHECK(chunk(0, true, 10) == "ok");
  CHECK(chunk(1, false, fragment) == "ok");
  CHECK(chunk(0, true, 10) == "ok");
  CHECK(chunk(1, false, fragment) == "ok");
  CHECK(void_range(0, 1) == "ok");
  CHECK(chunk(2, true, 5) == "ok");
  CHECK(void_range(1, 3) == "ok");
  CHECK(arrived() == "0:10 1:65005");
}

TEST_CASE_FIXTURE(fixture, "chunks that cannot be right are refused") {
  CHECK(chunk(1, true, 10) == "out_of_order");
  CHECK(chunk(0, true, 0) == "empty_chunk");
  CHECK(chunk(0, false, fragment - 1) == "bad_fragment");
  CHECK(chunk(0, false, fragment + 1) == "bad_fragment");
  CHECK(chunk(0, true, fragment + 1) == "bad_fragment");
  CHECK(resume(2, limits::sequence_end + 1) == "bad_range");
  CHECK(resume(2, limits::sequence_end) == "ok");
  CHECK(chunk(limits::sequence_end, true, 1) == "bad_range");
  CHECK(arrived().empty());
}

TEST_CASE_FIXTURE(fixture, "more than the window is refused") {
  auto half = 150'000 - overhead;
  CHECK(chunk(0, false, fragment) == "ok");
  CHECK(chunk(1, false, fragment) == "ok");
  CHECK(chunk(2, true, half - 2 * fragment) == "ok");
  CHECK(chunk(3, false, fragment) == "ok");
  CHECK(chunk(4, false, fragment) == "ok");
  SUBCASE("by one byte") {
    CHECK(chunk(5, true, half - 2 * fragment + 1) == "beyond_window");
  }
  SUBCASE("by another message") {
    CHECK(chunk(5, true, half - 2 * fragment) == "ok");
    CHECK(chunk(6, true, 1) == "beyond_window");
  }
  SUBCASE("unless there is room again") {
    CHECK(chunk(5, true, half - 2 * fragment) == "ok");
    CHECK(arrived() == "0:149872 3:149872");
    finish(0);
    CHECK(chunk(6, true, 1) == "ok");
  }
}

TEST_CASE("a lone message may exceed the window, but not the limit") {
  inbox uut{1'000, 100'000};
  CHECK(uut.handle_resume(1, 0));
  CHECK(uut.handle_chunk(0, false, announcing(fragment)));
  auto whole = uut.handle_chunk(1, true, bytes(100'000 - fragment)).value();
  CHECK(whole->data.size() == 100'000);
  CHECK_FALSE(uut.handle_chunk(2, true, bytes(1)));
  uut.handle_finished(whole->id, {}, 1s);
  // One byte too long: it comes out without its data, to be rejected.
  CHECK(uut.handle_chunk(2, false, announcing(fragment)));
  auto longer = uut.handle_chunk(3, true, bytes(100'001 - fragment)).value();
  CHECK(longer->data.empty());
}

TEST_CASE("a message that is far too long takes no memory") {
  inbox uut{1'000, 100'000};
  CHECK(uut.handle_resume(1, 0));
  for (std::uint64_t seq = 0; seq < 1'000; ++seq)
    CHECK(uut.handle_chunk(seq, false, announcing(fragment)));
  auto whole = uut.handle_chunk(1'000, true, bytes(1)).value();
  CHECK(whole->gathered.capacity() == 0);
}

TEST_CASE("fragments take no more memory than the limit or was announced") {
  auto announced = 2 * fragment;
  SUBCASE("when the limit is lower") {
    announced = 100 * fragment;
  }
  SUBCASE("when less was announced") {}
  auto limit = announced == 2 * fragment ? 9 * fragment : 2 * fragment;
  inbox uut{10 * fragment, limit};
  REQUIRE(uut.handle_resume(1, 0));
  bytes data{std::byte{0}};
  append_uint(data, announced - 4);
  data.resize(fragment);
  REQUIRE(uut.handle_chunk(0, false, data));
  auto result = uut.handle_chunk(1, true, data).value();
  REQUIRE(result);
  CHECK(result->data.size() == 2 * fragment);
  CHECK(result->gathered.capacity() == 2 * fragment);
}

TEST_CASE("a message that is longer than it says takes no memory") {
  inbox uut{10 * fragment, 9 * fragment};
  REQUIRE(uut.handle_resume(1, 0));
  bytes data{std::byte{0}};
  append_uint(data, fragment);
  data.resize(fragment);
  REQUIRE(uut.handle_chunk(0, false, data));
  REQUIRE(uut.handle_chunk(1, false, data));
  REQUIRE(uut.handle_chunk(2, false, data));
  auto result = uut.handle_chunk(3, true, data).value();
  REQUIRE(result);
  CHECK(result->gathered.capacity() == 1);
  // Neither too long nor whole.
  CHECK_FALSE(result->data.empty());
  message_codec codec;
  CHECK_FALSE(codec.decode(result->data));
}

TEST_CASE_FIXTURE(fixture, "void ranges are consumed at once") {
  CHECK(void_range(0, 3) == "ok");
  CHECK(acked() == "3");
  CHECK(chunk(3, true, 10) == "ok");
  CHECK(void_range(4, 5) == "ok");
  CHECK(acked() == "3");
  CHECK(arrived() == "3:10");
  finish(3);
  CHECK(acked() == "5");
}

TEST_CASE_FIXTURE(fixture, "a void range drops the fragments before it") {
  CHECK(chunk(0, false, fragment) == "ok");
  CHECK(void_range(1, 3) == "ok");
  CHECK(uut.idle());
  CHECK(acked() == "3");
  CHECK(chunk(3, true, 7) == "ok");
  CHECK(arrived() == "3:7");
}

TEST_CASE_FIXTURE(fixture, "a void range may begin before what arrived") {
  CHECK(chunk(0, true, 10) == "ok");
  CHECK(void_range(0, 4) == "ok");
  CHECK(arrived() == "0:10");
  finish(0);
  CHECK(acked() == "4");
}

TEST_CASE_FIXTURE(fixture, "void ranges that cannot be right are refused") {
  CHECK(void_range(1, 2) == "out_of_order");
  CHECK(void_range(0, 0) == "bad_range");
  CHECK(void_range(3, 2) == "bad_range");
  CHECK(void_range(0, limits::sequence_end + 1) == "bad_range");
}

TEST_CASE_FIXTURE(fixture, "many void ranges are acknowledged as one") {
  CHECK(chunk(0, true, 10) == "ok");
  for (std::uint64_t seq = 1; seq < 100'000; ++seq)
    CHECK(uut.handle_void({seq, seq + 1}, now));
  CHECK(arrived() == "0:10");
  CHECK(chunk(100'000, true, 10) == "ok");
  CHECK(arrived() == "100000:10");
  finish(0);
  CHECK(acked() == "100000");
  finish(100'000);
  CHECK(acked() == "100001");
}

TEST_CASE_FIXTURE(fixture, "rejects are repeated until they are settled") {
  using enum control::reject_reason;
  for (std::uint64_t seq = 0; seq < 3; ++seq)
    CHECK(chunk(seq, true, 10) == "ok");
  CHECK(arrived() == "0:10 1:10 2:10");
  finish(0, unknown_engine);
  finish(1);
  finish(2, malformed);
  CHECK(uut.unsettled());
  CHECK(acked() == "3 0=unknown_engine 2=malformed");
  CHECK(acked() == "3 0=unknown_engine 2=malformed");
  CHECK(settled(1) == "ok");
  CHECK(acked() == "3 2=malformed");
  CHECK(settled(3) == "ok");
  CHECK_FALSE(uut.unsettled());
  CHECK(acked() == "3");
  CHECK(settled(4) == "beyond_received");
}

TEST_CASE("at 1,024 unsettled rejects nothing more is consumed") {
  inbox uut{10'000'000, 1'000};
  CHECK(uut.handle_resume(1, 0));
  constexpr std::uint64_t most = limits::unsettled_rejects;
  for (std::uint64_t seq = 0; seq < most + 2; ++seq) {
    auto message = uut.handle_chunk(seq, true, bytes(10)).value();
    uut.handle_finished(message->id, control::reject_reason::malformed, 1s);
  }
  auto ack = uut.take_ack();
  CHECK(ack.next == most);
  CHECK(ack.rejects.size() == most);
  CHECK_FALSE(uut.ack_wanted_since());
  CHECK(uut.handle_settled({1}, 2s));
  CHECK(uut.ack_wanted_since() == 2s);
  CHECK(uut.take_ack().next == most + 1);
  CHECK(uut.handle_settled({most}, 3s));
  ack = uut.take_ack();
  CHECK(ack.next == most + 2);
  CHECK(ack.rejects.size() == 2);
}

TEST_CASE_FIXTURE(fixture,
                  "what was acknowledged and forgotten is passed over") {
  // A connection of earlier times began the epoch again.
  CHECK(resume(2, 0) == "ok");
  CHECK(resume(2, 6) == "ok");
  CHECK(uut.received() == control::received_state{2, 0});
  CHECK(uut.handle_void({0, 6}, {}));
  CHECK(chunk(6, true, 10) == "ok");
  CHECK(arrived() == "6:10");
}

TEST_CASE_FIXTURE(fixture, "the same epoch goes on") {
  CHECK(chunk(0, true, 10) == "ok");
  CHECK(chunk(1, false, fragment) == "ok");
  CHECK(arrived() == "0:10");
  CHECK(uut.received() == control::received_state{1, 2});
  CHECK(resume(1, 0) == "ok");
  CHECK(chunk(2, true, 10) == "ok");
  CHECK(arrived() == "1:65010");
  finish(0);
  CHECK(resume(1, 1) == "ok");
  CHECK(resume(1, 2) == "beyond_received");
}

TEST_CASE_FIXTURE(fixture, "another epoch begins anew") {
  CHECK(chunk(0, true, 10) == "ok");
  CHECK(chunk(1, true, 20) == "ok");
  CHECK(arrived() == "0:10 1:20");
  auto before = last;
  finish(0, control::reject_reason::malformed);
  CHECK(resume(2, 7) == "ok");
  CHECK(uut.received() == control::received_state{2, 7});
  CHECK(uut.idle());
  CHECK_FALSE(uut.unsettled());
  CHECK_FALSE(uut.ack_wanted_since());
  CHECK(acked() == "7");
  CHECK(chunk(7, true, 30) == "ok");
  CHECK(arrived() == "7:30");
  uut.handle_finished({before.generation, 7}, {}, now);
  CHECK(acked() == "7");
  finish(7);
  CHECK(acked() == "8");
}

TEST_CASE_FIXTURE(fixture, "what engines hold of earlier epochs is counted") {
  CHECK(uut.orphaned() == 0);
  CHECK(chunk(0, true, 10) == "ok");
  CHECK(chunk(1, true, 20) == "ok");
  CHECK(arrived() == "0:10 1:20");
  auto first = last;
  finish(0);
  CHECK(resume(2, 0) == "ok");
  CHECK(uut.orphaned() == 20 + overhead);
  CHECK(chunk(0, true, 5) == "ok");
  CHECK(arrived() == "0:5");
  auto second = last;
  CHECK(resume(3, 0) == "ok");
  CHECK(uut.orphaned() == 25 + 2 * overhead);
  uut.handle_finished({first.generation, 0}, {}, now);
  CHECK(uut.orphaned() == 25 + 2 * overhead);
  uut.handle_finished({first.generation, 1}, {}, now);
  uut.handle_finished({first.generation, 1}, {}, now);
  CHECK(uut.orphaned() == 5 + overhead);
  uut.handle_finished({second.generation, 0}, {}, now);
  CHECK(uut.orphaned() == 0);
  CHECK_FALSE(uut.ack_wanted_since());
}

TEST_CASE("before the first connection nothing has been received") {
  inbox uut{1'000, 1'000};
  CHECK_FALSE(uut.received());
  CHECK(uut.idle());
}
