// The messages that the actors of the module send each other, as messages of
// CAF: type ids. They stay in their actor system: sent elsewhere by mistake one
// does not arrive in 0.17, and arrives empty in 1.x, where our actors ignore
// it.
//
// A new message goes into the list below, its header is included in
// local_messages.cpp.

#pragma once

#include <node_proxy/actors/caf/inspect_local.hpp>
#include <node_proxy/actors/caf/messages.hpp>

/// Messages that stay in their actor system. Structs, declared here. They can
/// neither be sent to another process nor come from one.
#define NODE_PROXY_LOCAL_MESSAGES(X)                                           \
  X(connection_ready)                                                          \
  X(listen)                                                                    \
  X(listening)                                                                 \
  X(stop_listening)                                                            \
  X(listening_stopped)                                                         \
  X(dial)                                                                      \
  X(dialled)                                                                   \
  X(stop_dialling)                                                             \
  X(dial_ended)                                                                \
  X(find_hosts)                                                                \
  X(hosts_found)                                                               \
  X(lookup_ended)                                                              \
  X(inbound)                                                                   \
  X(make_room)                                                                 \
  X(room_made)                                                                 \
  X(handshake_jobs)                                                            \
  X(handshake_results)                                                         \
  X(linger)                                                                    \
  X(socket_deadline)                                                           \
  X(admission_request)                                                         \
  X(admission)                                                                 \
  X(proven_connection)                                                         \
  X(routed_msg)                                                                \
  X(routed_batch)                                                              \
  X(proxy_order)                                                               \
  X(engine_left)                                                               \
  X(part_from_peer)                                                            \
  X(parted)                                                                    \
  X(get_peer_metrics)                                                          \
  X(all_peer_metrics)                                                          \
  X(get_peer_status)                                                           \
  X(all_peer_statuses)                                                         \
  X(node_proxy_dormant)                                                        \
  X(retire)                                                                    \
  X(passed_on)                                                                 \
  X(proxy_event)                                                               \
  X(engines_answered)                                                          \
  X(request_note)                                                              \
  X(stop_local_delivery)                                                       \
  X(tick)                                                                      \
  X(turns_over)                                                                \
  X(flush_queued)                                                              \
  X(local_addresses)                                                           \
  X(stop_router)                                                               \
  X(router_stopped)                                                            \
  X(state_changes)                                                             \
  X(retry_write)                                                               \
  X(stop_engine_host)                                                          \
  X(handshake_failed)                                                          \
  X(request_ended)

namespace node_proxy::internal {

#define NODE_PROXY_DECLARE(name) struct name;
NODE_PROXY_LOCAL_MESSAGES(NODE_PROXY_DECLARE)
#undef NODE_PROXY_DECLARE

} // namespace node_proxy::internal

#define NODE_PROXY_ADD_TYPE_ID(name)                                           \
  CAF_ADD_TYPE_ID(node_proxy_local_messages, (node_proxy::internal::name))

CAF_BEGIN_TYPE_ID_BLOCK(node_proxy_local_messages,
                        caf::id_block::node_proxy_messages::end)
NODE_PROXY_LOCAL_MESSAGES(NODE_PROXY_ADD_TYPE_ID)
CAF_END_TYPE_ID_BLOCK(node_proxy_local_messages)

#undef NODE_PROXY_ADD_TYPE_ID

#define NODE_PROXY_LOCAL(name)                                                 \
  template <>                                                                  \
  inline constexpr bool                                                        \
    node_proxy::internal::is_local_message<node_proxy::internal::name> = true;
NODE_PROXY_LOCAL_MESSAGES(NODE_PROXY_LOCAL)
#undef NODE_PROXY_LOCAL
