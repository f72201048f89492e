// In which order a node, its actor system and the process end. Each case is a
// process of its own, since some of them would hang or crash it.

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <limits>
#include <optional>
#include <thread>

#include <dlfcn.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <node_proxy/protocol/wire/advert.hpp>

#include "actors/reason.hpp"
#include "actors/typed/key_value.hpp"
#include "node_fixture.hpp"
#include "support/child_process.hpp"

using namespace test;

namespace {

/// How many threads the system makes until it has no room for more.
std::atomic<int> threads_left = std::numeric_limits<int>::max();

} // namespace

/// Takes the place of the one of the C library, for all who make threads.
extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* how,
                              void* (*f)(void*), void* x) noexcept {
  static const auto create = reinterpret_cast<decltype(&pthread_create)>(
    ::dlsym(RTLD_NEXT, "pthread_create"));
  return threads_left-- > 0 ? create(thread, how, f, x) : EAGAIN;
}

namespace {

/// An actor system as users make it.
struct plain_system {
  node_system_config config;
  caf::actor_system system{config};
};

node start(caf::actor_system& system, node_config config = local_config()) {
  auto result = spawn_node(system, std::move(config));
  REQUIRE_MESSAGE(result, reason(result));
  return std::move(*result);
}

/// Sends a message to the engine `x` of a node, and waits for the outcome.
void send_to(const node_id& to, const node& from, caf::actor_system& system) {
  caf::scoped_actor self{system};
  node_out_msg msg;
  msg.expiry = rel_time{60};
  msg.msg.sender = {from.id(), "y"};
  msg.msg.target = {to, "x"};
  self->request(from.router(), patience, msg)
    .receive([](const delivered&) {}, [](const caf::error&) {});
}

/// Two nodes that are connected.
struct busy_pair {
  explicit busy_pair(caf::actor_system& system) {
    far.emplace(start(system));
    auto config = local_config();
    config.adverts = {far->advert()};
    near.emplace(start(system, std::move(config)));
    send_to(far->id(), *near, system);
  }

  std::optional<node> far;
  std::optional<node> near;
};

} // namespace

TEST_CASE("a node that is shut down leaves nothing for its actor system") {
  CHECK(status_of_child([] {
          plain_system x;
          auto uut = start(x.system);
          uut.shutdown();
          uut.shutdown();
        })
        == 0);
}

TEST_CASE("a node may outlive its actor system") {
  CHECK(status_of_child([] {
          std::optional<busy_pair> uut;
          {
            plain_system x;
            uut.emplace(x.system);
          }
          uut->near->shutdown();
          if (uut->near->router())
            ::_exit(1);
        })
        == 0);
}

TEST_CASE("access to a node may outlive its actor system") {
  CHECK(status_of_child([] {
          std::optional<node> uut;
          std::optional<node_access> before;
          {
            plain_system x;
            uut.emplace(start(x.system));
            before.emplace(uut->access());
          }
          for (const auto& x : {*before, uut->access()})
            if (x.router() || x.remote<kv_actor>({uut->id(), "engine"}))
              ::_exit(1);
        })
        == 0);
}

TEST_CASE("access to a node may be used while its actor system ends") {
  static_assert(
    !std::is_reference_v<decltype(std::declval<node_access>().router())>);
  CHECK(status_of_child([] {
          std::optional<node> uut;
          std::thread user;
          std::atomic<bool> is_used = false;
          auto use = [&](const node_access& x) {
            return x.router() && x.remote<kv_actor>({uut->id(), "engine"});
          };
          {
            plain_system x;
            uut.emplace(start(x.system));
            user = std::thread{[&, before = uut->access()] {
              // CAF 0.17 has room for the ends of 63 actors at its own end.
              for (int i = 0; i < 20; ++i) {
                use(before);
                use(uut->access());
              }
              is_used = true;
              is_used.notify_one();
              while (before.router() || uut->router())
                std::this_thread::yield();
              if (use(before) || use(uut->access()))
                ::_exit(1);
            }};
            is_used.wait(false);
          }
          user.join();
        })
        == 0);
}

TEST_CASE("an actor system may end before a node with many peers and handles") {
  // CAF 0.17 has room for the ends of 63 actors when it has ended itself.
  constexpr std::size_t many = 100;
  CHECK(status_of_child([] {
          std::optional<node> uut;
          std::vector<remote_interface<kv_actor>> handles;
          {
            plain_system x;
            uut.emplace(start(x.system));
            caf::scoped_actor self{x.system};
            for (std::size_t i = 0; i < many; ++i) {
              // It has addresses where nobody is.
              auto other = fresh_identity();
              auto advert = uut->advert();
              if (!sign_advert(*other, advert))
                ::_exit(1);
              self->request(uut->router(), patience, advert)
                .receive([](const node_advert_reply&) {},
                         [](const caf::error&) { ::_exit(2); });
              self
                ->request(uut->router(), patience,
                          node_connect_request{other->id(), true})
                .receive([](const node_connect_reply&) {},
                         [](const caf::error&) { ::_exit(3); });
              handles.push_back(uut->remote<kv_actor>({other->id(), "kv"}));
            }
            auto proxies = many;
            self->request(uut->router(), patience, get_node_metrics{})
              .receive([&](const node_metrics& x) { proxies = x.node_proxies; },
                       [](const caf::error&) { ::_exit(4); });
            if (proxies < many)
              ::_exit(5);
          }
        })
        == 0);
}

TEST_CASE("nodes end after each other in many actor systems") {
  CHECK(status_of_child([] {
          for (int i = 0; i < 20; ++i) {
            std::optional<node> uut;
            plain_system x;
            uut.emplace(start(x.system));
          }
        })
        == 0);
}

TEST_CASE("who waits for all actors does not wait for a node") {
  CHECK(status_of_child([] {
          plain_system x;
          auto uut = start(x.system);
          x.system.await_all_actors_done();
        })
        == 0);
}

TEST_CASE("exit ends a process with a live node") {
  CHECK(status_of_child([] {
          plain_system x;
          busy_pair uut{x.system};
          std::exit(7);
        })
        == 7);
}

TEST_CASE("a static node is no worse than a static actor system alone") {
  // The libraries of CAF may end before what is static here, which crashes most
  // of the time.
  auto alone = 0;
  for (int i = 0; i < 10 && alone == 0; ++i)
    alone = status_of_child([] {
      static plain_system x;
      std::exit(0);
    });
  auto together = 0;
  SUBCASE("the node is destroyed first") {
    together = status_of_child([] {
      static plain_system x;
      static auto uut = start(x.system);
      std::exit(0);
    });
  }
  SUBCASE("the actor system is destroyed first") {
    together = status_of_child([] {
      static std::optional<node> uut;
      static plain_system x;
      uut.emplace(start(x.system));
      std::exit(0);
    });
  }
  CHECK(together != -1);
  if (alone == 0)
    CHECK(together == 0);
}

TEST_CASE("a node ends while another thread waits for all actors") {
  CHECK(status_of_child([] {
          plain_system x;
          auto engine = x.system.spawn([]() -> caf::behavior {
            return {[](const engine_msg&) {
            }};
          });
          auto config = local_config();
          config.engines = {{"x", engine}};
          std::optional<node> uut{start(x.system, std::move(config))};
          std::thread waiting{[&x] {
            x.system.await_all_actors_done();
          }};
          uut.reset();
          caf::anon_send_exit(engine, caf::exit_reason::user_shutdown);
          engine = nullptr;
          waiting.join();
        })
        == 0);
}

TEST_CASE("an engine in the event loop that shuts its node down is told") {
  CHECK(status_of_child([] {
          plain_system x;
          std::optional<node> uut;
          auto engine = x.system.spawn([&uut]() -> caf::behavior {
            return {[&uut](const engine_msg&) {
              uut->shutdown();
            }};
          });
          auto config = local_config();
          config.engines = {{"x", engine}};
          uut.emplace(start(x.system, std::move(config)));
          auto far_config = local_config();
          far_config.adverts = {uut->advert()};
          auto far = start(x.system, std::move(far_config));
          send_to(uut->id(), far, x.system);
        })
        == 128 + SIGABRT);
}

TEST_CASE("a detached actor may shut a node down") {
  CHECK(status_of_child([] {
          plain_system x;
          auto uut = start(x.system);
          x.system.spawn<caf::detached>(
            [&uut](caf::blocking_actor*) { uut.shutdown(); });
          x.system.await_all_actors_done();
          ::_exit(uut.router() ? 1 : 0);
        })
        == 0);
}

TEST_CASE("who was moved from can be shut down and destroyed") {
  CHECK(status_of_child([] {
          plain_system x;
          auto first = start(x.system);
          auto second = std::move(first);
          first.shutdown(); // NOLINT(bugprone-use-after-move)
          first = std::move(second);
          first.shutdown();
        })
        == 0);
}

TEST_CASE("a node whose threads cannot be made is an error") {
  CHECK(status_of_child([] {
          plain_system x;
          // As another user, since root has no such limit.
          rlimit none{0, 0};
          if (::setrlimit(RLIMIT_NPROC, &none) != 0 || ::setuid(65'534) != 0)
            ::_exit(9);
          auto uut = spawn_node(x.system, local_config());
          ::_exit(!uut && code_of(uut.error()) == errc::out_of_resources ? 0
                                                                         : 1);
        })
        == 0);
}

TEST_CASE("a node whose threads others take meanwhile is an error") {
  // Those with which it was tried whether there are enough, and a few.
  for (int threads = 8; threads < 11; ++threads) {
    CAPTURE(threads);
    CHECK(status_of_child([threads] {
            plain_system x;
            threads_left = threads;
            auto uut = spawn_node(x.system, local_config());
            // CAF waits in the end for threads that it could not make.
            ::_exit(!uut && code_of(uut.error()) == errc::out_of_resources ? 0
                                                                           : 1);
          })
          == 0);
  }
}

TEST_CASE("a node without descriptors is an error") {
  CHECK(status_of_child([] {
          plain_system x;
          rlimit few{8, 8};
          if (::setrlimit(RLIMIT_NOFILE, &few) != 0)
            ::_exit(9);
          while (::dup(0) >= 0)
            continue;
          auto uut = spawn_node(x.system, local_config());
          ::_exit(!uut && code_of(uut.error()) == errc::out_of_resources ? 0
                                                                         : 1);
        })
        == 0);
}
