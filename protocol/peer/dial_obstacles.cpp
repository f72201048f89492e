#include <node_proxy/protocol/peer/dial_obstacles.hpp>

namespace node_proxy::internal {

peer_unreachable dial_obstacles::poll_report() {
  told_ = true;
  auto x = current().value_or(dial_obstacle{});
  peer_unreachable result{x.reason};
  if (!x.addresses.empty()) {
    result.reason = x.addresses.front().reason;
    result.place = destination{x.addresses.front().address};
  }
  return result;
}

std::optional<dial_obstacle> dial_obstacles::current() const {
  auto result = adverts_.obstacle();
  if (!result && !wishes_.may_dial())
    result = dial_obstacle{obstacle_kind::stranger, {}};
  return result;
}

} // namespace node_proxy::internal
