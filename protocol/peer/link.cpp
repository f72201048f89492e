#include <node_proxy/protocol/peer/link.hpp>

#include <cassert>
#include <utility>

#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/session/key_usage.hpp>

namespace node_proxy::internal {

namespace {

/// How much is handed to the socket at once. What was sealed goes ahead of
/// everything that comes later.
constexpr std::size_t flush_bytes = 64 * 1024;

/// The last one of so many parts of a session's time is for its renewal.
constexpr int renewal_part = 24;

/// Bytes of chunk list that fit a frame, whatever its number.
std::size_t max_list() {
  return session::max_messages(limits::sequence_end - 1);
}

} // namespace

link::link(connection_id connection,
           std::shared_ptr<const peer_settings> settings, session&& established,
           confirming phase, steady_time now)
  : phase_(std::move(phase)), id_(connection),
    place_(in<confirming>().dialled_at), settings_(std::move(settings)),
    crypto_(std::move(established)), begun_(now) {
  const control::resume& frame = in<confirming>().said;
  seal(frame, now);
}

// -- transitions --------------------------------------------------------------

void link::activate(std::uint64_t next_in, steady_time now) {
  assert(is<confirming>());
  phase_ = active{next_in};
  timers_.stop_all();
  handle_life(now);
  restart_idle(now);
  // Nothing was said since the resume frame, and no key was replaced.
  count_silence(begun_);
  timers_.set(link_timer::rekey, begun_ + settings_->rekey_interval);
  timers_.set(link_timer::peer_key, begun_ + 2 * key_lifetime);
  auto age = settings_->max_session_age;
  timers_.set(link_timer::age, begun_ + age);
  if (terms().role == connection_role::initiator)
    timers_.set(link_timer::renewal, begun_ + age - age / renewal_part);
}

void link::leave(control::goodbye_reason reason, bool finished,
                 steady_time now) {
  assert(is<confirming>() || is<active>());
  seal(control::goodbye{static_cast<std::uint64_t>(reason), finished}, now);
  leaving next;
  next.unconfirmed = is<confirming>();
  next.finished = finished;
  next.displaced = reason == control::goodbye_reason::displaced;
  phase_ = next;
  timers_.stop_all();
  timers_.set(link_timer::goodbye, now + settings_->goodbye_timeout);
}

void link::close() {
  phase_ = closing{};
  timers_.stop_all();
}

// -- events -------------------------------------------------------------------

expected<opened_frame, session_error> link::open(bytes_view body,
                                                 steady_time now) {
  auto result = crypto_.open(body);
  if (result)
    handle_life(now);
  return result;
}

expected<bool, violation> link::admit(const opened_frame& frame,
                                      steady_time now) {
  auto control = std::get_if<control::frame>(&frame);
  if (is<confirming>()) {
    if (control && std::holds_alternative<control::resume>(*control))
      return true;
    return unexpected{violation::no_resume};
  }
  if (is<leaving>())
    return admit_leaving(frame, now);
  if (control)
    return on(*control, now);
  if (auto messages = std::get_if<opened_messages>(&frame))
    return follow(messages->first, messages->first + messages->chunks.size());
  return true;
}

void link::handle_life(steady_time now) {
  auto x = std::get_if<active>(&phase_);
  if (!x)
    return;
  x->last_in = now;
  x->progress = 0;
  timers_.set(link_timer::dead_peer, now + settings_->dead_peer_limit);
}

void link::handle_progress(std::size_t count, steady_time now) {
  auto x = std::get_if<active>(&phase_);
  if (!x)
    return;
  x->progress += count;
  auto silence = std::chrono::duration<double>(now - x->last_in).count();
  if (static_cast<double>(x->progress)
      >= silence * static_cast<double>(limits::min_rate))
    handle_life(now);
}

void link::restart_idle(steady_time now) {
  // Only the initiator closes for want of messages.
  if (is<active>() && terms().role == connection_role::initiator)
    timers_.set(link_timer::idle, now + settings_->idle_timeout);
}

void link::handle_local_advert(steady_time now) {
  if (auto x = std::get_if<active>(&phase_))
    timers_.set(link_timer::advert, std::max(now, x->next_advert));
}

// -- what goes out ------------------------------------------------------------

void link::seal(const control::frame& frame, steady_time now) {
  crypto_.seal(frame, out_);
  count_silence(now);
}

void link::seal(outgoing&& what, frame_memory& memory, steady_time now) {
  if (auto control = std::get_if<control::frame>(&what))
    return seal(*control, now);
  if (auto batch = std::get_if<chunk_batch>(&what)) {
    memory.lend_to(out_);
    crypto_.seal_messages(batch->first, batch->chunks, out_);
  } else {
    crypto_.seal_unreliable(std::get<unreliable_chunks>(what).chunks, out_);
  }
  count_silence(now);
  restart_idle(now);
}

void link::rekey_if_due(steady_time now) {
  key_usage due{settings_->rekey_frames, settings_->rekey_bytes};
  if (!crypto_.usage().reaches(due) && !expired(link_timer::rekey, now))
    return;
  seal(control::rekey{}, now);
  timers_.set(link_timer::rekey, now + settings_->rekey_interval);
}

void link::renew_if_due(steady_time now) {
  auto x = std::get_if<active>(&phase_);
  if (!x || !expired(link_timer::renewal, now))
    return;
  timers_.stop(link_timer::renewal);
  x->renews = true;
}

void link::send_advert_if_due(const node_advert& advert, steady_time now) {
  auto x = std::get_if<active>(&phase_);
  if (!x || !expired(link_timer::advert, now))
    return;
  seal(advert, now);
  timers_.stop(link_timer::advert);
  x->next_advert = now + 2 * advert_interval;
}

void link::complain(steady_time now) {
  using enum control::goodbye_reason;
  if (is<confirming>() || is<active>())
    seal(control::goodbye{static_cast<std::uint64_t>(protocol_error), false},
         now);
}

void link::send_heartbeat(steady_time now) {
  if (takes_control())
    seal(control::heartbeat{}, now);
  else
    count_silence(now); // it would only wait with all the rest
}

std::optional<bytes> link::poll_frames() {
  if (out_.empty())
    return std::nullopt;
  backlog_ += out_.size();
  return std::exchange(out_, {});
}

// -- state --------------------------------------------------------------------

bool link::said_finished() const {
  auto x = std::get_if<leaving>(&phase_);
  return x && x->finished;
}

bool link::said_displaced() const {
  auto x = std::get_if<leaving>(&phase_);
  return x && x->displaced;
}

transmit_room link::room() const {
  if (!takes_messages())
    return {takes_control()};
  return {takes_control(), max_list(), crypto_.max_unreliable()};
}

bool link::takes_control() const {
  return backlog_ + out_.size() < settings_->backlog_bytes;
}

bool link::takes_messages() const {
  return backlog_ == 0 && out_.size() < flush_bytes;
}

std::optional<steady_time> link::next_deadline(bool may_idle) const {
  auto timers = timers_;
  if (!may_idle)
    timers.stop(link_timer::idle);
  return timers.next();
}

// -- private ------------------------------------------------------------------

/// This end spoke last at `since`. The next heartbeat comes a quarter of the
/// interval early at most, so that the heartbeats of all peers of a node
/// coincide: to wake up costs more than to send some.
void link::count_silence(steady_time since) {
  if (!is<active>())
    return;
  auto latest = since + settings_->heartbeat_interval;
  auto grid = settings_->heartbeat_interval / 4;
  timers_.set(link_timer::heartbeat,
              grid > duration{0} ? latest - latest % grid : latest);
}

/// After its own goodbye this end reads on for the other's. The first resume
/// frame may still come, and adverts are of use whenever they come. What is
/// said of messages does not count: it comes again on another connection.
link::verdict link::admit_leaving(const opened_frame& frame, steady_time now) {
  auto control = std::get_if<control::frame>(&frame);
  if (!control)
    return false;
  if (std::holds_alternative<control::goodbye>(*control))
    return true;
  if (std::holds_alternative<node_advert>(*control))
    return on_advert(now);
  auto resumes = std::holds_alternative<control::resume>(*control);
  if (resumes && !std::exchange(std::get<leaving>(phase_).unconfirmed, false))
    return unexpected{violation::second_resume};
  return false;
}

link::verdict link::on(const control::frame& frame, steady_time now) {
  if (std::holds_alternative<control::resume>(frame))
    return unexpected{violation::second_resume};
  if (auto range = std::get_if<control::void_range>(&frame))
    return follow(range->from, range->to);
  if (std::holds_alternative<node_advert>(frame))
    return on_advert(now);
  if (std::holds_alternative<control::rekey>(frame))
    timers_.set(link_timer::peer_key, now + 2 * key_lifetime);
  return true;
}

link::verdict link::on_advert(steady_time now) {
  adverts_earned_ = std::max(adverts_earned_, now) + advert_interval;
  if (adverts_earned_ > now + adverts_at_once * advert_interval)
    return unexpected{violation::too_many_adverts};
  return true;
}

/// Numbers from `first` up to but without `end` arrived. They follow each other
/// on one connection.
link::verdict link::follow(std::uint64_t first, std::uint64_t end) {
  auto& next = std::get<active>(phase_).next_in;
  if (first != next || end <= first)
    return unexpected{violation::out_of_order};
  next = end;
  return true;
}

} // namespace node_proxy::internal
