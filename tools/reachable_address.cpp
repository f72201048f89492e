#include "reachable_address.hpp"

#include <optional>
#include <utility>

#include <net/if.h>

#include <node_proxy/protocol/wire/address_kind.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

namespace node_proxy::tools {

using namespace internal;

namespace {

/// `tcp://[fe80::1%eth0]:4000` with the number of the interface for its name.
tl::expected<std::string, std::string>
with_number_of_interface(std::string_view text) {
  std::string result{text};
  auto begin = result.find('%');
  auto end = result.find(']');
  if (begin == std::string::npos || end == std::string::npos || end < begin)
    return result;
  auto name = result.substr(begin + 1, end - begin - 1);
  if (name.find_first_not_of("0123456789") == std::string::npos)
    return result;
  auto number = ::if_nametoindex(name.c_str());
  if (number == 0)
    return tl::unexpected{"'" + result + "': this host has no interface '"
                          + name + "'; `ip link` lists them"};
  return result.replace(begin + 1, name.size(), std::to_string(number));
}

using objection = std::optional<std::string_view> (*)(const transport_address&);

/// Reads an address to which nothing may be objected.
/// @param form is what is expected.
tl::expected<transport_address, std::string>
parse(std::string_view text, std::string_view form, objection object_to) {
  // Adverts can name others, but this version can only be reached by TCP.
  if (!text.starts_with("tcp://"))
    return tl::unexpected{"bad address '" + std::string{text} + "': expected "
                          + std::string{form}};
  auto numeric = with_number_of_interface(text);
  if (!numeric)
    return tl::unexpected{std::move(numeric.error())};
  auto result = parse_address(*numeric);
  if (!result && numeric->find('%') != std::string::npos)
    return tl::unexpected{"bad address '" + std::string{text}
                          + "': expected tcp://[IP%INTERFACE]:PORT with a "
                            "link-local IPv6 address, such as fe80::1"};
  if (!result)
    return result;
  if (auto what = object_to(*result))
    return tl::unexpected{"'" + std::string{text} + "' " + std::string{*what}};
  return result;
}

} // namespace

tl::expected<transport_address, std::string>
parse_listen_address(std::string_view text) {
  return parse(text, "tcp://IP:PORT", objection_to_listen);
}

tl::expected<transport_address, std::string>
parse_reachable(std::string_view text) {
  return parse(text, "tcp://HOST:PORT", objection_to_advertise);
}

std::vector<weighted_address>
best_first(const std::vector<transport_address>& addresses) {
  std::vector<weighted_address> result;
  result.reserve(addresses.size());
  auto weight = addresses.size();
  for (const auto& address : addresses)
    result.push_back({address, weight--});
  return result;
}

} // namespace node_proxy::tools
