#include "support/core_peer.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <sys/epoll.h>
#include <sys/socket.h>

#include <node_proxy/actors/loop/now.hpp>
#include <node_proxy/protocol/wire/advert.hpp>

namespace bench {

namespace {

using namespace node_proxy;
using namespace node_proxy::internal;

/// Deadlines are looked at this often; none of them is urgent here.
constexpr std::chrono::milliseconds sweep_interval{200};

/// Whoever waits for these peers is not to wait for all of them.
constexpr std::size_t events_per_turn = 16;

timestamp now() {
  return {std::chrono::steady_clock::now().time_since_epoch(), wall_time()};
}

/// Each connection is replaced at once when it is lost.
peer_settings make_settings() {
  peer_settings result;
  result.have_aes = aes_available();
  result.stable_after = duration{0};
  result.handshake_timeout = std::chrono::minutes{1};
  return result;
}

std::uint16_t port_of(const node_advert& advert) {
  for (const auto& x : advert.addrs)
    if (auto tcp = std::get_if<tcp_addr>(&x.address))
      return tcp->port;
  throw std::runtime_error{"the advert has no TCP address"};
}

/// What randomness the core itself draws.
random_source make_random(const secret_key& seed) {
  auto other = seed;
  other.data()[0] ^= std::byte{0xff};
  return random_source{other};
}

std::shared_ptr<const node_advert> make_advert(const identity& self) {
  auto result = std::make_shared<node_advert>();
  ipv4 loopback{{std::byte{127}, std::byte{0}, std::byte{0}, std::byte{1}}};
  result->addrs = {{tcp_addr{loopback, 1}, 1}};
  result->version = 1;
  if (!sign_advert(self, *result))
    throw std::logic_error{"cannot sign an advert"};
  return result;
}

} // namespace

// -- core_loop ----------------------------------------------------------------

core_loop::core_loop() : epoll_{::epoll_create1(EPOLL_CLOEXEC)} {
  if (epoll_.get() < 0)
    throw std::system_error{errno, std::generic_category(), "epoll_create1"};
}

void core_loop::run_until(const std::function<bool()>& done,
                          std::chrono::seconds limit) {
  auto until = std::chrono::steady_clock::now() + limit;
  while (!done()) {
    if (std::chrono::steady_clock::now() > until)
      throw std::runtime_error{"the node does not do what is waited for"};
    serve(sweep_interval);
  }
}

void core_loop::serve(std::chrono::milliseconds wait) {
  std::array<epoll_event, events_per_turn> events;
  auto count =
    ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                 static_cast<int>(wait.count()));
  for (int i = 0; i < count; ++i)
    static_cast<core_peer*>(events[static_cast<std::size_t>(i)].data.ptr)
      ->handle_input();
  auto time = now();
  if (time.steady < next_sweep_)
    return;
  next_sweep_ = time.steady + sweep_interval;
  for (auto* peer : peers_)
    peer->handle_timeout(time);
}

// -- core_peer ----------------------------------------------------------------

core_peer::core_peer(core_loop& loop, const secret_key& seed,
                     const node_advert& remote_advert, bool advertises)
  : loop_{loop}, self_{std::make_shared<identity>(identity::from_seed(seed))},
    port_{port_of(remote_advert)}, core_{std::make_shared<peer_settings>(
                                           make_settings()),
                                         self_,
                                         remote_advert.id,
                                         noise_key_of(remote_advert.id).value(),
                                         peer_record{1},
                                         std::make_shared<receive_budget>(
                                           peer_settings{}),
                                         std::make_shared<spare_time>(),
                                         make_random(seed)},
    input_{limits::frame_body} {
  auto time = now();
  if (advertises)
    core_.handle_local_advert(make_advert(*self_), time);
  static_cast<void>(core_.handle_introduction(remote_advert, time));
  act();
  loop_.peers_.push_back(this);
}

core_peer::~core_peer() {
  std::erase(loop_.peers_, this);
}

void core_peer::prepare() {
  core_.handle_permanence(connection_permanence::permanent, now());
  act();
}

void core_peer::open() {
  opened_ = true;
  open_socket();
}

void core_peer::send_and_cut(std::size_t size) {
  node_out_msg msg{{},
                   rel_time{60},
                   {{self_->id(), "peer"},
                    {core_.remote(), "sink"},
                    std::nullopt,
                    bytes(size)}};
  core_.handle_send(++last_token_, msg, now());
  // What is written now is lost together with the connection.
  losing_ = true;
  core_.flush(now(), memory_);
  act();
  losing_ = false;
  handle_closed();
}

void core_peer::handle_input() {
  std::array<std::byte, 16 * 1024> chunk;
  auto count = ::recv(socket_->fd(), chunk.data(), chunk.size(), MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (count <= 0) {
    handle_closed();
    return;
  }
  input_.handle_input(bytes_view{chunk}.first(static_cast<std::size_t>(count)));
  auto time = now();
  while (socket_) {
    auto body = input_.poll_body();
    if (!body)
      throw std::runtime_error{"the node does not speak the protocol"};
    if (!*body)
      break;
    core_.handle_frame(connection_, **body, time);
  }
  core_.flush(time, memory_);
  act();
}

void core_peer::handle_closed() {
  socket_.reset();
  core_.handle_closed(connection_, close_reason::lost, now());
  act();
}

void core_peer::handle_timeout(const timestamp& time) {
  auto at = core_.poll_timeout(time);
  if (!at || *at > time.steady)
    return;
  core_.handle_timeout(time);
  core_.flush(time, memory_);
  act();
}

void core_peer::act() {
  while (auto action = core_.poll_action())
    std::visit([this](const auto& x) { perform(x); }, *action);
  write();
}

void core_peer::write() {
  if (!socket_ || output_.empty())
    return;
  auto data = std::exchange(output_, {});
  socket_->write_all(data);
  core_.handle_written(connection_, data.size());
}

void core_peer::open_socket() {
  try {
    socket_.emplace(port_);
  } catch (const std::system_error&) {
    // The node is gone, or has no room.
    handle_closed();
    return;
  }
  input_ = deframer{limits::frame_body};
  epoll_event event{EPOLLIN, {}};
  event.data.ptr = this;
  if (::epoll_ctl(loop_.epoll_.get(), EPOLL_CTL_ADD, socket_->fd(), &event)
      != 0)
    throw std::system_error{errno, std::generic_category(), "epoll_ctl"};
  write();
}

// The core is told that the connection is there before it is, so that its first
// message is made when that costs no time that is measured.
void core_peer::perform(const dial_peer& action) {
  output_.clear();
  core_.handle_dialled(action.id, ++connection_, now());
  if (opened_)
    open_socket();
}

void core_peer::perform(const transmit_frames& action) {
  if (!losing_)
    output_.insert(output_.end(), action.frames.begin(), action.frames.end());
}

void core_peer::perform(const close_connection& action) {
  if (action.connection == connection_)
    socket_.reset();
}

void core_peer::perform(const send_outcome& action) {
  if (action.failure)
    throw std::runtime_error{"a message was not delivered"};
  delivered_ += action.count;
  loop_.seen_.delivered += action.count;
}

void core_peer::perform(const peer_event& action) {
  if (std::holds_alternative<peer_connected>(action))
    ++loop_.seen_.connected;
  else if (std::holds_alternative<peer_resumed>(action))
    ++loop_.seen_.resumed;
}

secret_key numbered_seed(std::uint64_t number) {
  secret_key result;
  std::memcpy(result.data(), &number, sizeof(number));
  return result;
}

} // namespace bench
