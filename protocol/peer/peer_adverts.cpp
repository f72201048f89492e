#include <node_proxy/protocol/peer/peer_adverts.hpp>

#include <node_proxy/protocol/wire/advert.hpp>

namespace node_proxy::internal {

// -- events -------------------------------------------------------------------

expected<void, node_advert_refusal>
peer_adverts::handle_own(const node_advert& advert, const node_id& self,
                         fifo<peer_action>& out) {
  auto ok = check_advert(advert, self, versions().own);
  if (ok)
    out.emplace_back(overtaken_advert{advert.version});
  return ok;
}

expected<void, node_advert_refusal>
peer_adverts::handle_remote(const node_advert& advert, const node_id& remote,
                            fifo<peer_action>& out) {
  auto ok = check_advert(advert, remote, remote_version());
  if (ok) {
    remote_ = advert;
    out.emplace_back(learned_advert{advert});
    // Of a node without an advert nothing is remembered.
    if (memory_ != address_memory{})
      out.emplace_back(learned_addresses{memory_});
  }
  return ok;
}

bool peer_adverts::handle_introduction(const node_advert& advert,
                                       fifo<peer_action>& out) {
  return change([&](address_memory& x) { x.handle_introduction(advert); }, out);
}

bool peer_adverts::handle_contact(const transport_address& address,
                                  std::span<const transport_address> tried,
                                  fifo<peer_action>& out) {
  return change([&](address_memory& x) { x.handle_contact(address, tried); },
                out);
}

bool peer_adverts::handle_call(const std::optional<ip_address>& host,
                               fifo<peer_action>& out) {
  return change([&](address_memory& x) { x.handle_call(host); }, out);
}

void peer_adverts::handle_wish(fifo<peer_action>& out) {
  change([](address_memory& x) { x.handle_wish(); }, out);
}

void peer_adverts::handle_dial(fifo<peer_action>& out) {
  change([](address_memory& x) { x.handle_dial(); }, out);
}

// -- state --------------------------------------------------------------------

std::vector<const node_advert*>
peer_adverts::newer_than(const node_advert_versions& versions) const {
  std::vector<const node_advert*> result;
  if (local_ && versions.known < local_->version)
    result.push_back(local_.get());
  if (remote_ && versions.own < remote_->version)
    result.push_back(&*remote_);
  return result;
}

std::vector<transport_address> peer_adverts::best_addresses() const {
  return memory_.best_first(
    remote_ ? remote_->addrs : std::vector<weighted_address>{}, scope_);
}

std::optional<dial_obstacle> peer_adverts::obstacle() const {
  return memory_.obstacle(
    remote_ ? remote_->addrs : std::vector<weighted_address>{}, scope_);
}

// -- private ------------------------------------------------------------------

/// Has `f` change what is remembered.
/// @returns whether that is something new.
template <class F>
bool peer_adverts::change(F f, fifo<peer_action>& out) {
  auto before = memory_;
  f(memory_);
  if (memory_ == before)
    return false;
  out.emplace_back(learned_addresses{memory_});
  return true;
}

} // namespace node_proxy::internal
