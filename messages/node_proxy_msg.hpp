// All messages of the Node Proxy engine (arch.node.net.node_proxy_messages).

#pragma once

#include <variant>

#include <node_proxy/messages/connect_reply.hpp>
#include <node_proxy/messages/connect_request.hpp>
#include <node_proxy/messages/connection_permanence.hpp>
#include <node_proxy/messages/node_advert.hpp>
#include <node_proxy/messages/node_msg.hpp>
#include <node_proxy/messages/node_out_msg.hpp>

namespace node_proxy {

/// `NodeProxyMsg M`. Each variant is one handler of `node_proxy_actor`.
using node_proxy_msg =
  std::variant<node_out_msg,           // NodeProxyMsgSend
               node_msg,               // NodeProxyMsgRecv
               connect_request,        // NodeProxyMsgConnectRequest
               connect_reply,          // NodeProxyMsgConnectReply
               node_advert,            // NodeProxyMsgNodeAdvert
               connection_permanence>; // NodeProxyMsgSetPermanence

} // namespace node_proxy
