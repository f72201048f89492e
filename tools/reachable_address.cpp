#include "reachable_address.hpp"

#include <variant>

#include <net/if.h>

#include <node_proxy/protocol/address_kind.hpp>
#include <node_proxy/protocol/address_text.hpp>

namespace node_proxy::tools {

namespace {

/// `tcp://[fe80::1%eth0]:4000` with the number of the interface for its name.
expected<std::string, std::string>
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
    return unexpected{"'" + result + "': this host has no interface '" + name
                      + "'"};
  return result.replace(begin + 1, name.size(), std::to_string(number));
}

} // namespace

expected<transport_address, std::string>
parse_listen_address(std::string_view text) {
  auto numeric = with_number_of_interface(text);
  if (!numeric)
    return unexpected{numeric.error()};
  auto result = parse_address(*numeric);
  if (result && !std::holds_alternative<tcp_addr>(*result))
    return unexpected{"'" + std::string{text}
                      + "' cannot be used: this version listens at "
                        "tcp://IP:PORT only"};
  return result;
}

expected<transport_address, std::string>
parse_reachable(std::string_view text) {
  auto result = parse_address(text);
  if (!result)
    return result;
  if (!can_be_dialled(*result))
    return unexpected{"'" + std::string{text}
                      + "' is nothing to connect to: expected the address of "
                        "one host and a port"};
  if (text.find('%') != std::string_view::npos)
    return unexpected{"'" + std::string{text}
                      + "' names an interface of this host, which others do "
                        "not know: leave it out"};
  return result;
}

std::vector<weighted_address>
best_first(const std::vector<transport_address>& addresses) {
  std::vector<weighted_address> result;
  auto weight = addresses.size();
  for (const auto& address : addresses)
    result.push_back({address, weight--});
  return result;
}

} // namespace node_proxy::tools
