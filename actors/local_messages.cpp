#include <node_proxy/actors/local_messages.hpp>

#include <node_proxy/actors/caf/type_ids.hpp>
#include <node_proxy/actors/caf/whole_messages.hpp>
#include <node_proxy/actors/disk/state_keeper.hpp>
#include <node_proxy/actors/router/local_delivery.hpp>
#include <node_proxy/actors/router/router_service.hpp>
#include <node_proxy/actors/tcp/tcp_dials.hpp>
#include <node_proxy/actors/tcp/tcp_linger.hpp>
#include <node_proxy/actors/tcp/tcp_lookups.hpp>
#include <node_proxy/actors/transport/handshake_worker.hpp>
#include <node_proxy/actors/transport/transport_messages.hpp>
#include <node_proxy/actors/typed/engine_host.hpp>

namespace node_proxy {

using namespace internal;

void register_messages(caf::actor_system_config& cfg) {
  internal::add_type_ids<caf::id_block::node_proxy_messages,
                         caf::id_block::node_proxy_local_messages>(cfg);
  internal::add_error_names(cfg);
}

} // namespace node_proxy
