#include <node_proxy/protocol/wire/chunk_list.hpp>

#include <doctest/doctest.h>

#include <node_proxy/protocol/session/session.hpp>
#include <node_proxy/protocol/wire/bare.hpp>

#include "support/chunks.hpp"
#include "support/octets.hpp"

using namespace test;

TEST_CASE("a list of chunks is as long as it says") {
  for (std::size_t count : {1u, 2u, 127u, 128u, 129u, 400u}) {
    auto data = numbered(count);
    auto view = bytes_view{data};
    chunk_list uut;
    for (std::size_t i = 0; i < count; ++i) {
      auto expected_size = uut.size_with(3 * i, i);
      uut.add(3 * i, i % 2 == 0, view.first(i));
      CHECK(uut.encoded_size() == expected_size);
    }
    auto octets = encoded(uut);
    CHECK(octets.size() == uut.encoded_size());
    auto decoded = decode<std::vector<chunk_view>>(octets).value();
    REQUIRE(decoded.size() == count);
    for (std::size_t i = 0; i < count; ++i) {
      CHECK(decoded[i].channel == 3 * i);
      CHECK(decoded[i].last == (i % 2 == 0));
      CHECK(to_bytes(decoded[i].chunk) == to_bytes(view.first(i)));
    }
  }
}

TEST_CASE("a chunk may lie in both parts of a message") {
  auto data = numbered(20);
  auto message = split(data, 7);
  for (std::size_t offset = 0; offset < data.size(); ++offset)
    for (std::size_t size = 0; offset + size <= data.size(); ++size) {
      chunk_list uut;
      uut.add(5, true, message, offset, size);
      auto octets = encoded(uut);
      auto decoded = decode<std::vector<chunk_view>>(octets).value();
      auto part = bytes_view{data}.subspan(offset, size);
      CHECK(to_bytes(decoded.at(0).chunk) == to_bytes(part));
    }
}
