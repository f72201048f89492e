// What the Router of a coordinator does about its workers: who they are, what
// they are told, and what becomes of those that are lost.

#include <node_proxy/actors/router/router_state.hpp>

#include <string>
#include <utility>

#include <node_proxy/actors/loop/now.hpp>
#include <node_proxy/actors/router/peer_totals.hpp>
#include <node_proxy/base/hex.hpp>

namespace node_proxy::internal {

// -- who they are -------------------------------------------------------------

/// Why a worker may not join, if it may not.
std::string router_state::objection_to(const join_node& msg) const {
  if (!workers_)
    return "the node takes no workers: node_config::max_workers is 0";
  if (stopping_)
    return "the node stops";
  if (!running_)
    return "the node has not started yet";
  if (msg.hello.version != worker_version)
    return "the worker speaks version " + std::to_string(msg.hello.version)
           + " of what goes between the processes of a node, the node version "
           + std::to_string(worker_version);
  if (msg.hello.self != config_.self->id())
    return "the worker has the key of another node: "
           + to_hex(msg.hello.self.data) + ", not of "
           + to_hex(config_.self->id().data);
  if (!msg.worker)
    return "the worker does not say who it is";
  if (workers_->all.size() >= config_.max_workers)
    return "the node has as many workers as node_config::max_workers says";
  return {};
}

node_joined router_state::handle(const join_node& msg) {
  if (auto objection = objection_to(msg); !objection.empty())
    return {objection, {}, 0};
  auto id = directory_->handle_join(!msg.hello.addresses.empty());
  auto worker = caf::actor_cast<worker_end>(msg.worker);
  workers_->all.try_emplace(id, worker, msg.hello.addresses,
                            config_.worker_timeout, now_of(self_).steady);
  monitor_end(self_, worker);
  // These come before the answer.
  for (const auto& x : engines_->all())
    send_message(self_, worker, shared_engine{0, for_others(x)});
  services_.log.info("worker {} has joined", id);
  advertise();
  watch_workers();
  return {{}, advert(), milliseconds(config_.worker_timeout)};
}

/// The worker that has sent the message at hand, if it is one.
node_worker* router_state::current_worker(worker_id& id) {
  if (!workers_ || !self_->current_sender())
    return nullptr;
  for (auto& [number, x] : workers_->all)
    if (is_sender(self_, x.handle)) {
      id = number;
      return &x;
    }
  return nullptr;
}

void router_state::handle(worker_report& msg) {
  worker_id from = coordinator;
  auto known = current_worker(from);
  if (!known) {
    // One that was given up may go on as if nothing had happened.
    if (const auto& sender = self_->current_sender())
      send_message(self_, caf::actor_cast<worker_end>(sender),
                   worker_order{dismissed{}});
    return;
  }
  known->link.handle_life(now_of(self_).steady);
  known->silent = false;
  std::visit([&](auto& x) { take(from, x); }, msg.what);
}

void router_state::take(worker_id from, const link_sign& msg) {
  workers_->all.at(from).link.handle_taken({msg.messages, msg.bytes});
}

void router_state::take(worker_id from, const leaving&) {
  directory_->handle_leaving(from);
  workers_->all.at(from).leaving = true;
  advertise();
  tell(from, may_leave{});
}

void router_state::take(worker_id from, const left&) {
  // It ends once it knows that all it has said has come.
  tell(from, dismissed{});
  lose(from, {});
}

void router_state::handle_worker_down(const caf::down_msg& msg) {
  if (!workers_)
    return;
  for (const auto& [id, x] : workers_->all)
    if (x.handle.address() == msg.source)
      return lose(id, "its process has ended");
  end_foreign(msg.source);
}

/// Looks at the time.
void router_state::watch_workers() {
  if (!workers_)
    return;
  auto now = now_of(self_).steady;
  std::vector<worker_id> silent;
  for (auto& [id, x] : workers_->all)
    if (x.link.lost(now))
      silent.push_back(id);
    else if (auto sign = x.link.poll_sign(now))
      tell(id, link_sign{sign->messages, sign->bytes});
  end_registrations();
  end_late_rounds();
  for (auto id : silent) {
    tell(id, dismissed{});
    lose(id, "it does not answer");
  }
  for (const auto& [id, x] : workers_->all)
    timer_->wait_until(x.link.poll_timeout());
  for (const auto& [number, x] : workers_->registrations)
    timer_->wait_until(x.until);
}

/// A worker has left, or is lost for that reason: its peers are served by
/// others, if there is something to do about them.
void router_state::lose(worker_id id, std::string_view why) {
  if (why.empty())
    services_.log.info("worker {} has left", id);
  else
    services_.log.warn("worker {} is lost: {}", id, why);
  workers_->lost += why.empty() ? 0 : 1;
  directory_->handle_lost(id, now_of(self_).steady);
  auto still_there = workers_->all.at(id).handle.node();
  forget_worker(id);
  end_engines_by(id, why.empty() ? &still_there : nullptr);
  go_on();
  if (!stopping_)
    advertise();
  finish_stop();
}

/// Whatever waits for a worker does so no longer.
void router_state::forget_worker(worker_id id) {
  auto gone = workers_->all.extract(id);
  auto& x = gone.mapped();
  demonitor_end(self_, x.handle.address());
  add_to(workers_->ended, x.numbers);
  for (auto& [number, registration] : workers_->registrations)
    registration.open.erase(id);
  end_registrations();
  end_partings_of(id);
  note_answer(x.asked.numbers, metrics_survey_,
              &router_state::end_metrics_survey);
  note_answer(x.asked.status, status_survey_, &router_state::end_status_survey);
  x.handed.fail_all(send_failure::unconfirmed_cause::worker_lost);
}

void router_state::tell(worker_id to, decltype(worker_order::what) what) {
  if (!workers_)
    return; // this Router ends
  if (auto x = workers_->all.find(to); x != workers_->all.end())
    send_message(self_, x->second.handle, worker_order{std::move(what)});
}

void router_state::tell_all(const decltype(worker_order::what)& what) {
  if (!workers_)
    return;
  for (const auto& [id, x] : workers_->all)
    tell(id, what);
}

// -- engines ------------------------------------------------------------------

/// An engine has registered: it has once all workers know of it, so that no
/// message of a peer finds it missing.
void router_state::share(const register_engine& engine,
                         promise<engine_registered> waiting) {
  auto number = ++workers_->last_registration;
  auto& x = workers_->registrations[number];
  x.waiting = std::move(waiting);
  x.name = engine.name;
  x.until = now_of(self_).steady + node_workers::patience;
  timer_->wait_until(x.until);
  auto shared = for_others(engine);
  for (const auto& [id, worker] : workers_->all) {
    if (!worker.silent)
      x.open.insert(id);
    send_message(self_, worker.handle, shared_engine{number, shared});
  }
  end_registrations();
}

/// An engine as other processes get it: a typed one is reached by its host.
register_engine router_state::for_others(const register_engine& engine) {
  if (!engine.types)
    return engine;
  auto host = workers_->hosts.find(engine.name);
  if (host == workers_->hosts.end()) {
    auto spawned =
      spawn_engine_host(self_->system(), {services_.loops.front(),
                                          caf::actor_cast<router_actor>(self_),
                                          services_.log, engine});
    // It has ended meanwhile, which others will see, too.
    if (!spawned)
      return {engine.name, engine.engine};
    host = workers_->hosts.emplace(engine.name, std::move(*spawned)).first;
  }
  return {engine.name, caf::actor_cast<caf::actor>(host->second)};
}

/// The name has another engine now, or none: whoever has it ends when it is
/// done.
void router_state::end_host(const engine_name& name) {
  if (!workers_)
    return;
  if (auto host = workers_->hosts.extract(name); !host.empty())
    send_anonymously(host.mapped(), stop_engine_host{});
}

/// Its end is told to workers, whether it has its name then or not: it may have
/// something of theirs.
void router_state::watch_foreign(const caf::actor& engine) {
  if (!workers_ || !is_remote(engine))
    return;
  worker_id by = coordinator;
  static_cast<void>(current_worker(by));
  auto [x, is_new] = workers_->foreign_engines.try_emplace(
    engine.address(), foreign_engine{engine, by});
  if (by == coordinator)
    x->second.by = by;
  if (is_new)
    monitor_end(self_, engine);
}

void router_state::end_foreign(const caf::actor_addr& engine) {
  auto gone = workers_->foreign_engines.extract(engine);
  if (gone.empty())
    return;
  const auto& ended = gone.mapped().engine;
  engines_->handle_end(ended);
  for (const auto& [id, x] : workers_->all)
    send_message(self_, x.handle, ended_engine{ended});
}

void router_state::handle(const ended_engine& msg) {
  worker_id from = coordinator;
  if (msg.engine && current_worker(from))
    end_foreign(msg.engine.address());
}

/// A worker is gone, and with it the way to those engines that have come by it.
/// @param spared a process that still runs, if any.
void router_state::end_engines_by(worker_id worker,
                                  const caf::node_id* spared) {
  std::vector<caf::actor_addr> lost;
  for (const auto& [address, x] : workers_->foreign_engines)
    if (x.by == worker && (!spared || x.engine.node() != *spared))
      lost.push_back(address);
  for (const auto& x : lost)
    end_foreign(x);
}

void router_state::take(worker_id from, const met_limit& msg) {
  services_.log.warn("the limit of {} is met in worker {}: {}", msg.limit, from,
                     msg.max);
  report({limit_event{msg.limit, msg.max, from}});
}

void router_state::take(worker_id from, const engine_noted& msg) {
  auto x = workers_->registrations.find(msg.number);
  if (x == workers_->registrations.end())
    return;
  x->second.open.erase(from);
  end_registrations();
}

/// Answers those whom all workers know, and those that have waited for long: a
/// worker that goes on later knows the engine before it hears anything else.
void router_state::end_registrations() {
  auto now = now_of(self_).steady;
  auto is_over = [now](const auto& entry) {
    return entry.second.open.empty() || entry.second.until <= now;
  };
  for (auto& entry : workers_->registrations) {
    if (!is_over(entry))
      continue;
    fulfil(entry.second.waiting, engine_registered{entry.second.name});
    for (auto id : entry.second.open)
      workers_->all.at(id).silent = true;
  }
  std::erase_if(workers_->registrations, is_over);
}

// -- for those who ask --------------------------------------------------------

/// Asks all workers but those that are silent.
/// @returns how many these are.
template <class Question>
std::size_t router_state::ask_workers(std::uint64_t round) {
  if (!workers_)
    return 0;
  constexpr auto for_numbers = std::is_same_v<Question, tell_numbers>;
  auto until = now_of(self_).steady + node_workers::patience;
  (for_numbers ? workers_->numbers_until : workers_->status_until) = until;
  std::size_t asked = 0;
  for (auto& [id, x] : workers_->all) {
    if (!for_numbers)
      x.status.reset();
    if (x.silent)
      continue;
    (for_numbers ? x.asked.numbers : x.asked.status) = round;
    tell(id, Question{round});
    timer_->wait_until(until);
    ++asked;
  }
  return asked;
}

template std::size_t
router_state::ask_workers<tell_numbers>(std::uint64_t round);
template std::size_t
router_state::ask_workers<tell_status>(std::uint64_t round);

/// Nobody waits any longer for workers that have not answered. Their numbers
/// are those of the last time.
void router_state::end_late_rounds() {
  auto now = now_of(self_).steady;
  std::vector<node_worker*> no_numbers;
  std::vector<node_worker*> no_status;
  for (auto& [id, x] : workers_->all) {
    if (x.asked.numbers > 0 && now >= workers_->numbers_until)
      no_numbers.push_back(&x);
    if (x.asked.status > 0 && now >= workers_->status_until)
      no_status.push_back(&x);
  }
  for (auto* x : no_numbers)
    x->silent = true;
  for (auto* x : no_status)
    x->silent = true;
  // The last one ends the round, and may begin the next one.
  for (auto* x : no_numbers)
    note_answer(x->asked.numbers, metrics_survey_,
                &router_state::end_metrics_survey);
  for (auto* x : no_status)
    note_answer(x->asked.status, status_survey_,
                &router_state::end_status_survey);
  for (const auto& [id, x] : workers_->all) {
    if (x.asked.numbers > 0)
      timer_->wait_until(workers_->numbers_until);
    if (x.asked.status > 0)
      timer_->wait_until(workers_->status_until);
  }
}

void router_state::take(worker_id from, const told_numbers& msg) {
  auto& x = workers_->all.at(from);
  x.numbers = msg;
  if (msg.round == x.asked.numbers)
    note_answer(x.asked.numbers, metrics_survey_,
                &router_state::end_metrics_survey);
}

void router_state::take(worker_id from, told_status& msg) {
  auto& x = workers_->all.at(from);
  if (msg.round != x.asked.status)
    return;
  x.status = std::move(msg);
  note_answer(x.asked.status, status_survey_, &router_state::end_status_survey);
}

} // namespace node_proxy::internal
