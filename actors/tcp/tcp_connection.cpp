#include <node_proxy/actors/tcp/tcp_connection.hpp>

#include <algorithm>
#include <memory>
#include <span>
#include <utility>

#include <node_proxy/actors/caf/sending.hpp>
#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/wire/frame.hpp>

namespace node_proxy::internal {

namespace {

// What one read takes in, before the peer is known and after. A stream begins
// with little, and again after a pause, as what is left of a read is kept then.
constexpr std::size_t handshake_read = 4 * 1024;
constexpr std::size_t first_stream_read = 16 * 1024;
constexpr std::size_t stream_read = 256 * 1024;

// After so many reads in a row that found more than they could take, the owner
// lets others use its thread.
constexpr int reads_in_a_row = 16;

/// Where this thread reads to. What is left of it when a read has been dealt
/// with is copied, so that connections that wait have no buffers.
std::span<std::byte> read_buffer(std::size_t size) {
  thread_local const auto buffer =
    std::make_unique_for_overwrite<std::byte[]>(stream_read);
  return {buffer.get(), size};
}

class tcp_connection final : public connection {
public:
  tcp_connection(std::unique_ptr<watched_socket> socket, linger_actor transport,
                 permit unproven)
    : id_{socket->id()}, socket_{std::move(socket)},
      transport_{std::move(transport)}, unproven_{std::move(unproven)} {}

  ~tcp_connection() override { tcp_connection::close(); }

  [[nodiscard]] connection_id id() const noexcept override { return id_; }

  void set_owner(const connection_owner& owner,
                 const std::shared_ptr<event_loop>& loop) override {
    if (!socket_)
      return;
    socket_->move_to(loop);
    socket_->set_owner(owner);
  }

  void begin_stream() override {
    if (std::exchange(streaming_, true))
      return;
    unproven_ = {};
    frames_.set_max_body(limits::frame_body);
    if (socket_)
      socket_->notify();
  }

  read_result read(const body_handler& handle_body) override;
  void pause() override;
  std::size_t write(bytes_view frames) override;
  std::size_t write_rest() override;

  [[nodiscard]] std::size_t unsent() const noexcept override {
    return unsent_.size() - unsent_begin_;
  }

  void close() override;

private:
  // When the owner reads again.
  enum class next_read {
    // Never: it has what it wanted.
    unwanted,
    // In its next turn: there is more.
    soon,
    // There is more, but others come first: the loop looks again.
    after_others,
    // When more comes.
    on_input,
    // In its next turn: the end came with what was read, and is reported once.
    at_end,
  };

  [[nodiscard]] next_read next_after(const read_result& result,
                                     std::size_t room);
  void go_on(next_read next);
  void read_on(const body_handler& handle_body, read_result& result);
  bool give_bodies(const body_handler& handle_body, read_result& result);
  std::size_t write_kept();
  void keep(bytes_view rest);
  void watch();

  connection_id id_;
  // None when it has come to its end.
  std::unique_ptr<watched_socket> socket_;
  linger_actor transport_;
  permit unproven_;

  bool streaming_ = false;
  // A length was wrong: what follows it means nothing.
  bool is_garbled_ = false;
  // The owner is to be notified when there is something to read.
  bool awaits_input_ = false;
  int full_reads_ = 0;
  std::size_t read_size_ = first_stream_read;
  deframer frames_{limits::handshake_body};

  bool has_written_ = false;
  // What the socket had no room for, from `unsent_begin_` on.
  bytes unsent_;
  std::size_t unsent_begin_ = 0;
};

// -- reading ------------------------------------------------------------------

connection::read_result tcp_connection::read(const body_handler& handle_body) {
  read_result result;
  if (!socket_ || is_garbled_)
    return result;
  // More than was wanted may have come before. What the owner has to say about
  // it comes before what is read next.
  static_cast<void>(give_bodies(handle_body, result));
  if (!result.end && result.bodies == 0)
    read_on(handle_body, result);
  else if (!result.end && streaming_)
    socket_->notify();
  else if (unsent() > 0)
    watch();
  if (result.end == close_reason::lost) {
    socket_.reset();
    unproven_ = {};
  }
  return result;
}

void tcp_connection::read_on(const body_handler& handle_body,
                             read_result& result) {
  auto buffer = read_buffer(streaming_ ? read_size_ : handshake_read);
  auto got = read_some(socket_->get(), buffer);
  result.bytes = got.count;
  if (got.count > 0) {
    frames_.handle_input(buffer.first(got.count));
    auto has_all = give_bodies(handle_body, result);
    frames_.keep_rest();
    if (!has_all && streaming_)
      return go_on(next_read::soon);
  }
  if (is_garbled_)
    return;
  // An end that was reported without octets before it: nothing will come.
  if (got.ended || (got.count == 0 && socket_->has_ended()))
    result.end = close_reason::lost;
  auto next = next_after(result, buffer.size());
  if (!result.end)
    go_on(next);
}

tcp_connection::next_read tcp_connection::next_after(const read_result& result,
                                                     std::size_t room) {
  auto is_full = result.bytes == room;
  full_reads_ = is_full ? full_reads_ + 1 : 0;
  if (is_full)
    read_size_ = std::min(2 * read_size_, stream_read);
  if (!streaming_ && result.bodies > 0)
    return next_read::unwanted;
  if (is_full)
    return full_reads_ % reads_in_a_row != 0 ? next_read::soon
                                             : next_read::after_others;
  return result.bytes > 0 && socket_->has_ended() ? next_read::at_end
                                                  : next_read::on_input;
}

void tcp_connection::go_on(next_read next) {
  using enum next_read;
  awaits_input_ = next == after_others || next == on_input || next == at_end;
  if (next == soon || next == at_end)
    socket_->notify();
  if (next == after_others)
    socket_->wait(true, unsent() > 0);
  else if (awaits_input_ || unsent() > 0)
    watch();
}

/// @returns whether all that are there were wanted.
bool tcp_connection::give_bodies(const body_handler& handle_body,
                                 read_result& result) {
  while (streaming_ || result.bodies == 0) {
    auto body = frames_.poll_body();
    if (!body) {
      result.end = body.error() == frame_error::length_zero
                     ? close_reason::length_zero
                     : close_reason::length_over_limit;
      is_garbled_ = true;
      awaits_input_ = false;
      return true;
    }
    if (!*body)
      return true;
    ++result.bodies;
    if (!handle_body(**body))
      return false;
  }
  return false;
}

void tcp_connection::pause() {
  if (!socket_)
    return;
  awaits_input_ = false;
  full_reads_ = 0;
  read_size_ = first_stream_read;
  // The system tells of the end of a connection as often as it is asked.
  if (!socket_->has_ended())
    socket_->wait(false, unsent() > 0);
}

// -- writing ------------------------------------------------------------------

std::size_t tcp_connection::write(bytes_view frames) {
  if (!socket_)
    return 0;
  has_written_ = has_written_ || !frames.empty();
  auto count = write_kept();
  if (unsent() == 0 && !frames.empty()) {
    auto direct = write_some(socket_->get(), frames);
    count += direct;
    frames = frames.subspan(direct);
  }
  keep(frames);
  if (unsent() > 0)
    watch();
  return count;
}

std::size_t tcp_connection::write_rest() {
  if (!socket_)
    return 0;
  // Before anything is tried: room or input that is there a moment later is to
  // be told again.
  socket_->handle_notified();
  return write_kept();
}

std::size_t tcp_connection::write_kept() {
  if (unsent() == 0)
    return 0;
  auto count =
    write_some(socket_->get(), bytes_view{unsent_}.subspan(unsent_begin_));
  unsent_begin_ += count;
  if (unsent() == 0) {
    unsent_ = bytes{};
    unsent_begin_ = 0;
  }
  return count;
}

void tcp_connection::keep(bytes_view rest) {
  // What has gone is closed up when that moves no more than it frees.
  if (unsent_begin_ >= unsent()) {
    unsent_.erase(unsent_.begin(),
                  unsent_.begin() + static_cast<std::ptrdiff_t>(unsent_begin_));
    unsent_begin_ = 0;
  }
  append(unsent_, rest);
}

/// Has the owner notified when there is input, or room, that it waits for.
void tcp_connection::watch() {
  socket_->watch(awaits_input_, unsent() > 0);
}

// -- ending -------------------------------------------------------------------

void tcp_connection::close() {
  // The permit is given back when the socket is closed.
  auto unproven = std::move(unproven_);
  auto socket = std::move(socket_);
  // Without anything to deliver the socket is just closed. A frame of the
  // handshake is with the operating system, which delivers it.
  if (!socket || !has_written_ || !streaming_)
    return;
  unsent_.erase(unsent_.begin(),
                unsent_.begin() + static_cast<std::ptrdiff_t>(unsent_begin_));
  send_anonymously(transport_,
                   linger{std::make_shared<abandoned_socket>(
                     abandoned_socket{std::move(socket), std::move(unsent_)})});
}

} // namespace

connection_ptr make_tcp_connection(std::unique_ptr<watched_socket> socket,
                                   linger_actor transport, permit unproven) {
  return std::make_shared<tcp_connection>(
    std::move(socket), std::move(transport), std::move(unproven));
}

} // namespace node_proxy::internal
