#include <node_proxy/protocol/peer/address_memory.hpp>

#include <algorithm>
#include <functional>
#include <utility>

#include <node_proxy/protocol/peer/dial_policy.hpp>
#include <node_proxy/protocol/wire/address_kind.hpp>

namespace node_proxy::internal {

namespace {

/// Whether there is a way to connect to such an address.
bool has_transport(const transport_address& address) {
  return std::holds_alternative<tcp_addr>(address)
         || std::holds_alternative<dns_addr>(address);
}

bool is_dialled(const transport_address& address) {
  return has_transport(address) && !objection_to_dial(address);
}

/// Why a peer is not dialled at an address that is known of it.
dial_objection reason_against(const transport_address& address) {
  if (!has_transport(address))
    return dial_objection::unsupported_transport;
  return objection_to_dial(address) ? dial_objection::no_single_host
                                    : dial_objection::outside_dial_ranges;
}

/// Whether an address names one of these hosts.
bool is_at(const transport_address& address,
           std::span<const ip_address> hosts) {
  const auto* host = host_of(address);
  return host != nullptr && std::ranges::find(hosts, *host) != hosts.end();
}

void add_host(std::vector<ip_address>& all, const transport_address& address) {
  if (const auto* host = host_of(address))
    all.push_back(*host);
}

void add_new(std::vector<transport_address>& all,
             const transport_address& address) {
  if (is_dialled(address) && std::ranges::find(all, address) == all.end())
    all.push_back(address);
}

void add_all(std::vector<transport_address>& all,
             std::span<const weighted_address> added) {
  for (const auto& x : added)
    add_new(all, x.address);
}

std::vector<weighted_address>
by_weight(const std::vector<weighted_address>& addresses) {
  std::vector<weighted_address> result;
  result.reserve(addresses.size());
  for (const auto& x : addresses)
    result.push_back({canonical(x.address), x.weight});
  std::ranges::stable_sort(result, std::greater{}, &weighted_address::weight);
  return result;
}

template <class T>
void put_first(std::vector<T>& all, const T& x, std::size_t max) {
  std::erase(all, x);
  all.insert(all.begin(), x);
  if (all.size() > max)
    all.pop_back();
}

} // namespace

// -- events -------------------------------------------------------------------

void address_memory::handle_introduction(const node_advert& advert) {
  if (advert.addrs.empty() || advert.version < version_)
    return;
  introduced_ = by_weight(advert.addrs);
  version_ = advert.version;
}

void address_memory::handle_contact(const transport_address& address,
                                    std::span<const transport_address> tried) {
  // What fails while another one works has had its time.
  std::erase_if(reached_, [&](const transport_address& x) {
    return std::ranges::find(tried, x) != tried.end();
  });
  put_first(reached_, address, max_reached);
  earn();
}

void address_memory::handle_call(const std::optional<ip_address>& host) {
  if (host)
    put_first(callers_, canonical(*host), max_callers);
  earn();
}

void address_memory::handle_wish() {
  earned_ = std::max<std::uint64_t>(earned_, 1);
}

void address_memory::handle_dial() {
  earned_ -= std::min<std::uint64_t>(earned_, 1);
}

// -- state --------------------------------------------------------------------

std::vector<transport_address>
address_memory::best_first(const std::vector<weighted_address>& advertised,
                           const dial_scope& scope) const {
  auto told = by_weight(advertised);
  auto met = hosts();
  std::erase_if(told, [&](const weighted_address& x) {
    return !may_dial(x.address, met, scope);
  });
  std::stable_partition(
    told.begin(), told.end(),
    [this](const weighted_address& x) { return is_at(x.address, callers_); });
  std::vector<transport_address> result;
  for (const auto& x : reached_)
    add_new(result, x);
  add_all(result, told);
  add_all(result, introduced_);
  return result;
}

std::optional<dial_obstacle>
address_memory::obstacle(const std::vector<weighted_address>& advertised,
                         const dial_scope& scope) const {
  if (!best_first(advertised, scope).empty())
    return std::nullopt;
  dial_obstacle result;
  auto known = by_weight(advertised);
  for (const auto& x : introduced_)
    if (std::ranges::find(known, x.address, &weighted_address::address)
        == known.end())
      known.push_back(x);
  for (const auto& x : known)
    result.addresses.push_back({x.address, reason_against(x.address)});
  if (!result.addresses.empty())
    result.reason = obstacle_kind::undialled_addresses;
  return result;
}

std::vector<transport_address>
address_memory::addresses_of(const dns_addr& name,
                             std::span<const ip_address> found,
                             const dial_scope& scope) const {
  auto is_vouched_for =
    std::ranges::any_of(introduced_, [&name](const weighted_address& x) {
      return x.address == transport_address{name};
    });
  auto met = hosts();
  std::vector<transport_address> result;
  for (const auto& host : found) {
    transport_address address = tcp_addr{canonical(host), name.port};
    if (result.size() < max_hosts_of_name
        && (is_vouched_for || may_dial(address, met, scope)))
      add_new(result, address);
  }
  return result;
}

// -- private ------------------------------------------------------------------

/// Where the peer was met, or is said to be by others.
std::vector<ip_address> address_memory::hosts() const {
  auto result = callers_;
  for (const auto& x : reached_)
    add_host(result, x);
  for (const auto& x : introduced_)
    add_host(result, x.address);
  return result;
}

void address_memory::earn() {
  earned_ = std::min(earned_ + 1, max_earned);
}

} // namespace node_proxy::internal
