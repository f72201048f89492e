#include <node_proxy/protocol/wire/frame.hpp>

#include <doctest/doctest.h>

#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/wire/bare_types.hpp>

#include "support/frames.hpp"
#include "support/octets.hpp"

using namespace test;

namespace {

bytes framed(bytes_view body) {
  bytes result;
  append_frame(result, body);
  return result;
}

// All bodies that are complete, and the error after them if there is one.
std::vector<bytes> poll_all(deframer& frames,
                            std::optional<frame_error>& error) {
  std::vector<bytes> result;
  for (;;) {
    auto body = frames.poll_body();
    if (!body) {
      error = body.error();
      return result;
    }
    if (!*body)
      return result;
    result.push_back(to_bytes(**body));
  }
}

std::string parse_text(bytes_view body) {
  auto result = parse_body(body);
  return std::string{result ? "ok" : to_string(result.error())};
}

// tag, number, cipher and length of a sealed body
bytes sealed_header(std::uint64_t tag, std::uint64_t number,
                    std::uint64_t cipher, std::uint64_t length) {
  bytes result;
  for (auto value : {tag, number, cipher, length})
    append_uint(result, value);
  return result;
}

bytes sealed_body(std::uint64_t tag, std::uint64_t number,
                  std::uint64_t cipher) {
  return joined(sealed_header(tag, number, cipher, 20), numbered(20));
}

} // namespace

TEST_CASE("a frame is its length and its body") {
  CHECK(to_hex(framed(numbered(3, 0xa0))) == "03000000a0a1a2");
  CHECK(to_hex(framed(numbered(0x0102))).starts_with("020100000001"));
  bytes out = numbered(1);
  append_handshake_frame(out, frame_kind::handshake_reply, numbered(200));
  CHECK(to_hex(out).starts_with("00cb00000001c80100010203"));
  CHECK(out.size() == 1 + 4 + 3 + 200);
}

TEST_CASE("a stream may be split anywhere") {
  std::vector<bytes> bodies{numbered(1), numbered(300), numbered(2, 7)};
  bytes stream;
  for (const auto& body : bodies)
    append_frame(stream, body);
  for (std::size_t split = 0; split <= stream.size(); ++split) {
    INFO("split at ", split);
    deframer frames{300};
    std::optional<frame_error> error;
    frames.handle_input(bytes_view{stream}.first(split));
    auto result = poll_all(frames, error);
    frames.handle_input(bytes_view{stream}.subspan(split));
    auto rest = poll_all(frames, error);
    result.insert(result.end(), rest.begin(), rest.end());
    CHECK_FALSE(error);
    CHECK(result == bodies);
    CHECK(frames.buffered() == 0);
  }
}

TEST_CASE("a stream may come in pieces of any size") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    INFO("seed ", seed);
    auto random = seeded(seed);
    auto largest = std::uint64_t{1} << random.below(12);
    std::vector<bytes> bodies;
    bytes stream;
    for (auto count = random.below(60); count > 0; --count) {
      bodies.push_back(random_bytes(random, 1 + random.below(largest)));
      append_frame(stream, bodies.back());
    }
    auto piece = std::uint64_t{2} << random.below(14);
    auto poll_often = random.below(2) == 0;
    deframer frames{largest};
    std::optional<frame_error> error;
    std::vector<bytes> result;
    std::size_t polled = 0;
    for (bytes_view rest{stream}; !rest.empty();) {
      auto size = std::min<std::size_t>(random.below(piece), rest.size());
      frames.handle_input(rest.first(size));
      rest = rest.subspan(size);
      // Bodies may also be taken out one at a time, or late.
      if (poll_often || random.below(4) == 0)
        if (auto body = frames.poll_body(); body && *body)
          result.push_back(to_bytes(**body));
      polled = 0;
      for (const auto& body : result)
        polled += body.size() + frame_length_size;
      CHECK(frames.buffered() == stream.size() - rest.size() - polled);
    }
    for (auto& body : poll_all(frames, error))
      result.push_back(std::move(body));
    CHECK_FALSE(error);
    CHECK(result == bodies);
    CHECK(frames.buffered() == 0);
  }
}

TEST_CASE("lengths have limits") {
  auto poll = [](std::string_view input) {
    deframer frames{1000};
    auto octets = hex(input);
    frames.handle_input(octets);
    auto body = frames.poll_body();
    CHECK(frames.poll_body().has_value() == body.has_value());
    return std::string{body ? "ok" : to_string(body.error())};
  };
  CHECK(poll("000000") == "ok");
  CHECK(poll("00000000") == "length_zero");
  CHECK(poll("01000000") == "ok");
  CHECK(poll("e8030000") == "ok");
  CHECK(poll("e9030000") == "length_over_limit");
  CHECK(poll("00000100") == "length_over_limit");
  CHECK(poll("00000080") == "length_over_limit");
  CHECK(poll("ffffffff") == "length_over_limit");
}

TEST_CASE("a body as long as the limit is taken, after any error nothing is") {
  deframer frames{limits::frame_body};
  auto body = numbered(limits::frame_body);
  auto stream = joined(framed(body), hex("ffffffff"));
  frames.handle_input(stream);
  std::optional<frame_error> error;
  CHECK(poll_all(frames, error) == std::vector<bytes>{body});
  CHECK(error == frame_error::length_over_limit);
  auto late = framed(numbered(3));
  frames.handle_input(late);
  frames.set_max_body(0xffffffff);
  CHECK(frames.poll_body().error() == frame_error::length_over_limit);
  CHECK(frames.buffered() == 0);
}

TEST_CASE("the limit may change between two frames of one input") {
  deframer frames{10};
  auto stream = joined(framed(numbered(10)), framed(numbered(11)));
  frames.handle_input(stream);
  CHECK(frames.poll_body().value().value().size() == 10);
  frames.set_max_body(11);
  CHECK(frames.poll_body().value().value().size() == 11);
}

TEST_CASE("what is not taken out may outlive its input") {
  deframer frames{100};
  {
    auto stream = joined(framed(numbered(10)), framed(numbered(20)));
    frames.handle_input(stream);
    CHECK(frames.poll_body().value().value().size() == 10);
    frames.keep_rest();
  }
  CHECK(frames.buffered() == frame_length_size + 20);
  CHECK(to_bytes(frames.poll_body().value().value()) == numbered(20));
  CHECK(frames.buffered() == 0);
}

TEST_CASE("only a body that two inputs have parts of is copied") {
  auto first = joined(framed(numbered(10)), framed(numbered(30)));
  auto second = joined(bytes_view{first}.last(20),
                       joined(framed(numbered(40)), framed(numbered(50))));
  first.resize(first.size() - 20);
  auto lies_in = [](bytes_view body, bytes_view input) {
    return body.data() >= input.data()
           && body.data() + body.size() <= input.data() + input.size();
  };
  deframer frames{100};
  frames.handle_input(first);
  CHECK(lies_in(frames.poll_body().value().value(), first));
  CHECK_FALSE(frames.poll_body().value());
  frames.handle_input(second);
  CHECK(to_bytes(frames.poll_body().value().value()) == numbered(30));
  for (auto size : {std::size_t{40}, std::size_t{50}}) {
    auto body = frames.poll_body().value().value();
    CHECK(to_bytes(body) == numbered(size));
    CHECK(lies_in(body, second));
  }
}

TEST_CASE("many small frames and single octets are no trouble") {
  bytes stream;
  for (int i = 0; i < 200'000; ++i)
    append_frame(stream, numbered(1));
  deframer frames{limits::frame_body};
  frames.handle_input(stream);
  std::size_t count = 0;
  for (auto body = frames.poll_body(); *body; body = frames.poll_body())
    ++count;
  CHECK(count == 200'000);
  stream = framed(numbered(limits::frame_body));
  for (std::size_t i = 0; i < stream.size(); ++i) {
    CHECK_FALSE(frames.poll_body().value());
    frames.handle_input(bytes_view{stream}.subspan(i, 1));
  }
  CHECK(frames.poll_body().value().value().size() == limits::frame_body);
}

TEST_CASE("a message of the handshake is parsed") {
  for (auto kind : {frame_kind::handshake_init, frame_kind::handshake_reply}) {
    bytes frame;
    append_handshake_frame(frame, kind, numbered(130));
    auto parsed = parse_body(bytes_view{frame}.subspan(4));
    REQUIRE(parsed);
    CHECK(parsed->kind == kind);
    CHECK(to_hex(parsed->payload) == to_hex(numbered(130)));
    CHECK(parsed->ciphertext.empty());
  }
  CHECK(parse_text(hex("0000")) == "ok");
}

TEST_CASE("a sealed body is parsed") {
  for (auto number :
       {std::uint64_t{0}, std::uint64_t{300}, limits::sequence_end - 1}) {
    auto body = sealed_body(3, number, 2);
    auto parsed = parse_body(body);
    REQUIRE(parsed);
    CHECK(parsed->kind == frame_kind::unreliable);
    CHECK(parsed->number == number);
    CHECK(parsed->cipher == cipher_suite::aes256_gcm);
    CHECK(to_hex(parsed->ciphertext) == to_hex(numbered(20)));
    CHECK(joined(parsed->associated_data, parsed->ciphertext) == body);
    CHECK(parsed->payload.empty());
  }
}

TEST_CASE("a body that is cut off or goes on is malformed") {
  for (const auto& body : {sealed_body(2, 300, 1), hex("0003010203")}) {
    REQUIRE(parse_text(body) == "ok");
    for (std::size_t size = 0; size < body.size(); ++size)
      CHECK(parse_text(bytes_view{body}.first(size)) == "malformed");
    CHECK(parse_text(joined(body, numbered(1))) == "malformed");
  }
  auto short_tag = joined(sealed_header(2, 0, 1, 15), numbered(15));
  CHECK(parse_text(short_tag) == "malformed");
  auto only_tag = joined(sealed_header(2, 0, 1, 16), numbered(16));
  CHECK(parse_text(only_tag) == "ok");
  auto endless = sealed_header(2, 0, 1, ~std::uint64_t{0});
  CHECK(parse_text(endless) == "malformed");
}

TEST_CASE("a body says what is wrong with it") {
  CHECK(parse_text(sealed_body(5, 0, 1)) == "unknown_kind");
  CHECK(parse_text(sealed_body(~std::uint64_t{0}, 0, 1)) == "unknown_kind");
  CHECK(parse_text(sealed_body(2, 0, 0)) == "null_cipher");
  CHECK(parse_text(sealed_body(2, 0, 3)) == "unknown_cipher");
  CHECK(parse_text(sealed_body(2, limits::sequence_end, 1))
        == "number_too_large");
  CHECK(parse_text(sealed_body(4, ~std::uint64_t{0}, 1)) == "number_too_large");
}

TEST_CASE("a number in more octets than it needs is malformed") {
  auto rest = to_hex(numbered(20));
  REQUIRE(parse_text(hex("02000114" + rest)) == "ok");
  CHECK(parse_text(hex("8200000114" + rest)) == "malformed");
  CHECK(parse_text(hex("0280000114" + rest)) == "malformed");
  CHECK(parse_text(hex("0200810014" + rest)) == "malformed");
  CHECK(parse_text(hex("0200019400" + rest)) == "malformed");
  CHECK(parse_text(hex("8000"
                       "0101"))
        == "malformed");
  CHECK(parse_text(hex("00"
                       "810001"))
        == "malformed");
}
