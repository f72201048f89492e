#include <node_proxy/actors/engines/engine_fault.hpp>

#include <node_proxy/actors/caf/end_note.hpp>
#include <node_proxy/actors/caf/messages.hpp>
#include <node_proxy/actors/error.hpp>

namespace node_proxy::internal {

namespace {

/// Whether nobody answers for an engine any more. In another process it may
/// have ended before this one is told.
bool may_have_ended(const caf::actor_addr& engine) {
  auto actor = caf::actor_cast<caf::actor>(engine);
  return !actor || is_remote(actor) || is_over(actor);
}

/// Whether it is not another actor that says so: the host of an engine in
/// another process is the engine to this one.
bool is_about(const caf::actor_addr& engine, const caf::actor_addr& from) {
  if (!from)
    return true;
  auto actor = caf::actor_cast<caf::actor>(engine);
  return from == engine && actor && is_remote(actor);
}

} // namespace

std::optional<engine_fault> fault_of(const answered_error& answer,
                                     const caf::actor_addr& engine) {
  const auto& [error, from] = answer;
  if (error == errc::engine_gone && is_about(engine, from))
    return engine_fault::gone;
  if (error == caf::sec::request_receiver_down && !from
      && may_have_ended(engine))
    return engine_fault::gone;
  if (error == caf::sec::unexpected_message && from == engine)
    return engine_fault::unfit;
  return std::nullopt;
}

} // namespace node_proxy::internal
