// Two nodes and what becomes of messages between them.

#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "actors/node_fixture.hpp"
#include "actors/reason.hpp"

namespace test {

/// Two nodes, one of which sends to engines of the other one.
struct two_test_nodes {
  two_test_nodes() : b{local_config()}, a{knowing_b()} {}

  node_config knowing_b() const {
    auto result = local_config();
    result.adverts = {b.node.advert()};
    return result;
  }

  node_out_msg to(std::string engine) const {
    return a.message_to(b.node.id(), std::move(engine), {});
  }

  template <class Handler>
  caf::actor add(std::string name, Handler handler, bool batches = false) {
    auto result =
      b.system.spawn([handler]() -> caf::behavior { return {handler}; });
    b.add_engine(std::move(name), result, batches);
    return result;
  }

  /// What becomes of so many messages, which share a frame.
  batch_outcome send_many(const std::string& engine, std::size_t count) {
    node_out_batch batch;
    batch.msgs.assign(count, to(engine));
    auto outcome = a.ask<batch_outcome>(batch);
    REQUIRE_MESSAGE(outcome, reason(outcome));
    return *outcome;
  }

  /// What becomes of one message.
  std::optional<errc> send_one(const std::string& engine) {
    auto outcome = a.send(to(engine));
    return outcome ? std::nullopt : code_of(outcome.error());
  }

  void end(const caf::actor& engine) {
    caf::anon_send_exit(engine, caf::exit_reason::kill);
    b.self->wait_for(engine);
  }

  test_node b;
  test_node a;
};

/// Whether all failures have this reason.
inline bool all_failed(const batch_outcome& outcome, send_error error) {
  return std::ranges::all_of(
    outcome.failures, [error](const auto& x) { return x.error == error; });
}

} // namespace test
