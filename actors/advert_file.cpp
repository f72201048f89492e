#include <node_proxy/actors/advert_file.hpp>

#include <string_view>

#include <node_proxy/actors/disk/small_file.hpp>
#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/wire/advert.hpp>
#include <node_proxy/protocol/wire/bare.hpp>

namespace node_proxy {

using namespace internal;

namespace {

constexpr std::string_view head = "node-proxy advert v1\n";
constexpr std::size_t largest = head.size() + limits::advert_size;

} // namespace

tl::expected<node_advert, file_error> load_advert(const std::string& path) {
  file_name name{"advert file", path};
  bytes buffer(largest + 1);
  auto size = read_file(name, file_access::any, buffer);
  if (!size)
    return tl::unexpected{std::move(size.error())};
  auto content = bytes_view{buffer}.first(*size);
  if (!as_text(content).starts_with(head))
    return tl::unexpected{make_file_error(
      file_errc::damaged, name,
      "does not begin like an advert; expected a file that `node-proxy "
      "advert` wrote")};
  auto advert = decode<node_advert>(content.subspan(head.size()));
  if (!advert)
    return tl::unexpected{
      make_file_error(file_errc::damaged, name,
                      "is damaged (" + std::string{to_string(advert.error())}
                        + "); expected a file that `node-proxy advert` wrote")};
  if (!verify_advert(*advert))
    return tl::unexpected{make_file_error(
      file_errc::bad_signature, name,
      "has a wrong signature; expected one by the node that it is about")};
  return std::move(*advert);
}

tl::expected<void, file_error> save_advert(const std::string& path,
                                           const node_advert& advert) {
  file_name name{"advert file", path};
  auto content = to_bytes(head);
  if (auto encoded = encode_to(content, advert); !encoded)
    return tl::unexpected{
      make_file_error(file_errc::damaged, name,
                      "cannot be made of this advert: "
                        + std::string{to_string(encoded.error())})};
  if (content.size() > largest)
    return tl::unexpected{
      make_file_error(file_errc::too_large, name,
                      "would be too large; expected an advert of at most "
                        + std::to_string(limits::advert_size) + " bytes")};
  return replace_file(name, content);
}

} // namespace node_proxy
