#include <node_proxy/actors/caf/inspect_local.hpp>
#include <node_proxy/actors/caf/text_archive.hpp>
#include <node_proxy/actors/caf/whole_messages.hpp>
#include <node_proxy/base/hex.hpp>
#include <node_proxy/protocol/crypto/identity.hpp>
#include <node_proxy/protocol/crypto/random_source.hpp>
#include <node_proxy/protocol/crypto/secret.hpp>
#include <node_proxy/protocol/session/handshake.hpp>
#include <node_proxy/protocol/wire/bare.hpp>

namespace node_proxy {

using namespace internal;

namespace {

/// Whether there is any way to make a message of it, or of a part of one: it is
/// listed, CAF can inspect it, or it has a form of BARE.
template <class T>
concept can_be_told = is_plain_message<T> || is_handle_message<
  T> || is_local_message<T> || requires(caf::binary_serializer& f, T& x) {
  inspect(f, x);
} || bare_type<T, bare_output_archive>;

// Secrets do not leave their process, nor go from actor to actor.
static_assert(
  !can_be_told<
    secret_key> && !can_be_told<secret<64>> && !can_be_told<identity> && !can_be_told<std::shared_ptr<const identity>> && !can_be_told<random_source> && !can_be_told<session> && !can_be_told<proven_session>);
static_assert(can_be_told<node_advert> && can_be_told<worker_order>);

} // namespace

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
NODE_PROXY_ENUM_MESSAGES(NODE_PROXY_INSTANTIATE)
#undef NODE_PROXY_INSTANTIATE

} // namespace node_proxy
