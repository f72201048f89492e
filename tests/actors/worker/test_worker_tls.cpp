// A worker in a process of its own, and TLS by CAF's OpenSSL module between it
// and its coordinator.

#include <cstdlib>
#include <string>

#include <caf/openssl/all.hpp>

#include <node_proxy/protocol/wire/advert.hpp>

#include "actors/caf/remoting_config.hpp"
#include "actors/node_fixture.hpp"
#include "support/child_process.hpp"
#include "support/number_pipe.hpp"
#include "support/octets.hpp"
#include "support/temporary_folder.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

/// A key, and a certificate of it that is its own authority.
struct credentials {
  credentials() {
    auto command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 "
                   "-subj /CN=deployment -keyout "
                   + key + " -out " + certificate + " 2>/dev/null";
    REQUIRE(std::system(command.c_str()) == 0);
  }

  testing::temporary_folder folder;
  std::string key = folder / "key.pem";
  std::string certificate = folder / "certificate.pem";
};

/// As docs/DEPLOYMENT.md says.
struct tls_config : caf::actor_system_config {
  explicit tls_config(const credentials& x) {
    load_middleman(*this);
    load<caf::openssl::manager>();
    init(*this);
    set("openssl.certificate", x.certificate);
    set("openssl.key", x.key);
    set("openssl.cafile", x.certificate);
  }
};

std::shared_ptr<const identity> node_identity() {
  static_cast<void>(init_crypto());
  return std::make_shared<identity>(identity::from_seed(seeded(1).next_key()));
}

/// A worker, until its Router ends.
int work(const credentials& keys, const number_pipe& ports) {
  auto port = ports.take();
  tls_config config{keys};
  caf::actor_system system{config};
  auto found =
    caf::openssl::remote_actor<router_actor>(system, "127.0.0.1", port);
  if (!found)
    return 2;
  node_config mine;
  mine.self = node_identity();
  mine.listen = {any_port()};
  mine.coordinator = *found;
  auto node = spawn_node(system, std::move(mine));
  if (!node)
    return 3;
  caf::scoped_actor self{system};
  self->wait_for(node->router());
  return 0;
}

/// Whether somebody can get the Router of a coordinator.
template <class F>
bool reaches(caf::actor_system_config& config, F remote_actor) {
  caf::actor_system system{config};
  return static_cast<bool>(remote_actor(system));
}

} // namespace

TEST_CASE("a worker serves peers over TLS, which others do not have") {
  credentials keys;
  credentials others;
  number_pipe ports;
  auto worker = start_child([&] { return work(keys, ports); });
  {
    tls_config config{keys};
    caf::actor_system system{config};
    caf::scoped_actor self{system};
    node_config mine;
    mine.self = node_identity();
    mine.max_workers = 1;
    auto node = spawn_node(system, std::move(mine));
    REQUIRE_MESSAGE(node, reason(node));
    auto port = caf::openssl::publish(node->router(), 0, "127.0.0.1");
    REQUIRE(port);
    ports.put(*port);
    node_advert advert;
    auto until = std::chrono::steady_clock::now() + patience;
    while (advert.addrs.empty() && std::chrono::steady_clock::now() < until)
      self->request(node->router(), patience, get_local_advert{})
        .receive([&](node_advert& x) { advert = std::move(x); },
                 [](const caf::error& e) { FAIL(describe(e)); });
    REQUIRE_FALSE(advert.addrs.empty());
    auto ear = system.spawn(forward_engine, caf::actor_cast<caf::actor>(self));
    self->request(node->router(), patience, register_engine{"ear", ear})
      .receive([](const engine_registered&) {},
               [](const caf::error& e) { FAIL(describe(e)); });
    auto theirs = local_config();
    theirs.adverts = {advert};
    test_node peer{theirs};
    auto sent = peer.send(peer.message_to(advert.id, "ear", to_bytes("hi")));
    CHECK_MESSAGE(sent, reason(sent));
    CHECK(as_text(next_message(self).msg) == "hi");
    auto by_tls = [&](caf::actor_system& from) {
      return caf::openssl::remote_actor<router_actor>(from, "127.0.0.1", *port);
    };
    auto plain = [&](caf::actor_system& from) {
      return from.middleman().remote_actor<router_actor>("127.0.0.1", *port);
    };
    tls_config same{keys};
    CHECK(reaches(same, by_tls));
    tls_config other{others};
    CHECK_FALSE(reaches(other, by_tls));
    remoting_config without;
    CHECK_FALSE(reaches(without, plain));
    node->shutdown();
    caf::anon_send_exit(ear, caf::exit_reason::kill);
  }
  CHECK(wait_for_end(worker, patience) == 0);
}
