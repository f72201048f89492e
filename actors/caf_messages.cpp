#include <node_proxy/actors/caf_compat.hpp>
#include <node_proxy/actors/caf_messages.hpp>
#include <node_proxy/actors/router_service.hpp>
#include <node_proxy/actors/state_keeper.hpp>
#include <node_proxy/actors/tcp_linger.hpp>
#include <node_proxy/actors/transport_messages.hpp>
#include <node_proxy/protocol/bare.hpp>
#include <node_proxy/protocol/hex.hpp>

namespace node_proxy {

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

#define NODE_PROXY_INSTANTIATE(name)                                           \
  template bool message_to_bare(const name&, bytes&);                          \
  template bool message_from_bare(bytes_view, name&);
NODE_PROXY_PLAIN_MESSAGES(NODE_PROXY_INSTANTIATE)
NODE_PROXY_ROUTER_MESSAGES(NODE_PROXY_INSTANTIATE)
#undef NODE_PROXY_INSTANTIATE

std::string to_hex_text(bytes_view bare) {
  return to_hex(bare);
}

void register_messages([[maybe_unused]] caf::actor_system_config& cfg) {
#if CAF_MAJOR_VERSION >= 1
  // In ascending order of the ids, as the table only grows at its end.
  caf::core::init_global_meta_objects();
  caf::init_global_meta_objects<caf::id_block::node_proxy_messages>();
#else
  cfg.add_message_types<caf::id_block::node_proxy_messages>();
  cfg.add_error_category(
    caf::atom("node_proxy"),
    [](std::uint8_t code, caf::atom_value, const caf::message& context) {
      return describe(
        caf::error{code, caf::atom("node_proxy"), caf::message{context}});
    });
#endif
}

} // namespace node_proxy
