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
  auto memory = memory_;
  memory.handle_introduction(advert);
  return remember(memory, out);
}

bool peer_adverts::handle_contact(const transport_address& address,
                                  std::span<const transport_address> tried,
                                  fifo<peer_action>& out) {
  auto memory = memory_;
  memory.handle_contact(address, tried);
  return remember(memory, out);
}

bool peer_adverts::handle_call(const std::optional<ip_address>& host,
                               fifo<peer_action>& out) {
  auto memory = memory_;
  memory.handle_call(host);
  return remember(memory, out);
}

void peer_adverts::handle_wish(fifo<peer_action>& out) {
  auto memory = memory_;
  memory.handle_wish();
  remember(memory, out);
}

void peer_adverts::handle_dial(fifo<peer_action>& out) {
  auto memory = memory_;
  memory.handle_dial();
  remember(memory, out);
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

std::vector<transport_address>
peer_adverts::best_addresses(std::span<const ip_range> allowed) const {
  return memory_.best_first(
    remote_ ? remote_->addrs : std::vector<weighted_address>{}, allowed);
}

std::optional<dial_obstacle>
peer_adverts::obstacle(std::span<const ip_range> allowed) const {
  return memory_.obstacle(
    remote_ ? remote_->addrs : std::vector<weighted_address>{}, allowed);
}

// -- private ------------------------------------------------------------------

/// @returns whether that is something new.
bool peer_adverts::remember(const address_memory& memory,
                            fifo<peer_action>& out) {
  if (memory == memory_)
    return false;
  memory_ = memory;
  out.emplace_back(learned_addresses{memory});
  return true;
}

} // namespace node_proxy::internal
