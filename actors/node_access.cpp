#include <node_proxy/actors/node_access.hpp>

#include <utility>

#include <node_proxy/actors/caf/asking.hpp>
#include <node_proxy/actors/caf/end_note.hpp>
#include <node_proxy/actors/caf/initialized.hpp>
#include <node_proxy/actors/caf/running.hpp>
#include <node_proxy/actors/typed/access_parts.hpp>
#include <node_proxy/actors/typed/engine_client.hpp>

namespace node_proxy {

using namespace internal;

namespace {

/// What CAF says of a Router that has ended is that of a node which shuts down.
caf::error error_of_router(caf::error error) {
  if (error == caf::sec::request_receiver_down)
    return make_error(errc::shutting_down);
  if (error == caf::sec::request_timeout)
    return make_error(errc::timed_out, "the Router does not answer");
  return error;
}

template <class Answer, class Msg>
caf::expected<Answer> ask_router(caf::actor_system& system,
                                 const router_actor& router, Msg msg) {
  // Who asks a Router whose process has died would wait for the time limit.
  if (!router || end_of(caf::actor_cast<caf::actor>(router)))
    return make_error(errc::shutting_down);
  caf::scoped_actor self{system, true};
  auto answer = ask<Answer>(self, router, std::move(msg));
  if (!answer)
    return error_of_router(std::move(answer.error()));
  return answer;
}

} // namespace

node_access::node_access(std::shared_ptr<access_parts> x)
  : parts_(std::move(x)) {
  // nop
}

const node_id& node_access::id() const {
  return parts_->id;
}

router_actor node_access::router() const {
  return parts_->state().router;
}

std::vector<reason_count> node_access::unanswered_failures() const {
  return parts_->unanswered->counts();
}

std::uint64_t node_access::late_answers() const {
  return parts_->unanswered->late_answers();
}

caf::expected<void> node_access::add_engine(register_engine what) const {
  auto [system, loop, router] = parts_->state();
  if (!router)
    return make_error(errc::shutting_down);
  engine_host_actor host;
  if (is_remote(caf::actor_cast<caf::actor>(router))) {
    auto spawned =
      spawn_engine_host(*system, {loop, router, parts_->log, what});
    if (!spawned)
      return std::move(spawned.error());
    host = std::move(*spawned);
    what = {what.name, host};
  }
  auto ok = ask_router<engine_registered>(*system, router, std::move(what));
  if (ok && host)
    parts_->add_host(host);
  else if (host)
    send_anonymously(host, stop_engine_host{});
  if (!ok)
    return std::move(ok.error());
  return {};
}

caf::actor
node_access::spawn_remote(engine_id whom, remote_options options,
                          std::shared_ptr<const engine_interface> types) const {
  auto [system, loop, router] = parts_->state();
  if (!system)
    return {};
  return spawn_engine_client(
    *system, {std::move(loop), parts_->id, std::move(whom), options,
              std::move(types), std::move(router), parts_->unanswered});
}

caf::expected<node_access> access_node(caf::actor_system& system,
                                       const router_actor& router,
                                       std::shared_ptr<spdlog::logger> logger) {
  if (auto ok = check_initialized(system); !ok)
    return ok.error();
  auto advert = ask_router<node_advert>(system, router, get_local_advert{});
  if (!advert)
    return std::move(advert.error());
  auto loops = event_loop::of(system, 1);
  if (!loops)
    return make_error(errc::out_of_resources,
                      "the event loops: " + error_text(loops.error()));
  return node_access{access_parts::make(
    {&system, loops->front(), router}, advert->id, node_log{std::move(logger)},
    std::make_shared<internal::unanswered_failures>())};
}

} // namespace node_proxy
