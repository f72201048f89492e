// What docs/FROM_ZEROMQ.md shows.
#include <iostream>
#include <map>
#include <string>

#include <node_proxy/actors/key_file.hpp>
#include <node_proxy/actors/typed_engine.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

using namespace node_proxy;

// REP: an answer for each request.
caf::behavior replier(caf::event_based_actor* self, router_actor router) {
  return {[=](const engine_msg& request) {
    engine_msg answer{
      request.target, request.sender, request.mailbox,
      to_bytes("answer to " + std::string{as_text(request.msg)})};
    self->send(router, node_out_msg{{}, rel_time{10}, std::move(answer)});
  }};
}

// PULL: takes what comes.
caf::behavior puller(std::shared_ptr<std::size_t> count) {
  return {[count](const engine_msg_batch& work) {
    *count += work.msgs.size();
  }};
}

// SUB: who subscribes is an engine that says so. PUB: sends to all who have.
caf::behavior publisher(caf::event_based_actor* self, router_actor router) {
  auto subscribers = std::make_shared<std::vector<engine_id>>();
  return {
    [=](const engine_msg& subscription) {
      subscribers->push_back(subscription.sender);
    },
    [=](const std::string& news) {
      for (const auto& x : *subscribers)
        self->send(
          router,
          node_out_msg{
            {},
            rel_time{10},
            {{std::nullopt, "publisher"}, x, std::nullopt, to_bytes(news)}});
    },
  };
}

// PUSH: waits as long as too much is under way, as ZeroMQ does at its
// high-water mark.
std::uint64_t push(caf::actor_system& system, const node& from,
                   const engine_id& to, std::size_t count) {
  std::uint64_t taken = 0;
  node_out_batch batch;
  for (std::size_t i = 0; i < count; ++i)
    batch.msgs.push_back({{},
                          rel_time{10},
                          {{from.id(), "pusher"},
                           to,
                           std::nullopt,
                           to_bytes("job " + std::to_string(i))}});
  caf::scoped_actor self{system};
  self->request(from.router(), caf::infinite, std::move(batch))
    .receive([&](const batch_outcome& x) { taken = x.delivered; },
             [](const caf::error& e) { std::cerr << describe(e) << '\n'; });
  return taken;
}

caf::behavior printer(caf::event_based_actor* self, caf::actor to) {
  return {[=](const engine_msg& msg) {
    self->send(to, std::string{as_text(msg.msg)});
  }};
}

int main() {
  caf::actor_system_config cfg;
  init(cfg);
  caf::actor_system system{cfg};
  caf::scoped_actor self{system};
  auto jobs = std::make_shared<std::size_t>(0);
  node_config bobs;
  bobs.self = std::make_shared<identity>(make_identity());
  bobs.listen = {parse_address("tcp://127.0.0.1:0").value()};
  bobs.engines = {{"puller", system.spawn(puller, jobs), true}};
  auto bob = std::move(*spawn_node(system, bobs));
  auto news = system.spawn(publisher, bob.router());
  node_config alices;
  alices.self = std::make_shared<identity>(make_identity());
  alices.adverts = {bob.advert()};
  alices.engines = {
    {"me", system.spawn(printer, caf::actor_cast<caf::actor>(self))}};
  auto alice = std::move(*spawn_node(system, alices));
  for (auto [name, engine] :
       {std::pair{"replier", system.spawn(replier, bob.router())},
        std::pair{"publisher", news}})
    self->request(bob.router(), caf::infinite, register_engine{name, engine})
      .receive([](const engine_registered&) {}, [](const caf::error&) {});
  auto send = [&](const std::string& to) {
    self
      ->request(alice.router(), caf::infinite,
                node_out_msg{{},
                             rel_time{10},
                             {{alice.id(), "me"},
                              {bob.id(), to},
                              std::nullopt,
                              to_bytes("hello")}})
      .receive([](delivered) {}, [](const caf::error&) {});
  };
  send("replier");
  self->receive([](const std::string& x) { std::cout << x << std::endl; });
  send("publisher");
  self->send(news, std::string{"news"});
  self->receive([](const std::string& x) { std::cout << x << std::endl; });
  auto taken = push(system, alice, {bob.id(), "puller"}, 1'000);
  return taken == 1'000 && *jobs == 1'000 ? 0 : 1;
}
