// All messages that `messages.hpp` declares, for those who need each of them
// whole: their encodings, and what CAF has to know of them.

#pragma once

#include <node_proxy/actors/caf/messages.hpp>
#include <node_proxy/actors/engine_messages.hpp>
#include <node_proxy/actors/exchange_messages.hpp>
#include <node_proxy/actors/node_event.hpp>
#include <node_proxy/actors/node_status.hpp>
#include <node_proxy/actors/operator_messages.hpp>
#include <node_proxy/actors/router.hpp>
#include <node_proxy/actors/worker_messages.hpp>
#include <node_proxy/messages/node_proxy_msg.hpp>
#include <node_proxy/messages/router_msg.hpp>
#include <node_proxy/protocol/node_parting.hpp>
