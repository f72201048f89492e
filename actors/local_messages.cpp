#include <node_proxy/actors/local_messages.hpp>

#include <node_proxy/actors/disk/state_keeper.hpp>
#include <node_proxy/actors/router/router_service.hpp>
#include <node_proxy/actors/tcp/tcp_linger.hpp>
#include <node_proxy/actors/transport/transport_messages.hpp>

namespace node_proxy {

using namespace internal;

void register_messages([[maybe_unused]] caf::actor_system_config& cfg) {
#if CAF_MAJOR_VERSION >= 1
  // In ascending order of the ids, as the table only grows at its end.
  caf::core::init_global_meta_objects();
  caf::init_global_meta_objects<caf::id_block::node_proxy_messages,
                                caf::id_block::node_proxy_local_messages>();
#else
  cfg.add_message_types<caf::id_block::node_proxy_messages>();
  cfg.add_message_types<caf::id_block::node_proxy_local_messages>();
  cfg.add_error_category(
    caf::atom("node_proxy"),
    [](std::uint8_t code, caf::atom_value, const caf::message& context) {
      return describe(
        caf::error{code, caf::atom("node_proxy"), caf::message{context}});
    });
#endif
}

} // namespace node_proxy
