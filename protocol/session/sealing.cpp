#include <node_proxy/protocol/session/sealing.hpp>

#include <cassert>
#include <cstdlib>

#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/wire/bare_types.hpp>

namespace node_proxy::internal {

namespace {

// length | union tag | number | union tag of encrypted_msg | length of data
std::size_t header_size(frame_kind kind, std::uint64_t number,
                        std::size_t plaintext) noexcept {
  return frame_length_size + uint_size(static_cast<std::uint64_t>(kind))
         + uint_size(number) + 1 + uint_size(plaintext + aead_tag_size);
}

void append_header(bytes& out, frame_kind kind, std::uint64_t number,
                   cipher_suite suite, std::size_t plaintext) {
  auto size = plaintext + aead_tag_size;
  append_frame_length(out, header_size(kind, number, plaintext)
                             - frame_length_size + size);
  append_uint(out, static_cast<std::uint64_t>(kind));
  append_uint(out, number);
  append_uint(out, static_cast<std::uint64_t>(suite));
  append_uint(out, size);
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

sealer::sealer(const secret_key& key, cipher_suite suite) noexcept
  : aead_{key, suite} {}

void sealer::seal(frame_kind kind, std::uint64_t number, bytes_view plaintext,
                  bytes& out) {
  auto draft = begin_frame(kind, number, plaintext.size(), out);
  append(out, plaintext);
  seal_in_place(draft, out);
}

frame_draft sealer::begin_frame(frame_kind kind, std::uint64_t number,
                                std::size_t size, bytes& out) const {
  assert(size <= max_plaintext(kind, number));
  auto begin = out.size();
  append_header(out, kind, number, aead_.suite(), size);
  return {kind, number, begin + frame_length_size, out.size()};
}

void sealer::seal_in_place(const frame_draft& draft, bytes& out) {
  auto& next = next_[space_of(draft.kind)];
  if (draft.number < next)
    std::abort();
  next = draft.number + 1;
  auto size = out.size() - draft.plaintext;
  ++usage_.frames;
  usage_.bytes += size;
  out.resize(out.size() + aead_tag_size);
  auto body = std::span{out}.subspan(draft.body);
  auto header = draft.plaintext - draft.body;
  aead_.seal(frame_nonce(draft.kind, draft.number), body.first(header),
             body.subspan(header, size), body.subspan(header));
}

void sealer::rekey() noexcept {
  aead_.rekey();
  usage_ = {};
}

opener::opener(const secret_key& key, cipher_suite suite,
               const key_usage& due) noexcept
  : aead_{key, suite}, limit_{due.frames * 2, due.bytes * 2} {}

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
  aead_.rekey();
  usage_ = {};
}

} // namespace node_proxy::internal
