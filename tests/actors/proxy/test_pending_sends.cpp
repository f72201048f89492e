#include <node_proxy/actors/proxy/pending_sends.hpp>

#include <doctest/doctest.h>

#include <node_proxy/actors/caf/messages.hpp>

using namespace node_proxy;
using namespace node_proxy::internal;

TEST_CASE("what is refused while others wait is forgotten") {
  constexpr send_failure refused{send_error::outbox_full};
  std::shared_ptr<unanswered_failures> unanswered =
    std::make_shared<unanswered_failures>();
  pending_sends uut{unanswered};
  auto first = uut.add(promise<delivered>{});
  auto last = first;
  for (auto i = 0; i < 10'000; ++i) {
    last = uut.add(promise<delivered>{});
    uut.handle_outcome({last, refused});
    last = uut.add_batch(promise<batch_outcome>{}, 10);
    uut.handle_outcome({last, refused, 10});
  }
  CHECK(uut.size() < 200);
  // Those that wait are found beyond the gap.
  last = uut.add(promise<delivered>{});
  uut.handle_outcome({first, std::nullopt});
  uut.handle_outcome({last, std::nullopt});
  CHECK(uut.size() == 0);
}
