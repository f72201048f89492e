// What becomes of the answers of a typed engine.

#include <node_proxy/actors/engines/answer_sender.hpp>

#include <string>
#include <utility>

#include <node_proxy/actors/caf/running.hpp>
#include <node_proxy/actors/engines/answer_form.hpp>
#include <node_proxy/actors/typed_engine.hpp>

#include "actors/system_fixture.hpp"

using namespace test;

namespace {

using text_actor = actor_interface<std::string(std::string)>;

/// The test is the Router, and the engine.
struct fixture : system_fixture {
  fixture() { serve(self->address()); }

  void serve(const caf::actor_addr& engine) {
    sender = std::make_shared<answer_sender>(
      interface_of<text_actor>(), self->address(), engine_id{node_id{}, "x"},
      engine, nullptr);
    asker = answer_sender::spawn_asker(system, sender);
  }

  static std::uint64_t number(std::size_t index) {
    return caf::make_message_id(index + 1).response_id().integer_value();
  }

  void ask(std::size_t index) {
    sender->handle_asked(number(index), {{node_id{}, "asker"}, index, 0});
  }

  template <class T>
  void answer(std::size_t index, T what) {
    enqueue(asker, nullptr, nullptr, caf::make_message_id(number(index)),
            caf::make_message(std::move(what)));
  }

  /// To which request an answer is sent next.
  mailbox_id next_answered() {
    return next<node_out_msg>().msg.mailbox.value();
  }

  /// What an asker gets instead of an answer.
  static caf::error failure_in(const node_out_msg& msg) {
    auto answer = decode_answer(*interface_of<text_actor>(), 0, msg.msg.msg);
    REQUIRE_FALSE(answer);
    return answer.error();
  }

  std::shared_ptr<answer_sender> sender;
  caf::actor asker;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "an answer goes when the handler has returned") {
  ask(0);
  answer(0, std::string{"early"});
  CHECK_FALSE(has_got<node_out_msg>());
  CHECK_FALSE(sender->handle_returned(number(0)));
  auto msg = next<node_out_msg>();
  CHECK(msg.msg.sender == engine_id{node_id{}, "x"});
  CHECK(msg.msg.target == engine_id{node_id{}, "asker"});
  CHECK(msg.msg.mailbox == 0u);
  ask(1);
  CHECK_FALSE(sender->handle_returned(number(1)));
  answer(1, std::string{"late"});
  CHECK(next_answered() == 1);
}

TEST_CASE_FIXTURE(fixture, "what has failed is not answered") {
  ask(0);
  answer(0, std::string{"early"});
  sender->handle_failed(number(0));
  CHECK_FALSE(sender->handle_returned(number(0)));
  answer(0, std::string{"late"});
  CHECK_FALSE(has_got<node_out_msg>());
}

TEST_CASE_FIXTURE(fixture,
                  "what CAF answers in an engine's name is no answer") {
  auto engine = system.spawn([]() -> caf::behavior {
    return {[](int) {
    }};
  });
  serve(engine.address());
  caf::anon_send_exit(engine, caf::exit_reason::kill);
  self->wait_for(engine);
  ask(0);
  answer(0, caf::make_error(caf::sec::request_receiver_down));
  auto fault = sender->handle_returned(number(0));
  REQUIRE(fault);
  CHECK(fault->error == caf::sec::request_receiver_down);
  CHECK_FALSE(has_got<node_out_msg>());
}

TEST_CASE_FIXTURE(fixture, "what CAF answers for others is an answer") {
  ask(0);
  answer(0, caf::make_error(caf::sec::request_receiver_down));
  CHECK_FALSE(sender->handle_returned(number(0)));
  CHECK(next_answered() == 0);
}

TEST_CASE_FIXTURE(fixture, "of too many answers the oldest are given up") {
  for (std::size_t i = 0; i <= answer_sender::max_open; ++i) {
    ask(i);
    CHECK_FALSE(sender->handle_returned(number(i)));
  }
  auto msg = next<node_out_msg>();
  CHECK(msg.msg.mailbox == 0u);
  CHECK(code_of(failure_in(msg)) == errc::engine_failed);
  answer(0, std::string{"given up"});
  answer(1, std::string{"kept"});
  CHECK(next_answered() == 1);
  CHECK_FALSE(has_got<node_out_msg>());
}

TEST_CASE_FIXTURE(fixture, "an answer that has no room is an error instead") {
  auto why = errc::too_large;
  auto is_told = true;
  SUBCASE("at the asker") {}
  SUBCASE("in the outbox") {
    why = errc::outbox_full;
  }
  SUBCASE("but not where there is no way") {
    why = errc::unknown_node;
    is_told = false;
  }
  ask(0);
  ask(1);
  answer(0, std::string(answer_sender::large_answer, 'x'));
  answer(1, std::string{"small"});
  for (std::size_t i = 0; i < 2; ++i)
    CHECK_FALSE(sender->handle_returned(number(i)));
  self->receive([&](const node_out_msg& msg) -> caf::result<delivered> {
    CHECK(msg.msg.mailbox == 0u);
    return make_error(why);
  });
  CHECK(next_answered() == 1);
  if (is_told) {
    auto msg = next<node_out_msg>();
    CHECK(msg.msg.mailbox == 0u);
    CHECK(code_of(failure_in(msg)) == errc::engine_failed);
  }
  CHECK_FALSE(has_got<node_out_msg>());
}
