#include <node_proxy/protocol/peer/link.hpp>

#include <algorithm>

#include <node_proxy/messages/limits.hpp>

namespace node_proxy::internal {

void link::seal(const control::frame& frame, steady_time now) {
  crypto.seal(frame, out);
  last_out = now;
}

void link::rekey_if_due(const peer_settings& settings, steady_time now) {
  key_usage due{settings.rekey_frames, settings.rekey_bytes};
  if (!crypto.usage().reaches(due) && now - key_since < settings.rekey_interval)
    return;
  seal(control::rekey{}, now);
  key_since = now;
}

steady_time link::heartbeat_due(const peer_settings& settings) const {
  auto latest = last_out + settings.heartbeat_interval;
  auto grid = settings.heartbeat_interval / 4;
  return grid > duration{0} ? latest - latest % grid : latest;
}

bool link::takes_advert(steady_time now) {
  adverts_earned_ = std::max(adverts_earned_, now) + advert_interval;
  return adverts_earned_ <= now + adverts_at_once * advert_interval;
}

void link::handle_progress(std::size_t count, steady_time now) {
  progress_ += count;
  auto silence = std::chrono::duration<double>(now - last_in).count();
  if (static_cast<double>(progress_)
      >= silence * static_cast<double>(limits::least_rate))
    handle_life(now);
}

void link::handle_life(steady_time now) {
  last_in = now;
  progress_ = 0;
}

} // namespace node_proxy::internal
