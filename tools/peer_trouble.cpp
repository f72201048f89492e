#include "peer_trouble.hpp"

#include <chrono>
#include <memory>

#include <node_proxy/actors/caf/messages.hpp>
#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/node_event.hpp>

namespace node_proxy::tools {

using internal::send_anonymously;
using internal::send_request;

namespace {

caf::behavior observer_actor(caf::event_based_actor* self,
                             const node_id& peer) {
  auto last = std::make_shared<std::string>();
  return {
    [=](const node_event& event) {
      if (auto failed = std::get_if<connect_failed_event>(&event.what);
          failed && failed->node == peer)
        *last = describe(
          failed_attempt{failed->address, std::nullopt, failed->reason, 0});
      else if (auto now = std::get_if<connected_event>(&event.what);
               now && now->node == peer)
        last->clear();
    },
    [=](caf::get_atom) { return *last; },
    [self](caf::flush_atom) { self->quit(); },
  };
}

} // namespace

peer_trouble::peer_trouble(caf::actor_system& system, const node_id& peer)
  : system_{system}, observer_{system.spawn(observer_actor, peer)} {}

peer_trouble::~peer_trouble() {
  send_anonymously(observer_, caf::flush_atom_v);
}

std::string peer_trouble::text() const {
  caf::scoped_actor self{system_};
  std::string result;
  send_request(&*self, observer_, std::chrono::seconds{10}, caf::get_atom_v)
    .receive([&](std::string& text) { result = std::move(text); },
             [](const caf::error&) {
               // It has no word for it.
             });
  return result;
}

} // namespace node_proxy::tools
