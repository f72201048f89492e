#include <node_proxy/protocol/wire/chunk_list.hpp>

#include <algorithm>

#include <node_proxy/protocol/wire/bare_types.hpp>

namespace node_proxy::internal {

namespace {

// channel | last | length of data | data
std::size_t chunk_size(std::uint64_t channel, std::size_t size) {
  return uint_size(channel) + 1 + uint_size(size) + size;
}

} // namespace

void chunk_list::add(std::uint64_t channel, bool last, const message_data& data,
                     std::size_t offset, std::size_t size) {
  auto head = data.head.view();
  auto front = head.subspan(std::min(offset, head.size()));
  front = front.first(std::min(front.size(), size));
  auto skipped = offset + front.size() - head.size();
  auto back_size = size - front.size();
  add(channel, last, front,
      back_size == 0 ? bytes_view{}
                     : data.payload.view().subspan(skipped, back_size));
}

void chunk_list::add(std::uint64_t channel, bool last, bytes_view front,
                     bytes_view back) {
  // A second one makes many likely. Growing to them by and by costs more than
  // all the rest, for the heap tidies up whenever a vector of 1 KiB is wanted.
  if (chunks_.size() == 1)
    chunks_.reserve(usual_count);
  chunks_.push_back({channel, last, front, back});
  size_ += chunk_size(channel, front.size() + back.size());
}

std::size_t chunk_list::encoded_size() const {
  return uint_size(count()) + size_;
}

std::size_t chunk_list::size_with(std::uint64_t channel,
                                  std::size_t size) const {
  return uint_size(count() + 1) + size_ + chunk_size(channel, size);
}

void chunk_list::append_to(bytes& out) const {
  append_uint(out, count());
  for (const auto& [channel, last, front, back] : chunks_) {
    append_uint(out, channel);
    out.push_back(std::byte{last});
    append_uint(out, front.size() + back.size());
    append(out, front);
    append(out, back);
  }
}

} // namespace node_proxy::internal
