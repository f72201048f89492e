#include <node_proxy/actors/router/handshake_counts.hpp>

#include <string>

namespace node_proxy::internal {

void handshake_counts::turn_down(const proven_connection& x,
                                 arrival_error error) {
  if (auto goodbye = goodbye_of(error))
    x.connection->write(refusal_frames(x.session->established, *goodbye));
  else
    handle_failed(error);
  x.connection->close();
}

std::vector<reason_count> handshake_counts::failed() const {
  std::vector<reason_count> result;
  for (const auto& [reason, count] : failed_)
    result.push_back({std::string{reason}, count});
  return result;
}

} // namespace node_proxy::internal
