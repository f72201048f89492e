#include <node_proxy/protocol/sealing.hpp>

#include <algorithm>
#include <cassert>
#include <cstdlib>

#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/bare_types.hpp>

namespace node_proxy {

namespace {

// length | union tag | number | union tag of encrypted_msg | length of data
std::size_t header_size(frame_kind kind, std::uint64_t number,
                        std::size_t plaintext) noexcept {
  return frame_length_size + uint_size(static_cast<std::uint64_t>(kind))
         + uint_size(number) + 1 + uint_size(plaintext + aead_tag_size);
}

bytes make_header(frame_kind kind, std::uint64_t number, cipher_suite suite,
                  std::size_t plaintext) {
  bytes result;
  auto size = header_size(kind, number, plaintext);
  result.reserve(size);
  append_frame_length(result,
                      size - frame_length_size + plaintext + aead_tag_size);
  append_uint(result, static_cast<std::uint64_t>(kind));
  append_uint(result, number);
  append_uint(result, static_cast<std::uint64_t>(suite));
  append_uint(result, plaintext + aead_tag_size);
  return result;
}

// The space of nonces, which is the kind without those of the handshake.
std::size_t space_of(frame_kind kind) noexcept {
  assert(is_sealed(kind));
  return static_cast<std::size_t>(kind)
         - static_cast<std::size_t>(frame_kind::node_msg);
}

} // namespace

aead_nonce frame_nonce(frame_kind kind, std::uint64_t number) noexcept {
  assert(number < limits::sequence_end);
  return make_nonce(std::uint64_t{space_of(kind)} << 62 | number);
}

std::size_t max_plaintext(frame_kind kind, std::uint64_t number) noexcept {
  assert(is_sealed(kind));
  auto overhead = header_size(kind, number, limits::frame_body)
                  - frame_length_size + aead_tag_size;
  return limits::frame_body - overhead;
}

sealer::sealer(const secret_key& key, cipher_suite suite,
               const key_usage& due) noexcept
  : key_{key}, aead_{key, suite}, due_{due} {}

void sealer::seal(frame_kind kind, std::uint64_t number, bytes_view plaintext,
                  bytes& out) {
  auto begin = out.size();
  auto header = header_size(kind, number, plaintext.size());
  out.resize(begin + header + plaintext.size() + aead_tag_size);
  encrypt(kind, number, plaintext, std::span{out}.subspan(begin));
}

frame_draft sealer::begin_frame(frame_kind kind, std::uint64_t number,
                                bytes& out) const {
  // Room for the header of the longest frame. Only the length of the data can
  // turn out to be shorter.
  auto begin = out.size();
  out.resize(begin + header_size(kind, number, max_plaintext(kind, number)));
  return {kind, number, begin, out.size()};
}

void sealer::seal_in_place(const frame_draft& draft, bytes& out) {
  assert(draft.plaintext <= out.size());
  auto size = out.size() - draft.plaintext;
  auto header = header_size(draft.kind, draft.number, size);
  auto plaintext = draft.begin + header;
  if (plaintext < draft.plaintext)
    std::copy_n(out.begin() + static_cast<std::ptrdiff_t>(draft.plaintext),
                size, out.begin() + static_cast<std::ptrdiff_t>(plaintext));
  out.resize(plaintext + size + aead_tag_size);
  auto frame = std::span{out}.subspan(draft.begin);
  encrypt(draft.kind, draft.number, frame.subspan(header, size), frame);
}

// Writes header and ciphertext to `frame`, which has their size. The plaintext
// may stand where the ciphertext will.
void sealer::encrypt(frame_kind kind, std::uint64_t number,
                     bytes_view plaintext, std::span<std::byte> frame) {
  assert(plaintext.size() <= max_plaintext(kind, number));
  auto& next = next_[space_of(kind)];
  if (number < next)
    std::abort();
  next = number + 1;
  ++usage_.frames;
  usage_.bytes += plaintext.size();
  auto header = make_header(kind, number, aead_.suite(), plaintext.size());
  assert(header.size() + plaintext.size() + aead_tag_size == frame.size());
  std::ranges::copy(header, frame.begin());
  aead_.seal(frame_nonce(kind, number),
             frame.first(header.size()).subspan(frame_length_size), plaintext,
             frame.subspan(header.size()));
}

void sealer::rekey() noexcept {
  key_ = next_key(key_);
  aead_ = aead{key_, aead_.suite()};
  usage_ = {};
}

opener::opener(const secret_key& key, cipher_suite suite,
               const key_usage& due) noexcept
  : key_{key}, aead_{key, suite}, limit_{due.frames * 2, due.bytes * 2} {}

expected<bytes_view, open_error> opener::open(const parsed_body& body,
                                              bytes& buffer) {
  if (!is_sealed(body.kind))
    return unexpected{open_error::not_sealed};
  if (body.cipher != aead_.suite())
    return unexpected{open_error::wrong_cipher};
  if (usage_.reaches(limit_))
    return unexpected{open_error::key_worn_out};
  buffer.resize(body.ciphertext.size() - aead_tag_size);
  if (!aead_.open(frame_nonce(body.kind, body.number), body.associated_data,
                  body.ciphertext, buffer))
    return unexpected{open_error::decrypt_failed};
  ++usage_.frames;
  usage_.bytes += buffer.size();
  return buffer;
}

void opener::rekey() noexcept {
  key_ = next_key(key_);
  aead_ = aead{key_, aead_.suite()};
  usage_ = {};
}

} // namespace node_proxy
