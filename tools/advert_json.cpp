#include "advert_json.hpp"

#include <chrono>

#include <node_proxy/base/hex.hpp>
#include <node_proxy/base/visible.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

#include "json.hpp"

namespace node_proxy::tools {

namespace {

/// Keeps the order of its keys: that of the fields.
constexpr int indent = 2;

json fields_of(const tls_address& x) {
  return {{"address",
           {{"ip", to_string(x.ip)},
            {"port", x.port},
            {"cert_issuer", x.cert_issuer}}}};
}

/// An address under the name of its kind.
struct by_kind {
  json operator()(const quic_addr& x) const {
    return {{"quic_addr", fields_of(x.address)}};
  }
  json operator()(const tls_addr& x) const {
    return {{"tls_addr", fields_of(x.address)}};
  }
  json operator()(const ip_addr& x) const {
    return {{"ip_addr", {{"ip", to_string(x.ip)}}}};
  }
  json operator()(const tcp_addr& x) const {
    return {{"tcp_addr", {{"ip", to_string(x.ip)}, {"port", x.port}}}};
  }
  json operator()(const udp_addr& x) const {
    return {{"udp_addr", {{"ip", to_string(x.ip)}, {"port", x.port}}}};
  }
  json operator()(const dns_addr& x) const {
    return {{"dns_addr", {{"name", x.name}, {"port", x.port}}}};
  }
};

std::string two_digits(std::uint64_t value) {
  return {static_cast<char>('0' + value / 10 % 10),
          static_cast<char>('0' + value % 10)};
}

std::string date_of(abs_time time) {
  using namespace std::chrono;
  constexpr sys_days epoch = year{2024} / 1 / 1;
  constexpr sys_days last = year{9999} / 12 / 31;
  auto day = time.minutes / (24 * 60);
  // ISO 8601 has four digits for the year.
  if (day > static_cast<std::uint64_t>((last - epoch).count()))
    return std::to_string(time.minutes) + " minutes after 2024-01-01T00:00Z";
  year_month_day date{epoch + days{static_cast<int>(day)}};
  return std::to_string(int{date.year()}) + '-'
         + two_digits(unsigned{date.month()}) + '-'
         + two_digits(unsigned{date.day()}) + 'T'
         + two_digits(time.minutes / 60 % 24) + ':'
         + two_digits(time.minutes % 60) + 'Z';
}

/// The text of JSON, whose line ends are those of the indentation.
std::string make_lines_visible(std::string_view text) {
  std::string result;
  for (auto end = text.find('\n'); end != std::string_view::npos;
       end = text.find('\n')) {
    result += internal::make_visible(text.substr(0, end)) + '\n';
    text.remove_prefix(end + 1);
  }
  return result + internal::make_visible(text);
}

} // namespace

std::string to_json(const node_advert& advert) {
  auto addrs = json::array();
  for (const auto& [address, weight] : advert.addrs)
    addrs.push_back(
      {{"address", std::visit(by_kind{}, address)}, {"weight", weight}});
  json object{{"id", to_hex(advert.id.data)},
              {"addrs", std::move(addrs)},
              {"version", advert.version},
              {"created", date_of(advert.created)},
              {"sig", to_hex(advert.sig.data)}};
  return make_lines_visible(
    object.dump(indent, ' ', false, json::error_handler_t::replace));
}

} // namespace node_proxy::tools
