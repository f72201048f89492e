// TCP connections: frames, hold and flow, and all the ways to end.

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include <node_proxy/messages/limits.hpp>

#include "actors/transport/transport_fixture.hpp"
#include "support/frames.hpp"
#include "support/heap_use.hpp"
#include "support/octets.hpp"

namespace node_proxy::internal {

namespace {

using namespace test;

bytes frame_of(bytes_view body) {
  bytes result;
  append_frame(result, body);
  return result;
}

bytes frames_of(const std::vector<bytes>& bodies) {
  bytes result;
  for (const auto& body : bodies)
    append_frame(result, body);
  return result;
}

/// A length without a body.
bytes length_of(std::uint32_t length) {
  bytes result;
  for (int shift = 0; shift < 32; shift += 8)
    result.push_back(static_cast<std::byte>(length >> shift));
  return result;
}

} // namespace

// -- frames -------------------------------------------------------------------

TEST_CASE_FIXTURE(connected_fixture, "frames of all sizes go both ways") {
  near.attach_here();
  far.attach_here();
  std::vector<std::size_t> sizes{1,    2,    3,      255,    256,    4095,
                                 4096, 4097, 16'384, 40'000, 65'534, 65'535};
  std::size_t octets = 0;
  for (auto size : sizes) {
    near.write_body(numbered(size));
    octets += frame_length_size + size;
  }
  // The system takes only a part of it before somebody reads.
  std::thread writer{[&] {
    near.wait_written(octets);
  }};
  for (auto size : sizes)
    CHECK(far.next_body() == numbered(size));
  writer.join();
  for (auto size : sizes) {
    far.write_body(numbered(size, 7));
    CHECK(near.next_body() == numbered(size, 7));
  }
}

TEST_CASE_FIXTURE(connected_fixture, "what is written is told as written") {
  far.attach_here();
  bytes data = frames_of({numbered(100), numbered(50'000)});
  auto size = data.size();
  near.write_raw(data);
  near.wait_written(size);
  CHECK(near.bytes_written() == size);
  far.wait_read(size);
  CHECK(far.bytes_read() == size);
  CHECK(far.frames_waiting() == 2);
}

TEST_CASE_FIXTURE(raw_fixture, "frames that arrive together come together") {
  near.attach_here();
  std::vector<bytes> bodies(40, numbered(50));
  peer.send(frames_of(bodies));
  near.wait_read(40 * 54);
  CHECK(near.frames_waiting() == 40);
  CHECK(near.batches() < 10);
}

TEST_CASE_FIXTURE(raw_fixture, "a stream in single octets") {
  near.attach_here();
  auto data = frames_of({numbered(3), numbered(1, 9), numbered(300)});
  for (auto octet : data)
    REQUIRE(peer.send({&octet, 1}));
  CHECK(near.next_body() == numbered(3));
  CHECK(near.next_body() == numbered(1, 9));
  CHECK(near.next_body() == numbered(300));
  CHECK(near.bytes_read() == data.size());
}

TEST_CASE_FIXTURE(raw_fixture, "progress inside of a frame is told") {
  near.attach_here();
  auto data = frame_of(numbered(60'000));
  auto part = bytes_view{data}.first(30'000);
  REQUIRE(peer.send(part));
  // At least to within the granularity of the reports.
  near.wait_read(10'000);
  CHECK(near.frames_waiting() == 0);
  REQUIRE(peer.send(bytes_view{data}.subspan(30'000)));
  CHECK(near.next_body() == numbered(60'000));
  CHECK(near.bytes_read() == data.size());
}

TEST_CASE_FIXTURE(raw_fixture, "what is not wanted at once comes later") {
  near.at_once = 7;
  near.attach_here();
  std::vector<bytes> bodies(100, numbered(50));
  bodies.back() = numbered(3);
  peer.send(frames_of(bodies));
  peer.close();
  CHECK(near.end_of_connection() == close_reason::lost);
  CHECK(near.frames_waiting() == 100);
  CHECK(near.batches() >= 100 / 7);
  CHECK(near.bytes_read() == 99 * 54 + 7);
}

TEST_CASE_FIXTURE(raw_fixture, "a connection that pauses tells of no input") {
  near.attach_here();
  peer.send(frame_of(numbered(1)));
  CHECK(near.next_body() == numbered(1));
  near.connection->pause();
  near.handle_what_is_there();
  near.connection->pause();
  peer.send(frame_of(numbered(2)));
  CHECK_FALSE(near.has_news_within(std::chrono::milliseconds{100}));
  near.go_on();
  CHECK(near.next_body() == numbered(2));
  // From now on it does again.
  peer.send(frame_of(numbered(3)));
  CHECK(near.next_body() == numbered(3));
  near.connection->pause();
  peer.send(frame_of(numbered(4)));
  peer.close();
  near.go_on();
  CHECK(near.next_body() == numbered(4));
  CHECK(near.end_of_connection() == close_reason::lost);
}

TEST_CASE_FIXTURE(raw_fixture,
                  "the end of a connection that pauses comes once") {
  near.attach_here();
  // A peer that ends without having read this resets the connection.
  near.write_raw(bytes(1'000));
  near.handle_what_is_there();
  near.connection->pause();
  peer.close();
  REQUIRE(near.has_news_within(patience));
  near.connection->write_rest();
  near.connection->pause();
  CHECK_FALSE(near.has_news_within(std::chrono::milliseconds{100}));
  near.go_on();
  CHECK(near.end_of_connection() == close_reason::lost);
}

TEST_CASE_FIXTURE(raw_fixture, "a connection that pauses still writes") {
  near.attach_here();
  near.keep = true;
  near.connection->pause();
  bytes data(16 << 20);
  near.write_raw(data);
  REQUIRE(near.bytes_written() < data.size());
  std::thread reader{[&] {
    static_cast<void>(peer.receive(data.size()));
  }};
  near.wait([&] {
    near.connection->pause();
    return near.bytes_written() == data.size();
  });
  reader.join();
}

// -- the handshake ------------------------------------------------------------

TEST_CASE_FIXTURE(raw_fixture, "one frame at a time, then all") {
  peer.send(frames_of({numbered(1), numbered(2), numbered(3), numbered(4)}));
  near.read_one();
  CHECK(near.next_body() == numbered(1));
  near.read_one();
  CHECK(near.next_body() == numbered(2));
  // The rest is somewhere on its way and waits.
  near.attach_here();
  CHECK(near.next_body() == numbered(3));
  CHECK(near.next_body() == numbered(4));
  // Large frames are welcome now.
  peer.send(frame_of(numbered(65'535)));
  CHECK(near.next_body() == numbered(65'535));
}

TEST_CASE_FIXTURE(raw_fixture, "the owner changes between two frames") {
  held_end later{system};
  later.connection = near.connection;
  peer.send(frames_of({numbered(5), numbered(6)}));
  near.read_one();
  CHECK(near.next_body() == numbered(5));
  later.attach_here();
  CHECK(later.next_body() == numbered(6));
  CHECK(near.frames_waiting() == 0);
  peer.close();
  CHECK(later.end_of_connection() == close_reason::lost);
}

TEST_CASE_FIXTURE(raw_fixture, "the largest frame of a handshake, in pieces") {
  near.read_one();
  auto data = frame_of(numbered(limits::handshake_body));
  peer.send(bytes_view{data}.first(2'000));
  peer.send(bytes_view{data}.subspan(2'000));
  CHECK(near.next_body() == numbered(limits::handshake_body));
}

TEST_CASE_FIXTURE(raw_fixture, "frames before the end come before its news") {
  near.read_one();
  peer.send(frames_of({numbered(1), numbered(2)}));
  CHECK(near.next_body() == numbered(1));
  peer.close();
  near.read_one();
  CHECK(near.next_body() == numbered(2));
  near.read_one();
  CHECK(near.end_of_connection() == close_reason::lost);
}

// -- what peers must not do ---------------------------------------------------

TEST_CASE_FIXTURE(raw_fixture, "an empty frame ends the connection") {
  near.read_one();
  peer.send(length_of(0));
  CHECK(near.end_of_connection() == close_reason::length_zero);
  near.shut_down();
  CHECK(peer.sees_end());
}

TEST_CASE_FIXTURE(raw_fixture, "a handshake frame of more than 4 KiB") {
  near.read_one();
  peer.send(length_of(limits::handshake_body + 1));
  CHECK(near.end_of_connection() == close_reason::length_over_limit);
  near.shut_down();
  CHECK(peer.sees_end());
}

TEST_CASE_FIXTURE(raw_fixture, "a frame of 4 GiB") {
  near.attach_here();
  auto data = frame_of(numbered(10));
  auto length = length_of(0xffff'ffff);
  data.insert(data.end(), length.begin(), length.end());
  peer.send(data);
  // What was right before it still counts.
  CHECK(near.next_body() == numbered(10));
  CHECK(near.end_of_connection() == close_reason::length_over_limit);
  // The owner may answer that.
  near.write_body(numbered(20));
  near.shut_down();
  CHECK(peer.receive(24) == frame_of(numbered(20)));
  CHECK(peer.sees_end());
}

TEST_CASE_FIXTURE(raw_fixture, "a frame of 64 KiB") {
  near.attach_here();
  peer.send(length_of(limits::frame_body + 1));
  CHECK(near.end_of_connection() == close_reason::length_over_limit);
}

TEST_CASE_FIXTURE(raw_fixture, "half a frame, and then the owner gives up") {
  auto before = open_descriptors();
  near.read_one();
  auto data = frame_of(numbered(100));
  peer.send(bytes_view{data}.first(50));
  near.shut_down();
  CHECK(near.frames_waiting() == 0);
  CHECK(peer.sees_end());
  CHECK(wait_for_descriptors(before - 1));
}

// -- ends ---------------------------------------------------------------------

TEST_CASE_FIXTURE(raw_fixture, "what was written before the end arrives") {
  auto before = open_descriptors();
  near.attach_here();
  bytes data = frames_of(std::vector<bytes>(400, numbered(50'000)));
  auto size = data.size();
  near.write_raw(data);
  near.shut_down();
  CHECK(near.bytes_written() < size);
  CHECK(peer.receive(size) == data);
  CHECK(peer.sees_end());
  peer.close();
  CHECK(wait_for_descriptors(before - 2));
}

TEST_CASE_FIXTURE(raw_fixture,
                  "the end waits for the peer to take what is sent") {
  auto before = open_descriptors();
  near.attach_here();
  // Something that nobody reads here, which makes a careless close reset the
  // connection and lose what was sent.
  near.write_body(numbered(1'000));
  near.shut_down();
  peer.send(frame_of(numbered(10)));
  CHECK(peer.receive(1'004) == frame_of(numbered(1'000)));
  CHECK(peer.sees_end());
  peer.close();
  CHECK(wait_for_descriptors(before - 2));
}

TEST_CASE_FIXTURE(raw_fixture, "a peer that never stops cannot hold a socket") {
  auto before = open_descriptors();
  near.attach_here();
  near.write_body(numbered(10));
  near.shut_down();
  // More than is thrown away, in less time than is waited for.
  bytes data(1024 * 1024);
  for (auto start = std::chrono::steady_clock::now(); peer.send(data);)
    REQUIRE(std::chrono::steady_clock::now() - start < patience);
  CHECK(wait_for_descriptors(before - 1));
}

TEST_CASE_FIXTURE(raw_fixture, "a peer that never reads cannot hold a socket") {
  auto before = open_descriptors();
  near.attach_here();
  bytes data(32 * 1024 * 1024);
  near.write_raw(data);
  near.wait_written(1);
  near.shut_down();
  CHECK(near.bytes_written() < data.size());
  CHECK(wait_for_descriptors(before - 1));
}

TEST_CASE_FIXTURE(raw_fixture, "a peer that never reads and closes its end") {
  auto before = open_descriptors();
  near.attach_here();
  near.write_raw(bytes(32 * 1024 * 1024));
  near.wait_written(1);
  peer.close();
  CHECK(near.end_of_connection() == close_reason::lost);
  // The peer's descriptor, and ours.
  CHECK(wait_for_descriptors(before - 2));
}

TEST_CASE_FIXTURE(raw_fixture, "an end that comes while the owner is busy") {
  near.attach_here();
  near.handle_what_is_there();
  REQUIRE(peer.send(frame_of(numbered(1))));
  REQUIRE(near.has_news_within(patience));
  peer.close();
  // What comes later is told, so the end has been seen.
  held_end other{system};
  raw_peer later{listen_at(local_host(0), other)};
  static_cast<void>(other.next_inbound());
  near.go_on();
  CHECK(near.next_body() == numbered(1));
  CHECK(near.end_of_connection() == close_reason::lost);
}

TEST_CASE_FIXTURE(connected_fixture, "both ends shut at once") {
  auto before = open_descriptors();
  near.attach_here();
  far.attach_here();
  near.write_body(numbered(5));
  far.write_body(numbered(6));
  CHECK(near.next_body() == numbered(6));
  CHECK(far.next_body() == numbered(5));
  near.shut_down();
  far.shut_down();
  CHECK(wait_for_descriptors(before - 2));
}

TEST_CASE_FIXTURE(connected_fixture,
                  "the end of one end is told to the other") {
  near.attach_here();
  far.attach_here();
  near.write_body(numbered(5));
  near.shut_down();
  CHECK(far.next_body() == numbered(5));
  CHECK(far.end_of_connection() == close_reason::lost);
}

TEST_CASE_FIXTURE(transport_fixture, "a connection ends with its owner") {
  auto before = open_descriptors();
  held_end acceptor{system};
  raw_peer peer{listen_at(local_host(0), acceptor)};
  auto connection = acceptor.next_inbound().connection;
  {
    held_end owner{system};
    owner.connection = std::move(connection);
    owner.attach_here();
    owner.write_body(numbered(9));
    CHECK(peer.receive(13) == frame_of(numbered(9)));
    owner.write_body(numbered(8));
    owner.wait_written(25);
  }
  // What the owner wrote last is still sent.
  CHECK(peer.receive(12) == frame_of(numbered(8)));
  CHECK(peer.sees_end());
  peer.close();
  // The listener stays.
  CHECK(wait_for_descriptors(before + 1));
}

TEST_CASE_FIXTURE(raw_fixture, "a connection that has ended can be used") {
  near.attach_here();
  peer.close();
  CHECK(near.end_of_connection() == close_reason::lost);
  near.write_body(numbered(1));
  near.shut_down();
  near.write_body(numbered(1));
  near.attach_here();
  CHECK(near.frames_waiting() == 0);
  // A later connection is not impressed.
  held_end other{system};
  raw_peer again{listen_at(local_host(0), other)};
  other.connection = other.next_inbound().connection;
  other.read_one();
  again.send(frame_of(numbered(3)));
  CHECK(other.next_body() == numbered(3));
}

TEST_CASE_FIXTURE(raw_fixture, "an end before the first frame leaks nothing") {
  auto before = open_descriptors();
  near.read_one();
  near.shut_down();
  CHECK(peer.sees_end());
  CHECK(wait_for_descriptors(before - 1));
}

TEST_CASE_FIXTURE(transport_fixture,
                  "200 connections leave no descriptors behind") {
  held_end acceptor{system};
  auto address = listen_at(local_host(0), acceptor);
  auto before = open_descriptors();
  std::vector<std::unique_ptr<held_end>> ends;
  for (int count = 0; count < 200; ++count) {
    auto near = std::make_unique<held_end>(system);
    // Of strangers only one at a time is dialled there.
    REQUIRE_FALSE(
      near->dial_to(transport, {address, patience, peer_standing::introduced}));
    auto far = std::make_unique<held_end>(system);
    far->connection = acceptor.next_inbound().connection;
    near->write_body(numbered(20));
    // Some are streaming, some in their handshake, some have not begun.
    if (count % 4 == 0) {
      near->attach_here();
      far->attach_here();
    } else if (count % 4 < 3) {
      far->read_one();
    }
    if (count % 4 < 3)
      CHECK(far->next_body() == numbered(20));
    ends.push_back(std::move(near));
    ends.push_back(std::move(far));
  }
  CHECK(open_descriptors() == before + 400);
  // Half of them in good order, the others with their owners.
  for (std::size_t index = 0; index < ends.size(); index += 3)
    ends[index]->shut_down();
  ends.clear();
  CHECK(wait_for_descriptors(before));
}

TEST_CASE_FIXTURE(raw_fixture, "the owner of a connection that broke is told "
                               "once") {
  // It is there already, so the owner never waits for it.
  peer.send(frame_of(numbered(1)));
  near.read_one();
  CHECK(near.next_body() == numbered(1));
  // It breaks while the owner does something else.
  peer.reset();
  REQUIRE(near.has_news_within(patience));
  CHECK_FALSE(near.has_news_within(std::chrono::milliseconds{100}));
  near.read_one();
  CHECK(near.end_of_connection() == close_reason::lost);
}

// -- flow ---------------------------------------------------------------------

TEST_CASE_FIXTURE(raw_fixture, "an owner that reads nothing stops the sender") {
  near.attach_here();
  near.keep = true;
  auto frame = frame_of(numbered(60'000));
  bytes data;
  while (data.size() < 64 * 1024 * 1024)
    data.insert(data.end(), frame.begin(), frame.end());
  // As much as the two sockets hold.
  std::size_t sent = 0;
  for (auto some = std::size_t{1}; some > 0; sent += some)
    some = peer.send_some(bytes_view{data}.subspan(sent));
  CHECK(sent < data.size());
  CHECK(near.bytes_read() == 0);
  // The rest goes as the owner reads.
  bool was_sent = false;
  std::thread sender{[&] {
    was_sent = peer.send(bytes_view{data}.subspan(sent));
  }};
  near.go_on();
  near.wait_read(data.size());
  sender.join();
  CHECK(was_sent);
  CHECK(near.bytes_read() == data.size());
}

TEST_CASE_FIXTURE(raw_fixture, "the system takes little ahead of the network") {
  near.attach_here();
  near.write_raw(bytes(16 * 1024 * 1024));
  // What the buffer of the peer holds, which reads nothing, and not much more.
  CHECK(near.bytes_written() > 0);
  CHECK(near.bytes_written() < 512 * 1024);
}

TEST_CASE_FIXTURE(raw_fixture, "what has gone takes no memory") {
  near.attach_here();
  constexpr std::size_t waiting = 4 * 1024 * 1024;
  bytes piece(256 * 1024);
  auto fill = [&] {
    while (near.connection->unsent() < waiting)
      near.write_raw(piece);
  };
  auto before = heap_use();
  // The peer takes some of what has gone, and there is always more.
  for (std::size_t taken = 0; taken < 25 * waiting;) {
    near.handle_what_is_there();
    fill();
    near.wait_written(taken + 1);
    auto size = std::min(near.bytes_written() - taken, piece.size());
    REQUIRE(peer.receive(size).size() == size);
    taken += size;
  }
  CHECK(heap_use() < before + 4 * waiting);
}

TEST_CASE_FIXTURE(connected_fixture, "much data in a short time") {
  near.attach_here();
  far.attach_here();
  constexpr std::size_t total = 256 * 1024 * 1024;
  constexpr std::size_t piece = 512 * 1024;
  bytes data;
  while (data.size() < piece)
    append_frame(data, numbered(32'000));
  auto start = std::chrono::steady_clock::now();
  std::size_t sent = 0;
  while (sent < total) {
    near.write_raw(data);
    sent += data.size();
    // At most two pieces are under way.
    do {
      near.handle_what_is_there();
      far.drop_bodies();
      far.handle_what_is_there();
    } while (near.bytes_written() + data.size() < sent);
  }
  // Here nobody else writes what the sockets have not taken.
  while (far.bytes_read() < sent) {
    near.handle_what_is_there();
    far.drop_bodies();
    far.handle_what_is_there();
  }
  std::chrono::duration<double> taken_time =
    std::chrono::steady_clock::now() - start;
  CHECK(far.bytes_read() == sent);
  auto rate = static_cast<double>(sent) / taken_time.count() / 1e6;
  MESSAGE("MB/s: ", rate);
}

} // namespace node_proxy::internal
