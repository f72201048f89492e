#include "numbered_sender.hpp"
#include "actors/reason.hpp"

#include <memory>
#include <utility>

#include <doctest/doctest.h>

#include "support/scheduler_threads.hpp"
#include <node_proxy/actors/advert_file.hpp>
#include <node_proxy/actors/error.hpp>
#include <node_proxy/actors/key_file.hpp>
#include <node_proxy/base/hex.hpp>

namespace node_proxy::testing {

namespace {

constexpr std::size_t batch_size = 256;
constexpr std::size_t max_batches = 16;
constexpr std::size_t message_size = 100;

/// Nothing expires in the time of a test.
constexpr rel_time expiry{24 * 60 * 60};

} // namespace

std::string numbered_text(std::uint64_t number) {
  auto result = std::to_string(number) + ' ';
  result.resize(message_size, '.');
  return result;
}

peer_settings impatient_settings() {
  using namespace std::chrono_literals;
  peer_settings result;
  result.handshake_timeout = 1s;
  result.heartbeat_interval = 500ms;
  result.dead_peer_limit = 2s;
  result.backoff_base = 10ms;
  result.backoff_cap = 200ms;
  return result;
}

numbered_sender::system_config::system_config() {
  init(*this);
  use_sharing_scheduler(*this);
  test::set_scheduler_threads(*this, 2);
}

numbered_sender::numbered_sender(const std::string& advert_file,
                                 const amount& how_much,
                                 const peer_settings& settings) {
  auto advert = load_advert(advert_file);
  REQUIRE_MESSAGE(advert, test::reason(advert));
  to_ = advert->id;
  node_config config;
  config.self = std::make_shared<identity>(make_identity());
  config.adverts.push_back(std::move(*advert));
  config.settings = settings;
  id_ = to_hex(config.self->id().data);
  auto local = spawn_node(system_, std::move(config));
  REQUIRE_MESSAGE(local, test::reason(local));
  node_.emplace(std::move(*local));
  thread_ = std::thread{[this, how_much] {
    run(how_much);
  }};
}

numbered_sender::~numbered_sender() {
  stopped_ = true;
  node_->shutdown(); // which answers all that is open
  finish();
}

const sent_amount& numbered_sender::finish() {
  if (thread_.joinable())
    thread_.join();
  return done_;
}

void numbered_sender::run(const amount& how_much) {
  caf::scoped_actor self{system_};
  auto until = std::chrono::steady_clock::now() + how_much.time;
  while (!stopped_
         && (done_.sent < how_much.messages
             || std::chrono::steady_clock::now() < until)) {
    if (open_.size() == max_batches)
      await_first();
    send_numbers(self);
  }
  while (!open_.empty())
    await_first();
  // It is not one of those that count.
  auto done = done_;
  send_batch(self, {{make_msg(last_text)}});
  await_first();
  done.failures = done_.failures;
  done_ = done;
}

node_out_msg numbered_sender::make_msg(std::string_view text) const {
  node_out_msg result;
  result.expiry = expiry;
  result.msg.sender.name = "sender";
  result.msg.target = {to_, "inbox"};
  result.msg.msg = to_bytes(text);
  return result;
}

void numbered_sender::send_numbers(caf::scoped_actor& self) {
  node_out_batch batch;
  for (std::size_t i = 0; i < batch_size; ++i)
    batch.msgs.push_back(make_msg(numbered_text(done_.sent++)));
  send_batch(self, std::move(batch));
}

void numbered_sender::send_batch(caf::scoped_actor& self,
                                 node_out_batch batch) {
  auto size = batch.msgs.size();
  // The handle cannot be copied in CAF 1.x, which a function must be.
  auto share = []<class T>(T handle) {
    return std::make_shared<T>(std::move(handle));
  };
  auto request =
    share(self->request(node_->router(), caf::infinite, std::move(batch)));
  open_.push_back([this, size, request] {
    request->receive(
      [this](const batch_outcome& outcome) {
        done_.delivered += outcome.delivered;
        for (const auto& failure : outcome.failures)
          ++done_.failures[std::string{to_string(failure.error)}];
      },
      [this, size](const caf::error& error) {
        done_.failures[describe(error)] += size;
      });
  });
}

void numbered_sender::await_first() {
  open_.front()();
  open_.pop_front();
}

} // namespace node_proxy::testing
