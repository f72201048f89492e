#include <node_proxy/protocol/session/session.hpp>

#include <string>

#include <doctest/doctest.h>

#include <node_proxy/protocol/delivery/outbox.hpp>

#include "handshake_pair.hpp"
#include "support/ciphers.hpp"
#include "support/octets.hpp"

using namespace test;

namespace {

bytes control_frame(session& from,
                    const control::frame& frame = control::heartbeat{}) {
  bytes result;
  from.seal(frame, result);
  return result;
}

bytes message_frame(session& from, std::uint64_t first,
                    std::string_view text = "text") {
  chunk_list list;
  list.add(5, true, as_bytes(text));
  bytes result;
  from.seal_messages(first, list, result);
  return result;
}

bytes unreliable_frame(session& from, std::string_view text = "text") {
  chunk_list list;
  list.add(5, true, as_bytes(text));
  bytes result;
  from.seal_unreliable(list, result);
  return result;
}

/// What `to` makes of the frames in `stream`.
std::string opened(session& to, bytes_view stream) {
  deframer input{limits::frame_body};
  input.handle_input(stream);
  auto body = input.poll_body();
  if (!body)
    return std::string{to_string(body.error())};
  if (!*body)
    return "incomplete";
  auto frame = to.open(**body);
  if (!frame)
    return std::string{to_string(frame.error())};
  if (auto control = std::get_if<control::frame>(&*frame))
    return "control " + std::to_string(control->index());
  auto chunks = std::visit(
    []<class T>(const T& x) -> opened_chunks {
      if constexpr (std::is_base_of_v<opened_chunks, T>)
        return x;
      else
        return {};
    },
    *frame);
  std::string result =
    std::holds_alternative<opened_messages>(*frame) ? "messages" : "unreliable";
  result += " " + std::to_string(chunks.first);
  for (const auto& [channel, last, chunk] : chunks.chunks) {
    CHECK(channel == 5);
    result += " " + std::string{as_text(chunk)} + (last ? "." : "");
  }
  return result;
}

/// Both directions of a connection with this cipher.
handshake_pair connected(cipher_suite suite) {
  handshake_pair result;
  result.settings.have_aes = suite == cipher_suite::aes256_gcm;
  result.run();
  return result;
}

} // namespace

TEST_CASE("both ends open what the other seals, with either cipher") {
  for (auto suite : ciphers()) {
    auto pair = connected(suite);
    auto& a = *pair.alices_end;
    auto& b = *pair.bobs_end;
    CHECK(opened(b, control_frame(a)) == "control 9");
    CHECK(opened(a, control_frame(b, control::settled{4})) == "control 7");
    CHECK(opened(b, message_frame(a, 300, "x")) == "messages 300 x.");
    CHECK(opened(a, message_frame(b, 0, "y")) == "messages 0 y.");
    CHECK(opened(b, unreliable_frame(a, "z")) == "unreliable 0 z.");
    CHECK(opened(b, unreliable_frame(a, "z")) == "unreliable 1 z.");
  }
}

TEST_CASE("an end does not open its own frames") {
  auto pair = connected(ciphers().back());
  CHECK(opened(*pair.alices_end, control_frame(*pair.alices_end))
        == "decrypt_failed");
}

TEST_CASE("several chunks in a frame take as many numbers") {
  auto pair = connected(ciphers().back());
  auto& a = *pair.alices_end;
  auto& b = *pair.bobs_end;
  chunk_list list;
  list.add(5, false, as_bytes("one"));
  list.add(5, true, as_bytes("two"));
  bytes frame;
  a.seal_unreliable(list, frame);
  CHECK(opened(b, frame) == "unreliable 0 one two.");
  CHECK(opened(b, unreliable_frame(a, "three")) == "unreliable 2 three.");
}

TEST_CASE("counters of control and unreliable frames are consecutive") {
  auto pair = connected(ciphers().back());
  auto& a = *pair.alices_end;
  auto& b = *pair.bobs_end;
  SUBCASE("a control frame is left out") {
    control_frame(a);
    CHECK(opened(b, control_frame(a)) == "out_of_order");
  }
  SUBCASE("a control frame comes twice") {
    auto frame = control_frame(a);
    CHECK(opened(b, frame) == "control 9");
    CHECK(opened(b, frame) == "out_of_order");
  }
  SUBCASE("an unreliable frame is left out") {
    unreliable_frame(a);
    CHECK(opened(b, unreliable_frame(a)) == "out_of_order");
  }
  SUBCASE("an unreliable frame comes twice") {
    auto frame = unreliable_frame(a);
    CHECK(opened(b, frame) == "unreliable 0 text.");
    CHECK(opened(b, frame) == "out_of_order");
  }
  SUBCASE("the spaces are independent of each other") {
    auto control = control_frame(a);
    auto unreliable = unreliable_frame(a);
    auto message = message_frame(a, 7);
    CHECK(opened(b, message) == "messages 7 text.");
    CHECK(opened(b, unreliable) == "unreliable 0 text.");
    CHECK(opened(b, control) == "control 9");
  }
}

TEST_CASE("each direction changes its key by itself") {
  for (auto suite : ciphers()) {
    auto pair = connected(suite);
    auto& a = *pair.alices_end;
    auto& b = *pair.bobs_end;
    for (std::uint64_t round = 0; round < 3; ++round) {
      CHECK(opened(b, control_frame(a, control::rekey{})) == "control 10");
      CHECK(a.usage().frames == 0);
      CHECK(opened(b, message_frame(a, 10 + round)).starts_with("messages"));
      CHECK(opened(a, control_frame(b)) == "control 9");
    }
    CHECK(opened(a, control_frame(b, control::rekey{})) == "control 10");
    CHECK(opened(a, control_frame(b)) == "control 9");
    CHECK(opened(b, control_frame(a)) == "control 9");
  }
}

TEST_CASE("after a rekey the old key opens nothing") {
  auto pair = connected(ciphers().back());
  auto& a = *pair.alices_end;
  auto& b = *pair.bobs_end;
  auto before = message_frame(a, 0);
  auto rekey = control_frame(a, control::rekey{});
  auto after = message_frame(a, 1);
  CHECK(opened(b, before) == "messages 0 text.");
  SUBCASE("the rekey is missing") {
    CHECK(opened(b, after) == "decrypt_failed");
  }
  SUBCASE("an old frame comes again") {
    CHECK(opened(b, rekey) == "control 10");
    CHECK(opened(b, before) == "decrypt_failed");
  }
}

TEST_CASE("frames under another cipher are refused") {
  if (ciphers().size() < 2)
    return;
  auto chacha = connected(cipher_suite::chacha20_poly1305);
  auto aes = connected(cipher_suite::aes256_gcm);
  CHECK(opened(*aes.bobs_end, control_frame(*chacha.alices_end))
        == "wrong_cipher");
  CHECK(opened(*chacha.bobs_end, control_frame(*aes.alices_end))
        == "wrong_cipher");
}

TEST_CASE("frames that are no sealed ones are refused") {
  auto pair = connected(ciphers().front());
  auto& b = *pair.bobs_end;
  auto frame = control_frame(*pair.alices_end);
  bytes handshake;
  append_handshake_frame(handshake, frame_kind::handshake_init, numbered(40));
  CHECK(opened(b, handshake) == "not_sealed");
  // length 4, kind, counter, cipher
  auto with_cipher = [&frame](unsigned cipher) {
    auto result = frame;
    result[6] = std::byte(cipher);
    return result;
  };
  CHECK(opened(b, with_cipher(0)) == "null_cipher");
  CHECK(opened(b, with_cipher(3)) == "wrong_cipher");
  auto unknown_kind = frame;
  unknown_kind[4] = std::byte{9};
  CHECK(opened(b, unknown_kind) == "malformed");
}

TEST_CASE("plaintext that is not what its kind demands is refused") {
  // nothing, no chunk, an end in the middle, a bool of 2, an octet too many
  for (std::string list :
       {"", "00", "010501", "0105010200", "0105020100", "010501010000"}) {
    for (auto kind : {frame_kind::node_msg, frame_kind::unreliable}) {
      INFO(list, " as ", to_string(kind));
      auto suite = ciphers().front();
      sealer from{numbered_key(0), suite};
      session to{
        {}, sealer{numbered_key(1), suite}, opener{numbered_key(0), suite}};
      bytes frame;
      from.seal(kind, 0, hex(list), frame);
      CHECK(opened(to, frame) == "malformed");
    }
  }
}

TEST_CASE("an altered frame is refused at every octet, its length included") {
  for (auto suite : ciphers()) {
    auto pair = connected(suite);
    auto& b = *pair.bobs_end;
    for (const auto& frame :
         {control_frame(*pair.alices_end), message_frame(*pair.alices_end, 300),
          unreliable_frame(*pair.alices_end)}) {
      for (std::size_t i = 0; i < frame.size(); ++i)
        for (unsigned mask = 1; mask < 256; mask *= 2) {
          INFO("octet ", i, " mask ", mask);
          auto result = opened(b, altered(frame, i, std::byte(mask)));
          auto is_refused = result == "malformed" || result == "decrypt_failed"
                            || result == "null_cipher"
                            || result == "wrong_cipher"
                            || result == "not_sealed";
          auto is_length =
            i < frame_length_size
            && (result == "incomplete" || result == "length_over_limit"
                || result == "length_zero");
          CHECK((is_refused || is_length));
        }
      CHECK_FALSE(opened(b, frame).empty());
    }
    CHECK(opened(b, control_frame(*pair.alices_end)) == "control 9");
  }
}

TEST_CASE("four fragments fit a frame, whatever their numbers") {
  auto most = session::max_messages(limits::sequence_end - 1);
  chunk_list list;
  auto pair = connected(ciphers().back());
  bytes longest(limits::fragment);
  for (auto i = 0; i < 3; ++i)
    list.add(5, true, longest);
  CHECK(list.size_with(~0ull, limits::fragment) <= most);
  list.add(5, true, longest);
  CHECK(list.size_with(5, limits::fragment) > most);
  bytes frame;
  pair.alices_end->seal_messages(limits::sequence_end - 1, list, frame);
  CHECK(opened(*pair.bobs_end, frame).starts_with("messages 461168601842738"));
}
