#include <node_proxy/actors/router/local_route.hpp>

#include <algorithm>
#include <utility>

#include <node_proxy/actors/caf/sending.hpp>

namespace node_proxy::internal {

local_route::~local_route() {
  // Nobody else would end it.
  if (actor_)
    caf::anon_send_exit(actor_, caf::exit_reason::user_shutdown);
}

void local_route::start(const node_config& config,
                        const router_dependencies& services,
                        std::shared_ptr<engine_directory> engines) {
  config_ = local_delivery_config{config.self->id(),      config.settings,
                                  services.loops.front(), std::move(engines),
                                  services.log,           services.unanswered};
}

// -- events -------------------------------------------------------------------

void local_route::handle_stop(duration grace) {
  if (actor_)
    send_message(self_, actor_, stop_local_delivery{grace});
}

bool local_route::handle_down(const caf::down_msg& msg) {
  if (!actor_ || actor_.address() != msg.source)
    return false;
  actor_ = nullptr;
  return true;
}

// -- results ------------------------------------------------------------------

caf::result<delivered> local_route::deliver(node_out_msg msg) {
  return delegate_message(self_, actor(), routed_msg{std::move(msg)});
}

caf::result<batch_outcome> local_route::deliver(node_out_batch batch) {
  return delegate_message(self_, actor(), routed_batch{std::move(batch)});
}

caf::result<batch_outcome>
local_route::refuse_mixed(const node_out_batch& batch) {
  return refuse<batch_outcome>(self_, *config_->unanswered, errc::wrong_target,
                               "the messages of a batch name one node, the "
                               "same",
                               batch.msgs.size());
}

// -- state --------------------------------------------------------------------

bool local_route::is_local(const node_out_msg& msg) const {
  return msg.msg.target.node.value_or(config_->self) == config_->self;
}

bool local_route::is_for_one_node(const node_out_batch& batch) const {
  const auto& first = batch.msgs.front();
  return std::ranges::all_of(batch.msgs, [&](const node_out_msg& x) {
    return x.msg.target.node == first.msg.target.node
           || (is_local(x) && is_local(first));
  });
}

// -- private ------------------------------------------------------------------

const local_delivery_actor& local_route::actor() {
  if (!actor_) {
    actor_ = spawn_local_delivery(self_->system(), *config_);
    monitor_end(self_, actor_);
  }
  return actor_;
}

} // namespace node_proxy::internal
