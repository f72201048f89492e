// Looking up names, whatever the resolver does.

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/tcp/tcp_lookups.hpp>
#include <node_proxy/protocol/wire/address_kind.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

#include "actors/node_fixture.hpp"
#include "actors/transport/transport_fixture.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

/// A resolver that knows what it is told, and is stuck with names that begin
/// with "stuck" until the test has ended.
class fake_resolver {
public:
  ~fake_resolver() {
    std::unique_lock guard{shared_->mutex};
    shared_->ended = true;
    shared_->changed.notify_all();
    shared_->changed.wait(guard, [this] { return shared_->stuck == 0; });
  }

  void add(const std::string& name, std::string_view host) {
    std::lock_guard guard{shared_->mutex};
    shared_->hosts[name].push_back(*parse_ip_address(host));
  }

  /// Waits until it is stuck with so many names.
  void await_stuck(std::size_t count) {
    std::unique_lock guard{shared_->mutex};
    REQUIRE(shared_->changed.wait_for(guard, patience,
                                      [&] { return shared_->stuck >= count; }));
  }

  [[nodiscard]] std::size_t stuck() const {
    std::lock_guard guard{shared_->mutex};
    return shared_->stuck;
  }

  [[nodiscard]] host_resolver function() const {
    return [x = shared_](const std::string& name) {
      return x->find(name);
    };
  }

private:
  struct state {
    std::mutex mutex;
    std::condition_variable changed;
    std::map<std::string, std::vector<ip_address>> hosts;
    std::size_t stuck = 0;
    bool ended = false;

    hosts_found find(const std::string& name) {
      std::unique_lock guard{mutex};
      if (name.starts_with("stuck")) {
        ++stuck;
        changed.notify_all();
        changed.wait(guard, [this] { return ended; });
        --stuck;
        changed.notify_all();
      }
      auto known = hosts.find(name);
      if (known == hosts.end())
        return {{}, dial_error::unknown_name};
      return {known->second};
    }
  };

  std::shared_ptr<state> shared_ = std::make_shared<state>();
};

struct fixture : transport_fixture {
  ~fixture() { end(); }

  void end() { caf::anon_send_exit(uut, caf::exit_reason::user_shutdown); }

  auto ask_for(caf::scoped_actor& who, std::string name, attempt_id attempt = 1,
               peer_standing standing = peer_standing::introduced) {
    return who->request(uut, patience,
                        find_hosts{std::move(name), standing, attempt});
  }

  /// Waits for an answer: the hosts, or why there are none.
  template <class Pending>
  static std::string answer_of(Pending pending) {
    std::string result;
    pending.receive(
      [&](const hosts_found& x) {
        if (x.hosts.empty())
          result = to_string(x.failure);
        for (const auto& host : x.hosts)
          result += (result.empty() ? "" : " ") + to_string(host);
      },
      [&](const caf::error& error) {
        result = to_string(code_of(error).value_or(errc::unreachable));
      });
    return result;
  }

  /// Returns when the transport has handled what was sent to it before.
  void settle_uut() {
    static_cast<void>(
      ask<listening_stopped>(uut, stop_listening{local_host(1)}));
  }

  fake_resolver resolver;
  transport_actor uut =
    spawn_tcp_transport(system, loops.front(), 8, {}, resolver.function());
};

} // namespace

TEST_CASE("this host knows itself by name") {
  auto found = find_hosts_of("localhost");
  REQUIRE_FALSE(found.hosts.empty());
  for (const auto& x : found.hosts)
    CHECK(kind_of(x) == host_kind::loopback);
}

TEST_CASE("what has no hosts says why") {
  // Reserved for that (RFC 6761). What exactly failed depends on the network.
  auto found = find_hosts_of("nowhere.invalid.");
  CHECK(found.hosts.empty());
  CHECK((found.failure == dial_error::unknown_name
         || found.failure == dial_error::no_name_server
         || found.failure == dial_error::resolver_failed));
}

TEST_CASE_FIXTURE(fixture, "a name has hosts") {
  resolver.add("a.test", "192.0.2.1");
  resolver.add("a.test", "2001:db8::1");
  CHECK(answer_of(ask_for(self, "a.test")) == "192.0.2.1 2001:db8::1");
  CHECK(answer_of(ask_for(self, "b.test")) == "unknown_name");
}

TEST_CASE_FIXTURE(fixture, "names of strangers that hang hold up nobody else") {
  resolver.add("a.test", "192.0.2.1");
  std::vector<std::unique_ptr<caf::scoped_actor>> all;
  for (int i = 0; i < 20; ++i) {
    all.push_back(std::make_unique<caf::scoped_actor>(system));
    static_cast<void>(ask_for(*all.back(), "stuck", 1, peer_standing::guest));
  }
  resolver.await_stuck(lookup_budget::max_for_strangers);
  for (std::size_t i = 0; i < lookup_budget::max; ++i)
    CHECK(answer_of(ask_for(self, "a.test")) == "192.0.2.1");
  CHECK(resolver.stuck() == lookup_budget::max_for_strangers);
  // Nor does what goes on elsewhere in the transport.
  raw_listener there{local_host(0)};
  CHECK_FALSE(held_end{system}.dial_to(uut, {there.address()}));
}

TEST_CASE_FIXTURE(fixture, "who does not want a name any more hears so") {
  auto pending = ask_for(self, "stuck", 7);
  resolver.await_stuck(1);
  self->send(uut, stop_dialling{7});
  CHECK(answer_of(std::move(pending)) == "connection_closed");
}

TEST_CASE_FIXTURE(fixture, "the lookups of who has ended go with him") {
  resolver.add("a.test", "192.0.2.1");
  for (int i = 0; i < 4; ++i) {
    caf::scoped_actor one{system};
    static_cast<void>(ask_for(one, "stuck", 1, peer_standing::guest));
    settle_uut();
  }
  resolver.await_stuck(lookup_budget::max_for_strangers);
  CHECK(answer_of(ask_for(self, "a.test")) == "192.0.2.1");
  CHECK(resolver.stuck() == lookup_budget::max_for_strangers);
}

TEST_CASE_FIXTURE(fixture, "the transport ends while the resolver hangs") {
  auto pending = ask_for(self, "stuck");
  resolver.await_stuck(1);
  end();
  CHECK(answer_of(std::move(pending)) == "shutting_down");
  self->wait_for(uut);
  CHECK(resolver.stuck() == 1);
}
