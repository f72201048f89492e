#include <node_proxy/protocol/node/advert_book.hpp>

#include <node_proxy/protocol/wire/bare.hpp>

namespace node_proxy::internal {

void advert_book::handle_advert(const node_advert& advert) {
  auto known = find(advert.id);
  put({advert, known ? known->addresses : address_memory{}},
      standing(advert.id));
  bound();
}

bool advert_book::handle_introduction(const node_advert& advert) {
  auto before = find(advert.id);
  auto after = before ? *before : known_node{advert};
  if (advert.version > after.advert.version)
    after.advert = advert;
  after.addresses.handle_introduction(advert);
  auto is_new = !before || *before != after;
  if (!put(after, peer_standing::introduced))
    return false;
  bound();
  return is_new;
}

void advert_book::handle_stored(const known_node& stored) {
  if (put(stored, peer_standing::known))
    bound();
}

void advert_book::handle_addresses(const node_id& id,
                                   const address_memory& memory) {
  auto known = find(id);
  if (!known)
    return;
  put({known->advert, memory}, standing(id));
  bound();
}

void advert_book::handle_hold(const node_id& id, advert_hold reason) {
  holds_[id] |= static_cast<unsigned>(reason);
  if (auto known = entries_.find(id); known != entries_.end())
    remove_loose(known->second);
}

void advert_book::handle_release(const node_id& id, advert_hold reason) {
  auto hold = holds_.find(id);
  if (hold == holds_.end())
    return;
  hold->second &= ~static_cast<unsigned>(reason);
  if (hold->second != 0)
    return;
  holds_.erase(hold);
  if (auto known = entries_.find(id); known != entries_.end())
    add_loose(known->second);
  bound();
}

void advert_book::handle_forgotten(const node_id& id) {
  if (entries_.contains(id))
    remove(id);
}

std::optional<node_id> advert_book::poll_forgotten() {
  if (forgotten_.empty())
    return std::nullopt;
  return forgotten_.take_front();
}

const known_node* advert_book::find(const node_id& id) const {
  auto known = entries_.find(id);
  return known != entries_.end() ? &known->second.known : nullptr;
}

std::uint64_t advert_book::version(const node_id& id) const {
  auto known = find(id);
  return known ? known->advert.version : 0;
}

peer_standing advert_book::standing(const node_id& id) const {
  auto known = entries_.find(id);
  if (known == entries_.end())
    return peer_standing::guest;
  const auto& x = known->second;
  return x.known.addresses.introduced() ? peer_standing::introduced
                                        : x.standing;
}

std::vector<node_id> advert_book::introduced() const {
  std::vector<node_id> result;
  for (const auto& [id, x] : entries_)
    if (standing(id) == peer_standing::introduced)
      result.push_back(id);
  return result;
}

/// @returns false if it is too large to be encoded; nothing has changed then.
bool advert_book::put(const known_node& known, peer_standing standing) {
  bytes encoded;
  if (!encode_to(encoded, known.advert) || !encode_to(encoded, known.addresses))
    return false;
  auto [position, is_new] = entries_.try_emplace(known.advert.id);
  auto& x = position->second;
  if (!is_new)
    remove_loose(x);
  x.known = known;
  x.size = encoded.size();
  x.standing = standing;
  if (!holds_.contains(known.advert.id))
    add_loose(x);
  return true;
}

void advert_book::add_loose(const entry& x) {
  const auto& id = x.known.advert.id;
  auto host = x.known.addresses.last_caller();
  // However many addresses somebody has, those who were introduced are apart.
  auto source =
    host && is_stranger(standing(id)) ? source_of(*host) : connection_source{};
  loose_.add(id, static_cast<std::size_t>(standing(id)), source);
  bytes_ += x.size;
}

void advert_book::remove_loose(const entry& x) {
  if (loose_.remove(x.known.advert.id))
    bytes_ -= x.size;
}

void advert_book::remove(const node_id& id) {
  auto known = entries_.find(id);
  remove_loose(known->second);
  entries_.erase(known);
  forgotten_.push_back(id);
}

void advert_book::bound() {
  while (loose_.size() > limits_.unheld || bytes_ > limits_.bytes)
    remove(*loose_.first([](const node_id&) { return true; }));
}

} // namespace node_proxy::internal
