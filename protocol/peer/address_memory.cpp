#include <node_proxy/protocol/peer/address_memory.hpp>

#include <algorithm>
#include <functional>

namespace node_proxy::internal {

namespace {

void add_new(std::vector<transport_address>& all,
             const transport_address& address) {
  if (std::ranges::find(all, address) == all.end())
    all.push_back(address);
}

void add_by_weight(std::vector<transport_address>& all,
                   std::vector<weighted_address> added) {
  std::ranges::stable_sort(added, std::greater{}, &weighted_address::weight);
  for (const auto& x : added)
    add_new(all, x.address);
}

} // namespace

void address_memory::handle_introduction(const node_advert& advert) {
  if (advert.addrs.empty() || advert.version < version_)
    return;
  introduced_ = advert.addrs;
  version_ = advert.version;
}

void address_memory::handle_contact(const transport_address& address,
                                    std::span<const transport_address> tried) {
  // What fails while another one works has had its time.
  std::erase_if(reached_, [&](const transport_address& x) {
    return x == address || std::ranges::find(tried, x) != tried.end();
  });
  reached_.insert(reached_.begin(), address);
  if (reached_.size() > max_reached)
    reached_.pop_back();
}

std::vector<transport_address>
address_memory::best_first(std::vector<weighted_address> advertised) const {
  auto result = reached_;
  add_by_weight(result, std::move(advertised));
  add_by_weight(result, introduced_);
  return result;
}

} // namespace node_proxy::internal
