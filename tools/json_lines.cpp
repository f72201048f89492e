#include "json_lines.hpp"

#include <cerrno>
#include <string>

#include <poll.h>
#include <sodium/utils.h>
#include <unistd.h>

#include <node_proxy/protocol/utf8.hpp>

namespace node_proxy::tools {

void json_lines::write(const json& object) {
  // Engine names of others and the like need not be UTF-8.
  auto line = object.dump(-1, ' ', false, json::error_handler_t::replace);
  line += '\n';
  std::lock_guard guard{mutex_};
  if (!failed_ && !write_all(line)) {
    failed_ = true;
    changed_.set();
  }
}

bool json_lines::write_all(std::string_view text) {
  while (!text.empty()) {
    auto count = ::write(fd_, text.data(), text.size());
    if (count >= 0) {
      text.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      // Whoever gave us the descriptor has made it non-blocking.
      pollfd writable{fd_, POLLOUT, 0};
      ::poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

void add_payload(json& object, bytes_view payload) {
  auto text = as_text(payload);
  if (is_utf8(text)) {
    object["text"] = text;
    return;
  }
  constexpr int variant = sodium_base64_VARIANT_ORIGINAL;
  std::string base64(sodium_base64_encoded_len(payload.size(), variant), '\0');
  sodium_bin2base64(base64.data(), base64.size(),
                    reinterpret_cast<const unsigned char*>(payload.data()),
                    payload.size(), variant);
  // Without the zero octet that libsodium adds.
  base64.pop_back();
  object["base64"] = std::move(base64);
}

} // namespace node_proxy::tools
