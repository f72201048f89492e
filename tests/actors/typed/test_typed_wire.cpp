// What typed engines and handles for them say on the wire, octet by octet.

#include <node_proxy/actors/engines/answer_form.hpp>
#include <node_proxy/actors/interface_schema.hpp>
#include <node_proxy/base/hex.hpp>

#include "key_value.hpp"

using namespace test;

namespace {

std::string hex(bytes_view data) {
  return to_hex(data);
}

bytes octets(std::initializer_list<int> values) {
  bytes result;
  for (auto x : values)
    result.push_back(static_cast<std::byte>(x));
  return result;
}

/// `b` has an engine "raw" that hands octets to the test, which answers them.
struct raw_nodes : kv_nodes {
  raw_nodes() {
    b.add_engine("raw", b.system.spawn(forward_engine,
                                       caf::actor_cast<caf::actor>(b.self)));
    handle = handle_of("raw");
  }

  /// Answers a request with octets.
  void answer(const engine_msg& request, bytes payload,
              engine_name sender = "raw") {
    node_out_msg msg;
    msg.expiry = rel_time{60};
    msg.msg = {{b.node.id(), std::move(sender)},
               request.sender,
               request.mailbox,
               std::move(payload)};
    auto outcome = b.send(msg);
    REQUIRE_MESSAGE(outcome, describe(outcome.error()));
  }

  /// What an asker gets who is answered with octets.
  caf::expected<std::string> read_answer(bytes payload) {
    caf::expected<std::string> result = caf::error{};
    auto open = a.self->request(handle, patience, read_atom_v, "a");
    answer(next_message(b.self), std::move(payload));
    open.receive([&](std::string& text) { result = std::move(text); },
                 [&](caf::error& e) { result = std::move(e); });
    return result;
  }

  kv_actor handle;
};

} // namespace

TEST_CASE_FIXTURE(raw_nodes, "requests are unions of the handlers") {
  a.self->send(handle, write_atom_v, "a", "1");
  auto written = next_message(b.self);
  CHECK(hex(written.msg) == "0101610131");
  CHECK_FALSE(written.mailbox);
  auto open = a.self->request(handle, patience, read_atom_v, "a");
  auto read = next_message(b.self);
  CHECK(hex(read.msg) == "000161");
  CHECK(read.mailbox == 0u);
  CHECK(read.sender.node == a.node.id());
  CHECK(read.sender.name.starts_with("answers-"));
  answer(read, octets({0, 0, 1, '1'}));
  open.receive([](const std::string& text) { CHECK(text == "1"); },
               [](const caf::error& e) { FAIL(describe(e)); });
}

TEST_CASE_FIXTURE(raw_nodes, "answers are results or errors") {
  CHECK(read_answer(octets({0, 0, 1, '1'})) == "1");
  auto error =
    read_answer(octets({1, 8, 'c', 'a', 'f', ':', ':', 's', 'e', 'c', 1, 0}));
  REQUIRE_FALSE(error);
  CHECK(error.error() == static_cast<caf::sec>(1));
}

TEST_CASE_FIXTURE(raw_nodes, "an error that is not known here fails") {
  auto check = [this](const std::string& category, bytes code, int number) {
    bytes payload = octets({1, static_cast<int>(category.size())});
    for (auto c : category)
      payload.push_back(static_cast<std::byte>(c));
    payload.insert(payload.end(), code.begin(), code.end());
    for (auto x : octets({2, 'n', 'o'}))
      payload.push_back(x);
    auto error = read_answer(payload);
    REQUIRE_FALSE(error);
    CHECK(code_of(error.error()) == errc::engine_failed);
    CHECK(context_of(error.error())
          == category + ' ' + std::to_string(number) + ": no");
  };
  check("no::such::enum", octets({7}), 7);
  check("node_proxy::errc", octets({0xfa, 0x01}), 250);
#if CAF_MAJOR_VERSION >= 1
  check("bool", octets({0xc8, 0x01}), 200);
#endif
}

TEST_CASE("a code that this version has not is none") {
  CHECK_FALSE(code_of(make_error(static_cast<errc>(errc_count + 1))));
  CHECK(code_of(make_error(static_cast<errc>(errc_count)))
        == static_cast<errc>(errc_count));
}

TEST_CASE_FIXTURE(raw_nodes, "an answer that cannot be one is malformed") {
  for (const auto& payload :
       {octets({}), octets({2}), octets({0}), octets({0, 1}), octets({0, 0, 1}),
        octets({0, 0, 1, '1', 0}), octets({1, 1}), octets({0, 0, 1, 0xff})}) {
    auto answer = read_answer(payload);
    REQUIRE_FALSE(answer);
    CHECK(code_of(answer.error()) == errc::malformed);
  }
}

TEST_CASE_FIXTURE(raw_nodes, "an answer of another engine does not count") {
  auto open = a.self->request(handle, patience, read_atom_v, "a");
  auto request = next_message(b.self);
  answer(request, octets({0, 0, 1, 'x'}), "other");
  answer(request, octets({0, 0, 1, 'y'}));
  open.receive([](const std::string& text) { CHECK(text == "y"); },
               [](const caf::error& e) { FAIL(describe(e)); });
}

TEST_CASE_FIXTURE(raw_nodes, "a second answer does not count") {
  auto open = a.self->request(handle, patience, read_atom_v, "a");
  auto request = next_message(b.self);
  answer(request, octets({0, 0, 1, 'x'}));
  answer(request, octets({0, 0, 1, 'y'}));
  open.receive([](const std::string& text) { CHECK(text == "x"); },
               [](const caf::error& e) { FAIL(describe(e)); });
  auto metrics = a.test_node::ask<node_metrics>(get_node_metrics{});
  REQUIRE(metrics);
  CHECK(metrics->late_answers == 1);
}

TEST_CASE_FIXTURE(kv_nodes, "errors of the engine's actor are named") {
  register_kv_types();
  auto types = interface_of<kv_actor>();
  auto encoded = encode_answer(
    *types, 0, caf::make_message(make_error(errc::expired, "late")));
  auto decoded = decode_answer(*types, 0, encoded);
  REQUIRE_FALSE(decoded);
  CHECK(code_of(decoded.error()) == errc::expired);
  CHECK(context_of(decoded.error()) == "late");
}

TEST_CASE("an interface is described by its handlers") {
  CHECK(
    bare_schema<kv_actor>()
    == "type Read struct {\n  field1: str\n}\n"
       "type Write struct {\n  field1: str\n  field2: str\n}\n"
       "type Later struct {\n  field1: u64\n}\n"
       "type Throw void\n"
       "type ReadResult struct {\n  field1: str\n}\n"
       "type WriteResult void\n"
       "type LaterResult struct {\n  field1: u64\n}\n"
       "type ThrowResult struct {\n  field1: str\n}\n"
       "type Request union { Read = 0 | Write = 1 | Later = 2 | Throw = 3 }\n"
       "type Result union { ReadResult = 0 | WriteResult = 1 | LaterResult = "
       "2 | ThrowResult = 3 }\n"
       "type Error struct {\n  category: str\n  code: uint\n  text: str\n}\n"
       "type Answer union { Result = 0 | Error = 1 }\n");
}
