#include <node_proxy/protocol/node/peer_directory.hpp>

#include <algorithm>
#include <utility>

#include <node_proxy/protocol/wire/advert.hpp>

namespace node_proxy::internal {

peer_directory::peer_directory(const directory_settings& settings,
                               std::shared_ptr<const identity> self,
                               const stored_state& stored, random_source random)
  : settings_(settings), self_(std::move(self)), random_(std::move(random)),
    book_(settings.peers_kept, requests_), adverts_(settings.adverts_kept),
    comeback_(random_source{random_.next_key()}),
    advert_(self_, stored.own_version), changes_(stored) {
  for (const auto& id : stored.permanent_peers) {
    permanent_.insert(id);
    adverts_.handle_hold(id, advert_hold::permanent);
  }
  for (const auto& id : settings_.configured)
    adverts_.handle_hold(id, advert_hold::configured);
  for (const auto& x : stored.nodes) {
    hold_if_named(x.advert.id);
    adverts_.handle_stored(x);
  }
  drop_forgotten();
  for (const auto& id : stored.connected_peers)
    if (adverts_.find(id)) {
      noted_connected_.insert(id);
      comeback_.handle_stored(id);
    } else {
      changes_.handle_connected(id, false, false);
    }
}

// -- what this node wants -----------------------------------------------------

expected<void, send_error> peer_directory::handle_wanted(const node_id& id,
                                                         steady_time now) {
  if (stopping_)
    return unexpected{send_error::shutting_down};
  if (served_.find(id))
    return {};
  if (id == self_->id())
    return unexpected{send_error::wrong_target};
  if (!settings_.admission.allows(id) || served_.find(twin_of(id)))
    return unexpected{send_error::denied};
  auto key = noise_key_of(id);
  if (!key || !has_way_to(id, now))
    return unexpected{send_error::unknown_node};
  if (is_guest(id) && !has_room_for_guest())
    return unexpected{send_error::outbox_full};
  serve(id, *key, take_record(id, now));
  return {};
}

void peer_directory::handle_permanence(const node_id& id,
                                       connection_permanence permanence) {
  auto permanent = permanence == connection_permanence::permanent;
  auto changed =
    permanent ? permanent_.insert(id).second : permanent_.erase(id) > 0;
  if (permanent)
    to_forget_.erase(id);
  if (!changed)
    return;
  if (permanent)
    adverts_.handle_hold(id, advert_hold::permanent);
  else
    adverts_.handle_release(id, advert_hold::permanent);
  changes_.handle_permanence(id, permanent);
  update_standing(id);
  drop_forgotten();
}

node_advert_reply
peer_directory::handle_introduction(const node_advert& advert) {
  if (advert.id == self_->id())
    return {node_advert_refusal::wrong_node};
  // A stale one may still say where the node is.
  if (auto ok = check_advert(advert, advert.id, 0); !ok)
    return {ok.error()};
  auto newer = advert.version > adverts_.version(advert.id);
  to_forget_.erase(advert.id);
  asked_to_forget_.erase(advert.id);
  hold_if_named(advert.id);
  if (adverts_.handle_introduction(advert)) {
    keep(advert.id);
    if (served_.find(advert.id))
      actions_.emplace_back(introduce_peer{advert});
  }
  update_standing(advert.id);
  if (!newer)
    return {node_advert_refusal::stale};
  return {node_advert_accepted{advert.version}};
}

expected<void, issue_error>
peer_directory::handle_local_addresses(std::vector<weighted_address> addresses,
                                       std::uint64_t min_version,
                                       timestamp now) {
  auto is_first = !started_;
  started_ = true;
  auto result =
    advert_.handle_addresses(std::move(addresses), min_version, now);
  if (result)
    announce();
  if (!is_first)
    return result;
  for (const auto& id : permanent_)
    if (auto ok = handle_wanted(id, now.steady); !ok)
      actions_.emplace_back(report_denied{id, ok.error()});
  comeback_.handle_start(now.steady);
  return result;
}

// -- who comes ----------------------------------------------------------------

admission peer_directory::handle_request(const node_id& id, steady_time now) {
  auto epoch = epoch_for(id, now);
  requests_.handle_answer(id, epoch);
  auto facts = facts_about(id, std::nullopt);
  if (!facts.allowed)
    note_turned_away(id, connect_reply_error::denied, now);
  else if (facts.over_capacity && !facts.twin_connected)
    note_turned_away(id, connect_reply_error::over_capacity, now);
  return {facts, epoch, facts.allowed && !is_stranger(standing_of(id))};
}

connect_reply peer_directory::answer(const connect_request& request) const {
  return answer_request(request, self_->id(),
                        facts_about(request.src_node_id, std::nullopt));
}

void peer_directory::handle_request_end(const node_id& id,
                                        std::uint64_t epoch) {
  requests_.handle_end(id, epoch);
  if (!requests_.contain(id))
    book_.handle_request_end(id);
}

expected<void, arrival_error> peer_directory::handle_arrival(const arrival& x,
                                                             steady_time now) {
  auto result = take_in(x, now);
  if (!result && result.error() == arrival_error::over_capacity)
    note_turned_away(x.id, connect_reply_error::over_capacity, now);
  handle_request_end(x.id, x.epoch);
  return result;
}

expected<void, arrival_error> peer_directory::take_in(const arrival& x,
                                                      steady_time now) {
  auto known = served_.find(x.id);
  if (stopping_ && !known)
    return unexpected{arrival_error::shutting_down};
  auto source = x.from ? source_of(*x.from) : connection_source{};
  auto facts = facts_about(x.id, source);
  if (!facts.allowed || facts.twin_connected)
    return unexpected{arrival_error::denied};
  if (facts.over_capacity)
    return unexpected{arrival_error::over_capacity};
  if (requests_.epoch(x.id) != x.epoch)
    return unexpected{arrival_error::epoch_ended};
  if (!known)
    serve(x.id, x.key, take_record(x.id, now));
  served_.handle_arrival(x.id, source, now + settings_.arrival_timeout());
  make_room(standing_of(x.id));
  return {};
}

// -- what those who serve a peer say ------------------------------------------

bool peer_directory::handle_event(const node_id& id, const peer_event& event,
                                  steady_time now) {
  return std::visit([&](const auto& x) { return handle(id, x, now); }, event);
}

bool peer_directory::handle(const node_id& id, const peer_connected&,
                            steady_time now) {
  served_.handle_connected(id);
  to_forget_.erase(id);
  make_room(standing_of(id));
  // Whoever was dialled, or displaced just before, may find no place.
  if (served_.here() > settings_.max_peers && !permanent_.contains(id))
    displace(id);
  comeback_.handle_connected(id, served_.connected() == 1, now);
  note_connected(id);
  perform_comeback(now);
  troubles_.handle_connected(id);
  turned_away_.handle_connected(id);
  served_.set_unreported(id, is_stranger(standing_of(id))
                               && !visits_.handle_visit(now));
  return is_reported(id);
}

bool peer_directory::handle(const node_id& id, const peer_resumed&,
                            steady_time now) {
  return is_reported_again(id, now);
}

bool peer_directory::handle(const node_id& id, const peer_disconnected& event,
                            steady_time now) {
  served_.handle_disconnected(id);
  // At our own end who was told goodbye may wait for us.
  if (!stopping_)
    note_disconnected(id, is_goodbye(event.reason), now);
  return is_reported(id);
}

bool peer_directory::handle(const node_id& id, const peer_refused& event,
                            steady_time) {
  forget_connected(id);
  return troubles_.handle_refused(id, event.reason) && is_reported(id);
}

bool peer_directory::handle(const node_id& id, const peer_key_shared& event,
                            steady_time now) {
  // What a stranger says of the key of this node may be a lie.
  if (event.is_own && is_stranger(standing_of(id)))
    return false;
  return is_reported_again(id, now);
}

bool peer_directory::handle(const node_id& id, const peer_unreachable& event,
                            steady_time) {
  return troubles_.handle_unreachable(id, event.undialled()) && is_reported(id);
}

bool peer_directory::handle(const node_id&, const peer_connect_failed&,
                            steady_time) {
  return true;
}

bool peer_directory::handle_advert(const node_advert& advert) {
  const auto& id = advert.id;
  if (advert.version <= adverts_.version(id))
    return false;
  hold_if_named(id);
  adverts_.handle_advert(advert);
  keep(id);
  // From now on there is a way back to it.
  if (is_connected(id))
    note_connected(id);
  return is_reported(id);
}

/// What a stranger does is not, if its visit was one too many.
bool peer_directory::is_reported(const node_id& id) {
  auto x = served_.find(id);
  if (!x || !x->unreported)
    return true;
  visits_.handle_left_out();
  return false;
}

/// The same for what a stranger can have happen often in one visit: each time
/// counts as one.
bool peer_directory::is_reported_again(const node_id& id, steady_time now) {
  if (!is_reported(id))
    return false;
  if (!is_stranger(standing_of(id)) || visits_.handle_visit(now))
    return true;
  visits_.handle_left_out();
  return false;
}

/// Who asks for a connection is turned away. That is told once of each until it
/// is connected, and of not too many: whoever likes can ask, in the name of
/// many.
void peer_directory::note_turned_away(const node_id& id,
                                      connect_reply_error reason,
                                      steady_time now) {
  if (!turned_away_.handle_refused(id, reason))
    return;
  if (vain_visits_.handle_visit(now)) {
    actions_.emplace_back(report_turned_away{id, reason});
  } else {
    vain_visits_.handle_left_out();
    turned_away_.handle_forgotten(id);
  }
}

void peer_directory::handle_addresses(const node_id& id,
                                      const address_memory& memory) {
  adverts_.handle_addresses(id, memory);
  keep(id);
  update_standing(id);
}

expected<void, issue_error>
peer_directory::handle_overtaken(const overtaken_advert& msg, timestamp now) {
  auto is_new = advert_.handle_overtaken(msg.version, now);
  if (!is_new)
    return unexpected{is_new.error()};
  if (*is_new)
    announce();
  return {};
}

void peer_directory::handle_end(const node_id& id,
                                std::optional<peer_record> record,
                                steady_time now) {
  if (!served_.remove(id))
    return;
  adverts_.handle_release(id, advert_hold::served);
  if (record)
    book_.handle_dormant(id, std::move(*record), standing_of(id), now);
  else
    requests_.handle_lost(id);
  // What it is told meanwhile is true of its record.
  if (to_forget_.erase(id) > 0 && !requests_.contain(id))
    return drop(id);
  drop_forgotten();
}

// -- results ------------------------------------------------------------------

void peer_directory::handle_timeout(steady_time now) {
  served_.handle_timeout(now);
  auto left_out = visits_.poll_left_out(now).value_or(0)
                  + vain_visits_.poll_left_out(now).value_or(0);
  if (left_out > 0)
    actions_.emplace_back(report_left_out{left_out});
  comeback_.handle_timeout(now);
  perform_comeback(now);
}

std::optional<directory_action> peer_directory::poll_action() {
  if (actions_.empty())
    return std::nullopt;
  return actions_.take_front();
}

std::optional<steady_time> peer_directory::poll_timeout() const {
  return earliest({comeback_.poll_timeout(), served_.poll_timeout(),
                   visits_.poll_timeout(), vain_visits_.poll_timeout()});
}

std::optional<state_changes> peer_directory::poll_changes(steady_time now) {
  return changes_.poll(now, stopping_);
}

// -- state --------------------------------------------------------------------

bool peer_directory::is_connected(const node_id& id) const {
  auto x = served_.find(id);
  return x && x->connected;
}

std::vector<node_id> peer_directory::unserved() const {
  std::vector<node_id> result;
  auto add = [&](const node_id& id) {
    if (!served_.find(id))
      result.push_back(id);
  };
  for (const auto& id : adverts_.introduced())
    add(id);
  for (const auto& id : permanent_)
    if (!adverts_.find(id) || adverts_.standing(id) < peer_standing::introduced)
      add(id);
  return result;
}

// -- who is served ------------------------------------------------------------

/// The epoch of this node's numbers towards a peer: that of what is there, or
/// what the peer was told, or a new one.
std::uint64_t peer_directory::epoch_for(const node_id& id, steady_time now) {
  if (auto known = served_.find(id))
    return known->epoch;
  if (auto record = book_.find(id, now))
    return record->epoch;
  auto told = requests_.epoch(id);
  return told ? *told : random_.next_u64();
}

/// What there is of a peer that is to be served.
peer_record peer_directory::take_record(const node_id& id, steady_time now) {
  auto epoch = epoch_for(id, now);
  auto record = book_.take(id, now);
  return record ? *record : peer_record{epoch};
}

/// Whether there may be a way to a node: it says where it is, or came to us. To
/// whom we are to be connected we find one some day.
bool peer_directory::has_way_to(const node_id& id, steady_time now) {
  return adverts_.find(id) || permanent_.contains(id) || record(id, now);
}

void peer_directory::serve(const node_id& id, const noise_public_key& key,
                           const peer_record& record) {
  adverts_.handle_hold(id, advert_hold::served);
  auto standing = standing_of(id);
  served_.add(id, record.epoch, standing);
  auto known = adverts_.find(id);
  actions_.emplace_back(serve_peer{id, key, record,
                                   known ? std::optional{*known} : std::nullopt,
                                   permanent_.contains(id), standing});
}

/// Somebody else than the peer may have made it known, or is to forget it.
void peer_directory::update_standing(const node_id& id) {
  auto standing = standing_of(id);
  if (served_.set_standing(id, standing))
    actions_.emplace_back(regard_peer{id, standing});
}

// -- who was lost -------------------------------------------------------------

/// The next process goes to those who are connected when this one ends.
void peer_directory::note_connected(const node_id& id) {
  if (adverts_.find(id) && noted_connected_.insert(id).second)
    changes_.handle_connected(id, true, is_stranger(standing_of(id)));
}

/// Who was told goodbye does not wait for us.
void peer_directory::note_disconnected(const node_id& id, bool goodbye,
                                       steady_time now) {
  if (goodbye)
    forget_connected(id);
  else if (noted_connected_.contains(id))
    comeback_.handle_lost(id, now);
  if (served_.connected() == 0)
    comeback_.handle_alone(now);
}

void peer_directory::forget_connected(const node_id& id) {
  comeback_.handle_forgotten(id);
  if (noted_connected_.erase(id) > 0)
    changes_.handle_connected(id, false, is_stranger(standing_of(id)));
}

void peer_directory::perform_comeback(steady_time now) {
  if (comeback_.poll_way_back())
    for (const auto& [id, x] : served_.all())
      if (!x.connected)
        actions_.emplace_back(hurry_peer{id});
  while (auto id = comeback_.poll_dial())
    seek(*id, now);
}

void peer_directory::seek(const node_id& id, steady_time now) {
  // There is nothing to do about it before it has called again.
  if (!is_worth_seeking(id))
    return comeback_.handle_forgotten(id);
  auto ok = handle_wanted(id, now);
  if (ok)
    actions_.emplace_back(seek_peer{id});
  else if (ok.error() == send_error::denied)
    forget_connected(id);
}

/// Whether it may be dialled, see `peer::handle_standing`.
bool peer_directory::is_worth_seeking(const node_id& id) const {
  auto known = adverts_.find(id);
  return !is_stranger(standing_of(id))
         || (known && known->addresses.earned() > 0);
}

// -- adverts and what else is remembered --------------------------------------

void peer_directory::announce() {
  changes_.handle_own_version(advert_.version());
  actions_.emplace_back(announce_advert{advert_.present()});
}

void peer_directory::hold_if_named(const node_id& id) {
  if (settings_.admission.names(id))
    adverts_.handle_hold(id, advert_hold::configured);
}

/// What is known of a node is to be on disk, if it is not forgotten at once.
void peer_directory::keep(const node_id& id) {
  drop_forgotten();
  if (auto known = adverts_.find(id))
    changes_.handle_node(id, *known, is_stranger(standing_of(id)));
}

void peer_directory::drop_forgotten() {
  while (auto id = adverts_.poll_forgotten()) {
    changes_.handle_node(*id, std::nullopt, true);
    // There is no way back to it either.
    forget_connected(*id);
  }
}

} // namespace node_proxy::internal
