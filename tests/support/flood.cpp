#include "flood.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <node_proxy/protocol/crypto/crypto_init.hpp>
#include <node_proxy/protocol/crypto/identity.hpp>
#include <node_proxy/protocol/session/handshake.hpp>

namespace test {

using namespace node_proxy::internal;

namespace {

secret_key random_key() {
  secret_key result;
  if (::getentropy(result.data(), secret_key::size()) != 0)
    std::abort();
  return result;
}

sockaddr_in os_address(std::uint32_t host, std::uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  result.sin_addr.s_addr = htonl(host);
  return result;
}

/// A connection on its way from 127.0.0.1, or the address that is so many
/// further on. -1 if there is none.
int begin_connection(std::uint32_t from, std::uint16_t port) {
  auto fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int on = 1;
  ::setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
  auto near = os_address(INADDR_LOOPBACK + from, 0);
  auto far = os_address(INADDR_LOOPBACK, port);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&near), sizeof(near)) == 0
      && ::connect(fd, reinterpret_cast<sockaddr*>(&far), sizeof(far)) == 0)
    return fd;
  ::close(fd);
  return -1;
}

bool send_some(int fd, bytes_view data) {
  return ::send(fd, data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0;
}

} // namespace

bytes first_frame_to(const node_id& node) {
  static_cast<void>(init_crypto());
  auto who = identity::from_seed(random_key());
  hello offer;
  offer.request.proto_ver_min = 1;
  offer.request.proto_ver_max = 1;
  offer.request.src_node_id = who.id();
  offer.request.dst_node_id = node;
  offer.ciphers = {1};
  return initiator_handshake{who, noise_key_of(node).value(), random_key(),
                             offer}
    .write_init()
    .value();
}

flood::flood(flood_plan plan)
  : plan_{std::move(plan)}, here_(plan_.at_once), thread_{[this] {
      run();
    }} {}

flood::~flood() {
  stopping_ = true;
  thread_.join();
  for (auto& x : here_)
    ::close(x.fd);
}

void flood::wait_for(std::size_t count) const {
  for (auto present = came_.load(); present < count; present = came_)
    came_.wait(present);
}

void flood::run() {
  auto begun = clock_type::now();
  while (!stopping_) {
    std::chrono::duration<double> gone = clock_type::now() - begun;
    auto due = static_cast<double>(plan_.each_second) * gone.count();
    while (static_cast<double>(came_) < due && !stopping_)
      come();
    if (plan_.habit == stranger_habit::trickle)
      trickle();
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
}

void flood::come() {
  auto number = came_.load();
  auto& x = here_[number % plan_.at_once];
  ::close(x.fd);
  auto from = static_cast<std::uint32_t>(number % plan_.addresses);
  if (plan_.addresses > 1)
    ++from;
  x = {begin_connection(from, plan_.to.port), clock_type::now(), 0};
  if (plan_.habit == stranger_habit::half_a_handshake)
    send_some(x.fd, plan_.frames[number % plan_.frames.size()]);
  ++came_;
  came_.notify_all();
}

void flood::trickle() {
  auto now = clock_type::now();
  for (auto& x : here_) {
    if (x.fd < 0 || x.next_octet > now)
      continue;
    const auto& frame = plan_.frames.front();
    send_some(x.fd, bytes_view{frame}.subspan(x.sent++ % frame.size(), 1));
    x.next_octet = now + std::chrono::seconds{1};
  }
}

} // namespace test
