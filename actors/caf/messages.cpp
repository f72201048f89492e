#include <node_proxy/actors/caf/messages.hpp>
#include <node_proxy/actors/caf/text_archive.hpp>
#include <node_proxy/actors/router.hpp>
#include <node_proxy/protocol/wire/bare.hpp>

namespace node_proxy {

using namespace internal;

template <class T>
bool message_to_bare(const T& x, bytes& bare) {
  return encode_to(bare, x, bare_values::unchecked).has_value();
}

template <class T>
bool message_from_bare(bytes_view bare, T& x) {
  T decoded{};
  if (!decode_into(decoded, bare, bare_values::unchecked))
    return false;
  x = std::move(decoded);
  return true;
}

template <class T>
std::string message_to_text(const T& x) {
  std::string result;
  text_archive{result}.put(x);
  return result;
}

#define NODE_PROXY_INSTANTIATE(name)                                           \
  template std::string message_to_text(const name&);                           \
  template bool message_to_bare(const name&, bytes&);                          \
  template bool message_from_bare(bytes_view, name&);
NODE_PROXY_PLAIN_MESSAGES(NODE_PROXY_INSTANTIATE)
NODE_PROXY_ROUTER_MESSAGES(NODE_PROXY_INSTANTIATE)
#undef NODE_PROXY_INSTANTIATE

} // namespace node_proxy
