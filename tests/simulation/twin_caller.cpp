#include "twin_caller.hpp"

#include <utility>

#include <node_proxy/messages/limits.hpp>

namespace simulation {

namespace {

/// Comes after all nodes.
constexpr owner_id callers = owner_id{1} << 30;

hello offer_of(const identity& who, const node& to) {
  hello result;
  result.request.proto_ver_min = supported_versions.min;
  result.request.proto_ver_max = supported_versions.max;
  result.request.src_node_id = twin_of(who.id());
  result.request.dst_node_id = to.id();
  result.epoch = 1;
  result.ciphers = {
    static_cast<std::uint64_t>(cipher_suite::chacha20_poly1305)};
  result.max_message = 1'000;
  return result;
}

} // namespace

twin_caller::twin_caller(network& net, const node& to,
                         const std::shared_ptr<const identity>& who,
                         const secret_key& ephemeral, duration stay)
  : net_(net), stay_(stay),
    handshake_(*who, to.self()->noise_public(), ephemeral, offer_of(*who, to)) {
  net_.dial(*this, callers, to.address(),
            [this](std::optional<connection_id> id) {
              if (!id)
                return end();
              auto init = handshake_.write_init();
              net_.write(*id, *this, std::move(*init));
            });
}

void twin_caller::handle_data(connection_id id, bytes_view data) {
  // What comes after the answer is nothing new: the end is known by itself.
  if (session_ || !open_)
    return;
  input_.handle_input(data);
  auto body = input_.poll_body();
  if (body && *body)
    handle_reply(id, to_bytes(**body));
}

void twin_caller::handle_reply(connection_id id, bytes_view body) {
  auto reply = handshake_.handle_reply(body);
  if (!reply)
    return hang_up(id);
  if (auto refused = std::get_if<connect_reply_error>(&*reply)) {
    result_ = *refused == connect_reply_error::over_capacity
                ? outcome::over_capacity
                : outcome::denied;
    return hang_up(id);
  }
  session_.emplace(std::move(std::get<session>(*reply)));
  bytes out;
  session_->seal(control::resume{0, {}, limits::min_channel_window}, out);
  net_.write(id, *this, std::move(out));
  net_.schedule(stay_, callers, [this, id] {
    if (result_ == outcome::open)
      result_ = outcome::taken;
    hang_up(id);
  });
}

void twin_caller::hang_up(connection_id id) {
  if (!std::exchange(open_, false))
    return;
  net_.close(id, *this);
  end();
}

void twin_caller::end() {
  open_ = false;
  if (result_ == outcome::open)
    result_ = outcome::failed;
}

} // namespace simulation
