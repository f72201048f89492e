// What the Router does for those who ask for the numbers of its node.

#include <utility>

#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/actors/loop/now.hpp>
#include <node_proxy/actors/router/router_state.hpp>

namespace node_proxy::internal {

caf::result<node_metrics> router_state::handle(get_node_metrics) {
  // Unlike other answers this one is no error, so it may be for a plain `send`.
  if (metrics_survey_.add(self_->make_response_promise<node_metrics>()))
    begin_metrics_survey();
  return caf::delegated<node_metrics>{};
}

void router_state::begin_metrics_survey() {
  watch_limits();
  auto round = ++last_round_;
  asked_here_.numbers = round;
  metrics_survey_.begin(ask_workers<tell_numbers>(round) + 1);
  counts_.handle_asked(round);
  ask_all<get_peer_metrics>(self_, proxies_, round);
}

void router_state::handle(all_peer_metrics& msg) {
  if (msg.round != asked_here_.numbers)
    return;
  counted_ = std::move(msg);
  note_answer(asked_here_.numbers, metrics_survey_,
              &router_state::end_metrics_survey);
}

void router_state::end_metrics_survey() {
  if (metrics_survey_.end(metrics()))
    begin_metrics_survey();
}

/// Answers all who wait, with what has been said so far.
void router_state::answer_surveys() {
  while (metrics_survey_.wanted())
    if (metrics_survey_.end(metrics()))
      metrics_survey_.begin(0);
  while (status_survey_.wanted())
    if (status_survey_.end(status()))
      status_survey_.begin(0);
}

node_metrics router_state::metrics() {
  node_metrics result;
  result.connected_peers = directory_->connected();
  result.node_proxies = proxies_.size();
  result.remembered_peers = directory_->records(now_of(self_).steady);
  result.known_adverts = directory_->adverts().size();
  result.proven_handshakes = handshakes_.proven();
  result.handshakes = handshakes_.times();
  result.failed_handshakes = handshakes_.failed();
  result.unanswered_failures = unanswered_->counts();
  result.late_answers = unanswered_->late_answers();
  result.event_loops = services_.loops.size();
  for (const auto& loop : services_.loops)
    result.event_loops_busy_us += microseconds(loop->busy());
  result.peers = counts_.handle_answers(std::exchange(counted_, {}));
  if (!workers_)
    return result;
  result.lost_workers = workers_->lost;
  auto others = workers_->ended;
  for (const auto& [id, x] : workers_->all)
    add_to(others, x.numbers);
  result.proven_handshakes += others.proven_handshakes;
  result.handshakes.add(others.handshakes);
  result.late_answers += others.late_answers;
  add_to(result.failed_handshakes, others.failed_handshakes);
  add_to(result.unanswered_failures, others.unanswered_failures);
  add_to(result.peers, others.peers);
  return result;
}

} // namespace node_proxy::internal
