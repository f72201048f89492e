// Our messages as messages of CAF: type ids and inspection. Every message that
// can leave the process carries its BARE encoding through CAF's own
// middleman; a failed decode is an error of the inspection. Those that hold
// handles of actors carry CAF's own encoding. What stays in its actor system
// is in <node_proxy/actors/local_messages.hpp>.
//
// A new message goes into one of the lists below, its header is included in
// whole_messages.hpp. Messages are declared here only: whoever sends or handles
// one includes its header.

#pragma once

#include <cstdint>

#include <caf/error.hpp>
#include <caf/type_id.hpp>

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/actors/caf/inspect.hpp>
#include <node_proxy/actors/caf/version_check.hpp>
#include <node_proxy/actors/error.hpp>
#include <node_proxy/base/export.hpp>

namespace caf {
class actor_system_config;
}

/// Messages with a BARE encoding. Structs, declared here.
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
  X(node_connect_request)                                                      \
  X(node_connect_reply)                                                        \
  X(tcp_addr)                                                                  \
  X(delivered)                                                                 \
  X(node_out_batch)                                                            \
  X(batch_outcome)                                                             \
  X(engine_msg_batch)                                                          \
  X(batch_taken)                                                               \
  X(asker)                                                                     \
  X(node_msg_taken)                                                            \
  X(done)                                                                      \
  X(node_event)                                                                \
  X(node_metrics)                                                              \
  X(node_parting)

/// The same: what is asked of a Router, and what the processes of a node say to
/// each other.
#define NODE_PROXY_ROUTER_MESSAGES(X)                                          \
  X(engine_registered)                                                         \
  X(unregister_engine)                                                         \
  X(engine_unregistered)                                                       \
  X(lookup_engine)                                                             \
  X(lookup_node_proxy)                                                         \
  X(get_local_advert)                                                          \
  X(get_node_metrics)                                                          \
  X(get_node_status)                                                           \
  X(node_status)                                                               \
  X(disconnect_node)                                                           \
  X(forget_node)                                                               \
  X(get_node_advert)                                                           \
  X(get_connected_nodes)                                                       \
  X(connected_nodes)                                                           \
  X(worker_hello)                                                              \
  X(node_joined)                                                               \
  X(worker_report)                                                             \
  X(worker_order)

/// The same for enums of one octet.
#define NODE_PROXY_ENUM_MESSAGES(X) X(connection_permanence)

/// Messages that can leave the process and hold handles of actors. Structs,
/// declared here; each lists its fields in `fields`.
#define NODE_PROXY_HANDLE_MESSAGES(X)                                          \
  X(register_engine)                                                           \
  X(engine_found)                                                              \
  X(node_proxy_found)                                                          \
  X(subscribe_observer)                                                        \
  X(unsubscribe_observer)                                                      \
  X(join_node)                                                                 \
  X(shared_engine)                                                             \
  X(ended_engine)

namespace node_proxy {

#define NODE_PROXY_DECLARE(name) struct name;
NODE_PROXY_PLAIN_MESSAGES(NODE_PROXY_DECLARE)
NODE_PROXY_ROUTER_MESSAGES(NODE_PROXY_DECLARE)
NODE_PROXY_HANDLE_MESSAGES(NODE_PROXY_DECLARE)
#undef NODE_PROXY_DECLARE

#define NODE_PROXY_DECLARE(name) enum class name : std::uint8_t;
NODE_PROXY_ENUM_MESSAGES(NODE_PROXY_DECLARE)
#undef NODE_PROXY_DECLARE

/// Makes all messages and the error category known to CAF: for all actor
/// systems of the process in 1.x (where it also does this for CAF itself), for
/// those made with `cfg` in 0.17. To be called before any of them is made.
NODE_PROXY_EXPORT void register_messages(caf::actor_system_config& cfg);

} // namespace node_proxy

#define NODE_PROXY_ADD_TYPE_ID(name)                                           \
  CAF_ADD_TYPE_ID(node_proxy_messages, (node_proxy::name))

// 500 leaves the usual place, directly after CAF's own ids, to users.
CAF_BEGIN_TYPE_ID_BLOCK(node_proxy_messages, caf::first_custom_type_id + 500)
NODE_PROXY_ADD_TYPE_ID(errc)
NODE_PROXY_PLAIN_MESSAGES(NODE_PROXY_ADD_TYPE_ID)
NODE_PROXY_ROUTER_MESSAGES(NODE_PROXY_ADD_TYPE_ID)
NODE_PROXY_ENUM_MESSAGES(NODE_PROXY_ADD_TYPE_ID)
NODE_PROXY_HANDLE_MESSAGES(NODE_PROXY_ADD_TYPE_ID)
CAF_END_TYPE_ID_BLOCK(node_proxy_messages)

#undef NODE_PROXY_ADD_TYPE_ID

#define NODE_PROXY_PLAIN(name)                                                 \
  template <>                                                                  \
  inline constexpr bool node_proxy::is_plain_message<node_proxy::name> = true;
NODE_PROXY_PLAIN_MESSAGES(NODE_PROXY_PLAIN)
NODE_PROXY_ROUTER_MESSAGES(NODE_PROXY_PLAIN)
NODE_PROXY_ENUM_MESSAGES(NODE_PROXY_PLAIN)
#undef NODE_PROXY_PLAIN

#define NODE_PROXY_HANDLE(name)                                                \
  template <>                                                                  \
  inline constexpr bool node_proxy::is_handle_message<node_proxy::name> =      \
    true;
NODE_PROXY_HANDLE_MESSAGES(NODE_PROXY_HANDLE)
#undef NODE_PROXY_HANDLE
