#include <node_proxy/protocol/advert_book.hpp>

#include <node_proxy/protocol/bare.hpp>

namespace node_proxy {

void advert_book::handle_advert(const node_advert& advert) {
  bytes encoded;
  if (!encode_to(encoded, advert))
    return;
  auto& x = entries_[advert.id];
  remove_stranger(x);
  x.advert = advert;
  x.size = encoded.size();
  if (!holds_.contains(advert.id))
    add_stranger(x);
  bound();
}

void advert_book::handle_introduction(const node_id& id) {
  if (auto known = entries_.find(id); known != entries_.end())
    known->second.introduced = true;
}

void advert_book::handle_hold(const node_id& id, advert_hold reason) {
  holds_[id] |= static_cast<unsigned>(reason);
  if (auto known = entries_.find(id); known != entries_.end())
    remove_stranger(known->second);
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
    add_stranger(known->second);
  bound();
}

std::optional<node_id> advert_book::poll_forgotten() {
  if (forgotten_.empty())
    return std::nullopt;
  return forgotten_.take_front();
}

const node_advert* advert_book::find(const node_id& id) const {
  auto known = entries_.find(id);
  return known != entries_.end() ? &known->second.advert : nullptr;
}

std::uint64_t advert_book::version(const node_id& id) const {
  auto known = find(id);
  return known ? known->version : 0;
}

bool advert_book::introduced(const node_id& id) const {
  auto known = entries_.find(id);
  return known != entries_.end() && known->second.introduced;
}

void advert_book::add_stranger(entry& x) {
  x.stranger = strangers_.insert(strangers_.end(), x.advert.id);
  bytes_ += x.size;
}

void advert_book::remove_stranger(entry& x) {
  if (!x.stranger)
    return;
  strangers_.erase(*x.stranger);
  x.stranger.reset();
  bytes_ -= x.size;
}

void advert_book::bound() {
  while (strangers_.size() > limits_.strangers || bytes_ > limits_.bytes) {
    auto id = strangers_.front();
    auto known = entries_.find(id);
    remove_stranger(known->second);
    entries_.erase(known);
    forgotten_.push_back(id);
  }
}

} // namespace node_proxy
