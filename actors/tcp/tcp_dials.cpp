#include <node_proxy/actors/tcp/tcp_dials.hpp>

#include <algorithm>
#include <cerrno>

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/actors/tcp/tcp_socket.hpp>
#include <node_proxy/actors/transport/dial_targets.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

namespace node_proxy::internal {

caf::error address_error(errc code, const transport_address& address,
                         std::string_view text) {
  return make_error(code, to_string(address).append(": ").append(text));
}

caf::error address_error(os_error error, const transport_address& address) {
  return address_error(error_code(error), address, error_text(error));
}

namespace {

template <class Map>
void erase_pair(Map& map, const typename Map::key_type& key, dial_id id) {
  auto [begin, end] = map.equal_range(key);
  auto position =
    std::find_if(begin, end, [id](const auto& x) { return x.second == id; });
  if (position != end)
    map.erase(position);
}

} // namespace

// -- events -------------------------------------------------------------------

void tcp_dials::handle_wanted(const dial& msg, caf::actor_id owner,
                              promise<dialled> answer, steady_time now) {
  auto id = ++last_;
  requests_.emplace(id, request{msg, owner, std::move(answer)});
  by_owner_.emplace(owner_key{owner, msg.attempt}, id);
  budget_.handle_wanted(id, msg.address, msg.standing);
  go_on(now);
}

void tcp_dials::handle_unwanted(caf::actor_id owner, attempt_id attempt,
                                steady_time now) {
  for (auto x = by_owner_.find({owner, attempt}); x != by_owner_.end();
       x = by_owner_.find({owner, attempt}))
    give_up(x->second, errc::connection_closed, "is no longer wanted");
  go_on(now);
}

void tcp_dials::handle_owner_gone(caf::actor_id owner, steady_time now) {
  auto first_of_owner = [&] {
    return by_owner_.lower_bound({owner, attempt_id{0}});
  };
  for (auto x = first_of_owner();
       x != by_owner_.end() && x->first.first == owner; x = first_of_owner())
    give_up(x->second, errc::connection_closed, "is no longer wanted");
  go_on(now);
}

void tcp_dials::handle_end(dial_id id, steady_time now) {
  budget_.handle_end(id);
  go_on(now);
}

bool tcp_dials::handle_ready(connection_id socket, steady_time now) {
  auto known = by_socket_.extract(socket);
  if (known.empty())
    return false;
  auto position = requests_.find(known.mapped());
  auto& x = position->second;
  auto place = std::ranges::find(x.sockets, socket, &watched_socket::id);
  auto arrived = std::move(*place);
  x.sockets.erase(place);
  if (auto error = connect_result(arrived->get()); error == 0)
    succeed(position, std::move(arrived));
  else if (x.sockets.empty()) // else others may still succeed
    fail_with(position, address_error(os_error{error}, x.what.address));
  go_on(now);
  return true;
}

void tcp_dials::handle_timeout(steady_time now) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now)
    give_up(deadlines_.begin()->second, errc::timed_out, "no answer in time");
  go_on(now);
}

void tcp_dials::handle_shutdown() {
  while (!requests_.empty())
    give_up(requests_.begin()->first, errc::shutting_down,
            "the transport has ended");
}

// -- results ------------------------------------------------------------------

std::optional<steady_time> tcp_dials::poll_timeout() const {
  auto first = deadlines_.empty() ? std::nullopt
                                  : std::optional{deadlines_.begin()->first};
  return earliest({first, budget_.poll_timeout()});
}

// -- private ------------------------------------------------------------------

/// Begins what may be, as others have come to their end.
void tcp_dials::go_on(steady_time now) {
  for (;;)
    if (auto next = budget_.poll_begin(now))
      begin(*next, now);
    else if (auto late = budget_.poll_overdue(now))
      give_up(*late, errc::timed_out, "no answer, and others wait");
    else
      return;
}

void tcp_dials::begin(dial_id id, steady_time now) {
  auto position = requests_.find(id);
  auto& x = position->second;
  // That of a host without the links that the address needs.
  os_error error{ENETUNREACH};
  for (const auto& target : dial_targets(std::get<tcp_addr>(x.what.address)))
    if (auto socket = start_connecting(target))
      x.sockets.push_back(watch_(std::move(*socket)));
    else
      error = socket.error();
  if (x.sockets.empty())
    return fail_with(position, address_error(error, x.what.address));
  for (auto& socket : x.sockets) {
    by_socket_.emplace(socket->id(), id);
    socket->wait(false, true);
  }
  x.deadline = now + x.what.timeout;
  deadlines_.emplace(x.deadline, id);
}

void tcp_dials::succeed(request_map::iterator position, socket_ptr socket) {
  auto id = position->first;
  auto x = extract(position);
  budget_.handle_connected(id);
  fulfil(x.answer, dialled{connect_(std::move(socket), id)});
}

/// There is no connection: its place is free.
void tcp_dials::fail_with(request_map::iterator position,
                          const caf::error& error) {
  auto id = position->first;
  auto x = extract(position);
  budget_.handle_end(id);
  fail(x.answer, error);
}

void tcp_dials::give_up(dial_id id, errc code, std::string_view text) {
  auto position = requests_.find(id);
  fail_with(position, address_error(code, position->second.what.address, text));
}

/// Its sockets are closed with it.
tcp_dials::request tcp_dials::extract(request_map::iterator position) {
  auto id = position->first;
  auto result = std::move(position->second);
  requests_.erase(position);
  erase_pair(by_owner_, {result.owner, result.what.attempt}, id);
  erase_pair(deadlines_, result.deadline, id);
  for (const auto& socket : result.sockets)
    by_socket_.erase(socket->id());
  return result;
}

} // namespace node_proxy::internal
