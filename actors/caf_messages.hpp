// Our messages as messages of CAF: type ids and inspection. Every message that
// can leave the process carries its BARE encoding through CAF's own
// middleman; a failed decode is an error of the inspection. Those that hold
// handles of actors carry CAF's own encoding. The rest stays in its actor
// system: sent elsewhere by mistake it does not arrive in 0.17, and arrives
// empty in 1.x, where our actors ignore it.
//
// A new message goes into one of the lists below, its header is included in
// caf_messages.cpp.

#pragma once

#include <caf/error.hpp>
#include <caf/type_id.hpp>

#include <node_proxy/actors/caf_compat.hpp>
#include <node_proxy/actors/caf_inspect.hpp>
#include <node_proxy/actors/error.hpp>
#include <node_proxy/actors/exchange_messages.hpp>
#include <node_proxy/actors/node_event.hpp>
#include <node_proxy/messages/node_proxy_msg.hpp>
#include <node_proxy/messages/router_msg.hpp>

namespace caf {
class actor_system_config;
}

/// Messages with a BARE encoding.
#define NODE_PROXY_PLAIN_MESSAGES(X)                                           \
  X(public_key)                                                                \
  X(engine_id)                                                                 \
  X(engine_msg)                                                                \
  X(node_out_msg)                                                              \
  X(node_msg)                                                                  \
  X(connect_request)                                                           \
  X(connect_reply)                                                             \
  X(node_advert)                                                               \
  X(node_advert_reply)                                                         \
  X(connection_permanence)                                                     \
  X(node_connect_request)                                                      \
  X(node_connect_reply)                                                        \
  X(tcp_addr)                                                                  \
  X(delivered)                                                                 \
  X(node_out_batch)                                                            \
  X(batch_outcome)                                                             \
  X(engine_msg_batch)                                                          \
  X(batch_taken)                                                               \
  X(node_msg_taken)                                                            \
  X(done)                                                                      \
  X(node_event)                                                                \
  X(node_metrics)

/// The same for messages that are declared here: what is asked of a Router.
#define NODE_PROXY_ROUTER_MESSAGES(X)                                          \
  X(engine_registered)                                                         \
  X(unregister_engine)                                                         \
  X(engine_unregistered)                                                       \
  X(lookup_engine)                                                             \
  X(lookup_node_proxy)                                                         \
  X(get_local_advert)                                                          \
  X(get_node_metrics)

/// Messages that can leave the process and hold handles of actors. Structs,
/// declared here; each lists its fields in `fields`.
#define NODE_PROXY_HANDLE_MESSAGES(X)                                          \
  X(register_engine)                                                           \
  X(engine_found)                                                              \
  X(node_proxy_found)

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
  X(inbound)                                                                   \
  X(inbound_refused)                                                           \
  X(linger)                                                                    \
  X(socket_deadline)                                                           \
  X(admission_request)                                                         \
  X(admission)                                                                 \
  X(proven_connection)                                                         \
  X(routed_msg)                                                                \
  X(routed_batch)                                                              \
  X(attach_session)                                                            \
  X(engine_left)                                                               \
  X(local_advert_changed)                                                      \
  X(connect_now)                                                               \
  X(way_back)                                                                  \
  X(come_back_to)                                                              \
  X(looked_up)                                                                 \
  X(routed_mark)                                                               \
  X(node_proxy_dormant)                                                        \
  X(retire)                                                                    \
  X(passed_on)                                                                 \
  X(stop_node_proxy)                                                           \
  X(proxy_event)                                                               \
  X(engines_answered)                                                          \
  X(tick)                                                                      \
  X(flush_queued)                                                              \
  X(local_addresses)                                                           \
  X(stop_router)                                                               \
  X(router_stopped)                                                            \
  X(state_changes)                                                             \
  X(retry_write)                                                               \
  X(handshake_failed)

namespace node_proxy {

#define NODE_PROXY_DECLARE(name) struct name;
NODE_PROXY_ROUTER_MESSAGES(NODE_PROXY_DECLARE)
NODE_PROXY_HANDLE_MESSAGES(NODE_PROXY_DECLARE)
NODE_PROXY_LOCAL_MESSAGES(NODE_PROXY_DECLARE)
#undef NODE_PROXY_DECLARE

/// Makes all messages and the error category known to CAF: for all actor
/// systems of the process in 1.x (where it also does this for CAF itself), for
/// those made with `cfg` in 0.17. To be called before any of them is made.
void register_messages(caf::actor_system_config& cfg);

/// Whether an actor that takes none but our messages ignores `what`: it comes
/// from another process, and is none of those that can leave one.
/// @param by who hands it over, as CAF tells `enqueue`.
[[nodiscard]] bool is_intrusion(const caf::mailbox_element& what,
                                detail::unit* by);

} // namespace node_proxy

#define NODE_PROXY_ADD_TYPE_ID(name)                                           \
  CAF_ADD_TYPE_ID(node_proxy_messages, (node_proxy::name))

// 500 leaves the usual place, directly after CAF's own ids, to users.
CAF_BEGIN_TYPE_ID_BLOCK(node_proxy_messages, caf::first_custom_type_id + 500)
NODE_PROXY_ADD_TYPE_ID(errc)
NODE_PROXY_PLAIN_MESSAGES(NODE_PROXY_ADD_TYPE_ID)
NODE_PROXY_ROUTER_MESSAGES(NODE_PROXY_ADD_TYPE_ID)
NODE_PROXY_HANDLE_MESSAGES(NODE_PROXY_ADD_TYPE_ID)
NODE_PROXY_LOCAL_MESSAGES(NODE_PROXY_ADD_TYPE_ID)
CAF_END_TYPE_ID_BLOCK(node_proxy_messages)

#undef NODE_PROXY_ADD_TYPE_ID

#define NODE_PROXY_PLAIN(name)                                                 \
  template <>                                                                  \
  inline constexpr bool node_proxy::is_plain_message<node_proxy::name> = true;
NODE_PROXY_PLAIN_MESSAGES(NODE_PROXY_PLAIN)
NODE_PROXY_ROUTER_MESSAGES(NODE_PROXY_PLAIN)
#undef NODE_PROXY_PLAIN

#define NODE_PROXY_HANDLE(name)                                                \
  template <>                                                                  \
  inline constexpr bool node_proxy::is_handle_message<node_proxy::name> =      \
    true;
NODE_PROXY_HANDLE_MESSAGES(NODE_PROXY_HANDLE)
#undef NODE_PROXY_HANDLE

#define NODE_PROXY_LOCAL(name)                                                 \
  template <>                                                                  \
  inline constexpr bool node_proxy::is_local_message<node_proxy::name> = true;
NODE_PROXY_LOCAL_MESSAGES(NODE_PROXY_LOCAL)
#undef NODE_PROXY_LOCAL
