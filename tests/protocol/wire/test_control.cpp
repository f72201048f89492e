#include <node_proxy/protocol/wire/control.hpp>

#include <doctest/doctest.h>

#include "support/octets.hpp"

using namespace test;

namespace {

/// Every field of every frame has a value that is not its default.
std::vector<control::frame> some_frames() {
  node_advert advert;
  advert.id.data.fill(std::byte{7});
  advert.addrs.push_back({tcp_addr{ipv4{}, 9}, 3});
  advert.version = 1'000;
  advert.created.minutes = 5;
  advert.sig.data.fill(std::byte{9});
  using enum control::reject_reason;
  return {control::resume{3, control::received_state{~0ull, 300}, 4'000'000},
          control::resume{1, std::nullopt, 2},
          control::open{300, "engine", transport_ordering::unordered, 70'000},
          control::reopened{},
          control::close{400},
          control::abort{5, 600},
          control::void_range{5, 600},
          control::ack{{{9, 500, 600, {{7, malformed}, {400, engine_gone}}},
                        {200, 1, 2, {}}}},
          control::settled{8, 70'000},
          advert,
          control::heartbeat{},
          control::rekey{},
          control::goodbye{6, true}};
}

bytes framed(std::uint64_t tag, bytes_view body) {
  bytes result;
  append_uint(result, tag);
  append_uint(result, body.size());
  return joined(result, body);
}

std::string error_of(bytes_view plaintext) {
  auto frame = control::decode_frame(plaintext);
  return std::string{frame ? "ok" : to_string(frame.error())};
}

} // namespace

TEST_CASE("control frames keep their content") {
  for (const auto& frame : some_frames()) {
    auto encoded = control::encode_frame(frame);
    CHECK(encoded[0] == std::byte(frame.index()));
    auto decoded = control::decode_frame(encoded);
    REQUIRE(decoded);
    CHECK(decoded->index() == frame.index());
    CHECK(control::encode_frame(*decoded) == encoded);
  }
}

TEST_CASE("control frames have these octets") {
  auto hex_of = [](const control::frame& x) {
    return to_hex(control::encode_frame(x));
  };
  CHECK(hex_of(control::resume{1, control::received_state{2, 3}, 300})
        == "000d"
           "01"
           "01"
           "0200000000000000"
           "03"
           "ac02");
  CHECK(hex_of(control::open{1, "ab", transport_ordering::unordered, 300})
        == "0107"
           "01"
           "026162"
           "01"
           "ac02");
  CHECK(hex_of(control::reopened{}) == "0200");
  CHECK(hex_of(control::close{7})
        == "0301"
           "07");
  CHECK(hex_of(control::abort{7, 8})
        == "0402"
           "07"
           "08");
  CHECK(hex_of(control::void_range{4, 5})
        == "0502"
           "04"
           "05");
  CHECK(
    hex_of(control::ack{
      {{6, 2, 3, {{1, control::reject_reason::engine_gone}}}, {7, 4, 5, {}}}})
    == "060b"
       "02"
       "060203"
       "010102"
       "070405"
       "00");
  CHECK(hex_of(control::settled{7, 9})
        == "0702"
           "07"
           "09");
  CHECK(hex_of(control::heartbeat{}) == "0900");
  CHECK(hex_of(control::rekey{}) == "0a00");
  CHECK(hex_of(control::goodbye{1, true})
        == "0b02"
           "01"
           "01");
}

TEST_CASE("no prefix of a control frame is one") {
  for (const auto& frame : some_frames()) {
    auto encoded = control::encode_frame(frame);
    for (std::size_t size = 0; size < encoded.size(); ++size)
      CHECK(error_of(bytes_view{encoded}.first(size)) != "ok");
    encoded.push_back(std::byte{0});
    CHECK(error_of(encoded) != "ok");
  }
}

TEST_CASE("an altered control frame is an error or another frame") {
  for (const auto& frame : some_frames()) {
    auto encoded = control::encode_frame(frame);
    for (std::size_t i = 0; i < encoded.size(); ++i)
      for (unsigned mask = 1; mask < 256; ++mask) {
        auto wrong = altered(encoded, i, std::byte(mask));
        auto decoded = control::decode_frame(wrong);
        if (decoded && !std::holds_alternative<control::unknown>(*decoded))
          CHECK(control::encode_frame(*decoded) == wrong);
      }
  }
}

TEST_CASE("unknown tags below 128 are an error, others are skipped") {
  for (std::uint64_t tag : {12u, 13u, 100u, 127u})
    CHECK(error_of(framed(tag, numbered(3))) == "bad_tag");
  for (std::uint64_t tag : {128ull, 129ull, 100'000ull, ~0ull}) {
    auto frame = control::decode_frame(framed(tag, numbered(3)));
    REQUIRE(frame);
    CHECK(std::get<control::unknown>(*frame).tag == tag);
  }
}

TEST_CASE("a control frame that is too large is refused") {
  auto room = limits::control_body - 2 - 3;
  CHECK(error_of(framed(200, numbered(room))) == "ok");
  CHECK(error_of(framed(200, numbered(room + 1))) == "too_long");
}

TEST_CASE("an acknowledgement has no more rejects than may be unsettled") {
  control::ack ack{{{1, 5'000, 1, {}}}};
  auto& rejects = ack.channels[0].rejects;
  for (std::uint64_t i = 0; i < limits::unsettled_rejects; ++i)
    rejects.push_back({i, control::reject_reason::malformed});
  auto body = encode(ack).value();
  CHECK(error_of(framed(6, body)) == "ok");
  // One more: the count is the two octets behind the other fields.
  auto count = body.begin() + 5;
  REQUIRE(*count == std::byte{0x80});
  *count = std::byte{0x81};
  body.push_back(std::byte{0});
  body.push_back(std::byte{0});
  CHECK(error_of(framed(6, body)) == "too_long");
}

TEST_CASE("an acknowledgement has no more channels than may be open") {
  control::ack ack;
  for (std::uint64_t i = 0; i < limits::channels; ++i)
    ack.channels.push_back({i, 0, 0, {}});
  auto body = encode(ack).value();
  CHECK(error_of(framed(6, body)) == "ok");
  ack.channels.push_back({});
  REQUIRE(body[0] == std::byte{0x80});
  body[0] = std::byte{0x81};
  body.resize(body.size() + 4);
  CHECK(error_of(framed(6, body)) == "too_long");
}

TEST_CASE("a channel is opened to what may be an engine's name") {
  auto error_for = [](const std::string& target) {
    auto body = encode(control::close{3}).value(); // as short as the number
    append_uint(body, target.size());
    for (auto c : target)
      body.push_back(static_cast<std::byte>(c));
    body.push_back(std::byte{0});
    body.push_back(std::byte{9});
    return error_of(framed(1, body));
  };
  CHECK(error_for(std::string(limits::engine_name, 'x')) == "ok");
  CHECK(error_for(std::string(limits::engine_name + 1, 'x')) == "too_long");
  CHECK(error_for("\xff") == "bad_utf8");
}

TEST_CASE("goodbye reasons that are not known read as other") {
  using control::goodbye_reason;
  CHECK(control::goodbye_reason_of(0) == goodbye_reason::shutdown);
  CHECK(control::goodbye_reason_of(6) == goodbye_reason::limit);
  CHECK(control::goodbye_reason_of(7) == goodbye_reason::displaced);
  CHECK(control::goodbye_reason_of(8) == goodbye_reason::other);
  CHECK(control::goodbye_reason_of(~0ull) == goodbye_reason::other);
}
