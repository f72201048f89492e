// Who may be served, and who makes room for whom.

#include <algorithm>

#include <node_proxy/protocol/node/peer_directory.hpp>

namespace node_proxy::internal {

namespace {

/// Of the places for guests that have left each source has that part if others
/// have taken more than they should.
constexpr std::size_t spare_parts = 64;

} // namespace

/// @param from is where it calls from, if that matters already.
connect_facts
peer_directory::facts_about(const node_id& id,
                            std::optional<connection_source> from) const {
  connect_facts result;
  result.versions = settings_.versions;
  result.allowed = settings_.admission.allows(id);
  result.twin_connected = served_.find(twin_of(id)) != nullptr;
  result.over_capacity = !has_room_for(id, from);
  result.advert_versions = {advert_.version(), adverts_.version(id)};
  return result;
}

peer_standing peer_directory::standing_of(const node_id& id) const {
  if (permanent_.contains(id) || settings_.admission.names(id))
    return peer_standing::named;
  return adverts_.standing(id);
}

bool peer_directory::is_guest(const node_id& id) const {
  return standing_of(id) == peer_standing::guest;
}

/// Whether a peer may come. Who is here keeps its place when it comes again.
bool peer_directory::has_room_for(
  const node_id& id, const std::optional<connection_source>& from) const {
  auto known = served_.find(id);
  if (permanent_.contains(id) || (known && known->is_here()))
    return true;
  if (served_.here() >= settings_.max_peers
      && !served_.lowest_below(standing_of(id)))
    return false;
  return known || !is_guest(id) || has_room_for_guest()
         || has_spare_room_for_guest(from);
}

bool peer_directory::has_room_for_guest() const {
  // Those that have left may be dialled, and be here then.
  return gone_guests() < settings_.max_peers
         && served_.guests() / 2 < settings_.max_peers;
}

/// Whoever has many identities may fill the places of guests that have left.
/// There are some more, of which each source has a small part, if not that many
/// sources have taken theirs.
bool peer_directory::has_spare_room_for_guest(
  const std::optional<connection_source>& from) const {
  auto share = std::max<std::size_t>(settings_.max_peers / spare_parts, 1);
  return served_.gone_guests(share) < settings_.max_peers
         && (!from || served_.gone_guests(*from) < share);
}

/// A peer of this standing is here: there may be one too many.
void peer_directory::make_room(peer_standing standing) {
  while (served_.here() > settings_.max_peers) {
    auto lowest = served_.lowest_below(standing);
    if (!lowest)
      return;
    displace(*lowest);
  }
}

void peer_directory::displace(const node_id& id) {
  served_.handle_displacement(id);
  actions_.emplace_back(displace_peer{id});
}

} // namespace node_proxy::internal
