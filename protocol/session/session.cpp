#include <node_proxy/protocol/session/session.hpp>

#include <utility>

#include <node_proxy/protocol/wire/bare.hpp>

namespace node_proxy::internal {

namespace {

session_error to_session_error(frame_error error) {
  switch (error) {
  case frame_error::null_cipher:
    return session_error::null_cipher;
  case frame_error::unknown_cipher:
    return session_error::wrong_cipher;
  default:
    return session_error::malformed;
  }
}

session_error to_session_error(open_error error) {
  switch (error) {
  case open_error::not_sealed:
    return session_error::not_sealed;
  case open_error::wrong_cipher:
    return session_error::wrong_cipher;
  case open_error::key_worn_out:
    return session_error::key_worn_out;
  case open_error::decrypt_failed:
    break;
  }
  return session_error::decrypt_failed;
}

} // namespace

void session::seal(const control::frame& frame, bytes& out) {
  sealer_.seal(frame_kind::control, control_out_++,
               control::encode_frame(frame), out);
  if (std::holds_alternative<control::rekey>(frame))
    sealer_.rekey();
}

void session::seal_messages(std::uint64_t first, const chunk_list& chunks,
                            bytes& out) {
  seal_chunks(frame_kind::node_msg, first, chunks, out);
}

void session::seal_unreliable(const chunk_list& chunks, bytes& out) {
  seal_chunks(frame_kind::unreliable, unreliable_out_, chunks, out);
  unreliable_out_ += chunks.count();
}

void session::seal_chunks(frame_kind kind, std::uint64_t number,
                          const chunk_list& chunks, bytes& out) {
  auto draft = sealer_.begin_frame(kind, number, chunks.encoded_size(), out);
  chunks.append_to(out);
  sealer_.seal_in_place(draft, out);
}

expected<opened_frame, session_error> session::open(bytes_view body) {
  auto parsed = parse_body(body);
  if (!parsed)
    return unexpected{to_session_error(parsed.error())};
  auto plaintext = opener_.open(*parsed, plaintext_);
  if (!plaintext)
    return unexpected{to_session_error(plaintext.error())};
  switch (parsed->kind) {
  case frame_kind::node_msg:
    return open_chunks<opened_messages>(parsed->number, *plaintext);
  case frame_kind::unreliable: {
    if (parsed->number != unreliable_in_)
      return unexpected{session_error::out_of_order};
    auto result = open_chunks<opened_unreliable>(parsed->number, *plaintext);
    if (result)
      unreliable_in_ += std::get<opened_unreliable>(*result).chunks.size();
    return result;
  }
  default:
    if (parsed->number != control_in_)
      return unexpected{session_error::out_of_order};
    ++control_in_;
    return open_control(*plaintext);
  }
}

template <class Opened>
expected<opened_frame, session_error>
session::open_chunks(std::uint64_t first, bytes_view plaintext) {
  // The list is read anew into the memory of the last one.
  if (!decode_into(chunks_, plaintext) || chunks_.empty())
    return unexpected{session_error::malformed};
  return opened_frame{Opened{{first, chunks_}}};
}

expected<opened_frame, session_error>
session::open_control(bytes_view plaintext) {
  auto frame = control::decode_frame(plaintext);
  if (!frame)
    return unexpected{session_error::malformed};
  if (std::holds_alternative<control::rekey>(*frame))
    opener_.rekey();
  return opened_frame{std::move(*frame)};
}

} // namespace node_proxy::internal
