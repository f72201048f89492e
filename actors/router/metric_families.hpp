// The metrics of a node.

#pragma once

#include <node_proxy/actors/exchange_messages.hpp>
#include <node_proxy/actors/metric_writer.hpp>
#include <node_proxy/actors/node_status.hpp>

namespace node_proxy::internal {

/// Writes all that operators see in figures. There is no label of which
/// strangers could make many.
void write_families(metric_writer& to, const node_status& status,
                    const node_metrics& counted);

} // namespace node_proxy::internal
