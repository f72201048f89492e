#include <doctest/doctest.h>

#include <node_proxy/protocol/node/record_form.hpp>
#include <node_proxy/protocol/wire/bare.hpp>

#include "directory_fixture.hpp"
#include "support/octets.hpp"

using namespace test;

namespace {

const channel_key key{"echo", transport_ordering::unordered};

peer_record full_record(steady_time now) {
  peer_record result{7};
  result.out = {12, 34, {{key, {{5, 9, 400, true}, {10, 11, 129, false}}}}};
  inbox_record::channel in{key, {{3, control::reject_reason::engine_gone}}, {}};
  in.unfinished = incoming_channel::partial{};
  in.unfinished->first = 20;
  in.unfinished->announced = 50'000;
  in.unfinished->numbers = {{20, 2}, {25, 1}};
  result.in = {99, 26, {in}, true};
  result.last_established = connection_digest{std::byte{1}};
  result.remote_epoch_since = now - 5s;
  result.pace = {now + 3s, 800ms};
  result.finished = true;
  result.called_from = ip_address{ipv4{{std::byte{10}}}};
  return result;
}

} // namespace

TEST_CASE("a record goes to another process whose clock is another one") {
  auto x = full_record(1'000s);
  auto octets = encode(form_of(x, 1'000s));
  REQUIRE(octets);
  auto form = decode<record_form>(*octets);
  REQUIRE(form);
  auto y = record_of(*form, 20s);
  CHECK(y.epoch == 7);
  CHECK(y.out == x.out);
  CHECK(y.in == x.in);
  CHECK(y.last_established == x.last_established);
  CHECK(y.remote_epoch_since == 15s);
  CHECK(y.pace.not_before == 23s);
  CHECK(y.pace.ceiling == 800ms);
  CHECK(y.finished);
  CHECK(y.called_from == x.called_from);
}

TEST_CASE("parts of messages stay behind, and are asked for again") {
  auto x = full_record(1'000s);
  auto& part = *x.in->channels[0].unfinished;
  part.data.append(bytes(2 * limits::fragment));
  part.cost = 2 * limits::fragment + 128;
  CHECK(part.missing() == 25u);
  auto y = record_of(form_of(x, 1'000s), 0s);
  CHECK(y.in->channels[0].unfinished->missing() == 20u);
  CHECK(y.in->channels[0].unfinished->cost == 0);
  CHECK(y.in->next == 26);
}

TEST_CASE("what never was has a form, too") {
  auto form = form_of(peer_record{3}, 1'000s);
  auto y = record_of(form, 5s);
  CHECK(y.epoch == 3);
  CHECK_FALSE(y.in);
  CHECK_FALSE(y.last_established);
  CHECK(y.pace.not_before == 5s);
}
