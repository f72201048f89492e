#include <node_proxy/actors/tcp_connection.hpp>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <utility>

#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/frame.hpp>

namespace node_proxy {

namespace {

using clock_type = std::chrono::steady_clock;

// How much the owner may have not yet dealt with.
constexpr std::size_t max_untaken = 1024 * 1024;

// The buffer of a connection that is idle, or not proven; and of one under
// load.
constexpr std::size_t min_read = 4 * 1024;
constexpr std::size_t max_read = 256 * 1024;

// So many reads in a row that the smallest buffer would have done for make the
// buffer small again.
constexpr int small_reads = 4;

// An unfinished frame is reported when so much of it has come, or when the last
// report is so long ago.
constexpr std::size_t report_bytes = 16 * 1024;
constexpr std::chrono::milliseconds report_interval{100};

// How long a peer may take to accept what was written before `shut`, and to
// close its end.
constexpr std::chrono::seconds close_timeout{3};

// A write buffer of more than this is given back when it is empty.
constexpr std::size_t kept_write_buffer = 64 * 1024;

bytes_view as_view(const caf::io::new_data_msg& msg) {
  return std::as_bytes(std::span{msg.buf.data(), msg.buf.size()});
}

class connection_state;

using broker_pointer = caf::stateful_actor<connection_state, basic_broker>*;

// Two facts of CAF's event loop shape the code below (both versions):
// - To start and to stop reading within one turn of the loop cancel each other
//   out, and either the start is lost or the descriptor leaks. Reading stops
//   while the loop handles sockets, so it is started at the start of a turn
//   (`post_to_loop`), or on the spot when it is just about to stop.
// - Closing a connection through CAF while it has something to write keeps the
//   descriptor for as long as the peer likes. So a connection is shut down at
//   the socket, and ends when reading it has come to its end.
class connection_state {
public:
  static constexpr const char* name = "node_proxy.tcp_connection";

  explicit connection_state(broker_pointer self) : self_{self} {}

  void start(descriptor socket, connection_owner owner, caf::actor guardian);

  void handle(read_next& msg);
  void handle(attach& msg);
  void handle(const write_frames& msg);
  void handle(const taken& msg);
  void handle(const shut&);
  void handle(const close_deadline&);
  void handle(caf::io::new_data_msg& msg);
  void handle(const caf::io::data_transferred_msg& msg);
  void handle(const caf::io::connection_passivated_msg&);
  void handle(const caf::io::connection_closed_msg&);

private:
  enum class phase_type {
    // Nothing is delivered until the owner asks.
    held,
    // The owner waits for one frame.
    one,
    streaming,
    // What comes is thrown away.
    closing,
  };

  void own(connection_owner owner);
  void watch(caf::actor whom);
  void deliver();
  void deliver_one();
  void deliver_all();
  void report(std::shared_ptr<const frame_batch> bodies);
  [[nodiscard]] std::size_t reads_allowed() const;
  void start_reading();
  void adapt_read_size(io_buffer& buffer);
  void note_written(std::size_t count);
  void begin_shut();
  void close_flushed();
  void start_deadline();
  void break_off(frame_error error);
  void finish();

  [[nodiscard]] connection_actor me() {
    return caf::actor_cast<connection_actor>(self_);
  }

  broker_pointer self_;
  // Owned by CAF, valid until `ended_`.
  int fd_ = -1;
  caf::io::connection_handle handle_;
  // Nobody in the beginning of an inbound connection.
  connection_owner owner_;
  // The owner, or who will find one.
  caf::actor watched_;
  phase_type phase_ = phase_type::held;
  close_reason reason_ = close_reason::lost;
  bool has_deadline_ = false;
  // The socket is gone.
  bool ended_ = false;

  deframer frames_{limits::handshake_body};
  bool reading_ = false;
  std::size_t read_size_ = min_read;
  int small_reads_ = 0;
  // Read and not yet told the owner; told and not yet dealt with.
  std::size_t unreported_ = 0;
  std::size_t untaken_ = 0;
  clock_type::time_point last_report_;

  bool has_written_ = false;
  // Written and not yet with the operating system; what CAF has to send.
  std::size_t unsent_ = 0;
  // With the operating system and not yet told; whether that is to be told.
  std::size_t untold_ = 0;
  bool report_ = false;
};

// -- owners -------------------------------------------------------------------

void connection_state::start(descriptor socket, connection_owner owner,
                             caf::actor guardian) {
  fd_ = socket.get();
  handle_ = self_->add_scribe(socket.release());
  self_->ack_writes(handle_, true);
  last_report_ = self_->clock().now();
  self_->set_down_handler([this](caf::down_msg& msg) {
    if (!watched_ || msg.source != watched_.address())
      return;
    owner_ = nullptr;
    begin_shut();
  });
  self_->set_exit_handler([this](caf::exit_msg&) { begin_shut(); });
  owner_ = std::move(owner);
  watch(std::move(guardian));
}

void connection_state::own(connection_owner owner) {
  owner_ = std::move(owner);
  watch(caf::actor_cast<caf::actor>(owner_));
}

void connection_state::watch(caf::actor whom) {
  if (whom == watched_)
    return;
  if (watched_)
    self_->demonitor(watched_);
  watched_ = std::move(whom);
  if (watched_)
    self_->monitor(watched_);
}

// -- reading ------------------------------------------------------------------

void connection_state::handle(read_next& msg) {
  own(std::move(msg.owner));
  if (phase_ != phase_type::held)
    return;
  phase_ = phase_type::one;
  deliver();
}

void connection_state::handle(attach& msg) {
  own(std::move(msg.owner));
  if (phase_ == phase_type::closing)
    return;
  phase_ = phase_type::streaming;
  frames_.set_max_body(limits::frame_body);
  deliver();
}

void connection_state::handle(const taken& msg) {
  untaken_ -= std::min(msg.bytes, untaken_);
  // Not at the first byte of room, which would make for many small reads.
  if (untaken_ <= max_untaken / 2)
    start_reading();
}

void connection_state::handle(caf::io::new_data_msg& msg) {
  if (phase_ == phase_type::closing)
    return;
  unreported_ += msg.buf.size();
  frames_.handle_input(as_view(msg));
  deliver();
  frames_.keep_rest();
  if (phase_ == phase_type::streaming)
    adapt_read_size(msg.buf);
}

// CAF has stopped reading, unless it is told otherwise on the spot.
void connection_state::handle(const caf::io::connection_passivated_msg&) {
  if (auto reads = reads_allowed(); reads > 0)
    self_->trigger(handle_, reads);
  else
    reading_ = false;
}

std::size_t connection_state::reads_allowed() const {
  switch (phase_) {
  case phase_type::held:
    return 0;
  case phase_type::one:
    return 1;
  case phase_type::streaming:
    if (untaken_ >= max_untaken)
      return 0;
    // Each of them may have the largest buffer by then.
    return std::max<std::size_t>(1, (max_untaken - untaken_) / max_read);
  default:
    return max_untaken / max_read;
  }
}

void connection_state::start_reading() {
  auto reads = reads_allowed();
  if (reading_ || ended_ || reads == 0)
    return;
  reading_ = true;
  post_to_loop(self_, [self = caf::strong_actor_ptr{self_->ctrl()},
                       broker = self_, handle = handle_, size = read_size_,
                       reads] {
    // Both do nothing if the connection is gone by now.
    broker->configure_read(handle, caf::io::receive_policy::at_most(size));
    broker->trigger(handle, reads);
  });
}

// The buffer is what CAF has read into, and reads into again if it is left
// here. A new size counts from the next read on.
void connection_state::adapt_read_size(io_buffer& buffer) {
  auto size = read_size_;
  if (buffer.size() > min_read)
    small_reads_ = 0;
  if (buffer.size() >= read_size_) {
    size = std::min(read_size_ * 4, max_read);
  } else if (read_size_ > min_read && buffer.size() <= min_read
             && ++small_reads_ >= small_reads) {
    small_reads_ = 0;
    size = min_read;
    io_buffer{}.swap(buffer);
  }
  if (size == read_size_)
    return;
  read_size_ = size;
  self_->configure_read(handle_, caf::io::receive_policy::at_most(size));
}

// -- delivering ---------------------------------------------------------------

void connection_state::deliver() {
  if (phase_ == phase_type::one)
    deliver_one();
  else if (phase_ == phase_type::streaming)
    deliver_all();
  if (phase_ == phase_type::closing)
    return;
  // What had arrived before the end is delivered before the end.
  if (ended_ && (phase_ != phase_type::held || frames_.buffered() == 0))
    finish();
  else
    start_reading();
}

void connection_state::deliver_one() {
  auto body = frames_.poll_body();
  if (!body) {
    break_off(body.error());
    return;
  }
  if (!*body)
    return;
  auto batch = std::make_shared<frame_batch>();
  batch->add(**body);
  phase_ = phase_type::held;
  report(std::move(batch));
}

void connection_state::deliver_all() {
  auto batch = std::make_shared<frame_batch>();
  batch->reserve(frames_.buffered());
  auto body = frames_.poll_body();
  for (; body && *body; body = frames_.poll_body())
    batch->add(**body);
  auto is_due = !batch->empty() || unreported_ >= report_bytes
                || (unreported_ > 0
                    && self_->clock().now() - last_report_ >= report_interval);
  if (is_due) {
    untaken_ += unreported_;
    report(std::move(batch));
  }
  if (!body)
    break_off(body.error());
}

void connection_state::report(std::shared_ptr<const frame_batch> bodies) {
  last_report_ = self_->clock().now();
  self_->send(
    owner_, frames_in{me(), std::move(bodies), std::exchange(unreported_, 0)});
}

// -- writing ------------------------------------------------------------------

void connection_state::handle(const write_frames& msg) {
  if (phase_ == phase_type::closing || ended_ || msg.data.empty())
    return;
  has_written_ = true;
  report_ = report_ || msg.report;
  // A socket mostly takes all at once. To have CAF write it would cost a copy,
  // and a turn of its event loop with three system calls more.
  auto count = unsent_ == 0 ? write_some(fd_, msg.data) : 0;
  if (auto rest = bytes_view{msg.data}.subspan(count); !rest.empty()) {
    auto& buffer = self_->wr_buf(handle_);
    const auto* begin =
      reinterpret_cast<const io_buffer::value_type*>(rest.data());
    buffer.insert(buffer.end(), begin, begin + rest.size());
    unsent_ += rest.size();
    self_->flush(handle_);
  }
  note_written(count);
}

void connection_state::note_written(std::size_t count) {
  untold_ += count;
  if (!report_ || untold_ == 0)
    return;
  if (owner_)
    self_->send(owner_, written{me(), std::exchange(untold_, 0)});
  report_ = unsent_ > 0;
}

void connection_state::handle(const caf::io::data_transferred_msg& msg) {
  unsent_ -= std::min<std::size_t>(msg.written, unsent_);
  note_written(msg.written);
  if (unsent_ > 0)
    return;
  if (auto& buffer = self_->wr_buf(handle_);
      buffer.capacity() > kept_write_buffer)
    io_buffer{}.swap(buffer);
  if (phase_ == phase_type::closing && reason_ == close_reason::shut)
    close_flushed();
}

// -- ending -------------------------------------------------------------------

void connection_state::handle(const shut&) {
  begin_shut();
}

void connection_state::begin_shut() {
  if (phase_ == phase_type::closing)
    return;
  phase_ = phase_type::closing;
  reason_ = close_reason::shut;
  if (ended_)
    finish();
  else if (unsent_ > 0)
    start_deadline();
  else
    close_flushed();
}

// Reads on until the peer has closed its end, too: to close with something
// unread makes TCP throw away what the peer has not taken yet.
void connection_state::close_flushed() {
  if (has_written_) {
    shut_down_writing(fd_);
    start_deadline();
  } else {
    shut_down(fd_);
  }
  start_reading();
}

void connection_state::start_deadline() {
  if (!std::exchange(has_deadline_, true))
    send_later(self_, close_timeout, close_deadline{});
}

void connection_state::handle(const close_deadline&) {
  if (ended_)
    return;
  abort_connection(fd_);
  start_reading();
}

void connection_state::break_off(frame_error error) {
  phase_ = phase_type::closing;
  reason_ = error == frame_error::length_zero ? close_reason::length_zero
                                              : close_reason::length_over_limit;
  if (ended_) {
    finish();
    return;
  }
  shut_down(fd_);
  start_reading();
}

void connection_state::handle(const caf::io::connection_closed_msg&) {
  // CAF holds on to the descriptor until the last byte is written, or fails to.
  if (unsent_ > 0)
    shut_down(fd_);
  ended_ = true;
  if (phase_ != phase_type::held || frames_.buffered() == 0)
    finish();
}

void connection_state::finish() {
  if (owner_)
    self_->send(owner_, connection_closed{me(), reason_});
  self_->quit();
}

// -- as an actor --------------------------------------------------------------

caf::behavior tcp_connection(broker_pointer self,
                             const std::shared_ptr<descriptor>& socket,
                             const connection_owner& owner,
                             const caf::actor& guardian) {
  auto* state = &state_of(self);
  state->start(std::move(*socket), owner, guardian);
  return {
    [state](read_next& msg) { state->handle(msg); },
    [state](attach& msg) { state->handle(msg); },
    [state](const write_frames& msg) { state->handle(msg); },
    [state](const taken& msg) { state->handle(msg); },
    [state](const shut& msg) { state->handle(msg); },
    [state](const close_deadline& msg) { state->handle(msg); },
    [state](caf::io::new_data_msg& msg) { state->handle(msg); },
    [state](const caf::io::data_transferred_msg& msg) { state->handle(msg); },
    [state](const caf::io::connection_passivated_msg& msg) {
      state->handle(msg);
    },
    [state](const caf::io::connection_closed_msg& msg) { state->handle(msg); },
  };
}

// Brokers are typed by what CAF sends them, too, in which the versions differ.
// So it is a broker without a static type, known to others by its interface.
connection_actor spawn(caf::actor_system& system, descriptor socket,
                       const connection_owner& owner,
                       const caf::actor& guardian) {
  return caf::actor_cast<connection_actor>(system.middleman().spawn_broker(
    tcp_connection, std::make_shared<descriptor>(std::move(socket)), owner,
    guardian));
}

} // namespace

connection_actor spawn_tcp_connection(caf::actor_system& system,
                                      descriptor socket,
                                      const connection_owner& owner) {
  auto guardian = caf::actor_cast<caf::actor>(owner);
  return spawn(system, std::move(socket), owner, guardian);
}

connection_actor spawn_tcp_connection(caf::actor_system& system,
                                      descriptor socket,
                                      const inbound_handler& guardian) {
  return spawn(system, std::move(socket), connection_owner{},
               caf::actor_cast<caf::actor>(guardian));
}

} // namespace node_proxy
