// What a node counts, for Prometheus.

#pragma once

#include <string>
#include <string_view>

#include <node_proxy/actors/exchange_messages.hpp>
#include <node_proxy/actors/node_status.hpp>

#include "process_usage.hpp"

namespace node_proxy::tools {

/// The text format of Prometheus, version 0.0.4.
/// @param version of this program.
[[nodiscard]] std::string metrics_text(const node_status& status,
                                       const node_metrics& counted,
                                       const process_usage& process,
                                       std::string_view version);

} // namespace node_proxy::tools
