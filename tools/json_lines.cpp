#include "json_lines.hpp"

#include <string>
#include <utility>

#include <sodium/utils.h>

#include <node_proxy/base/utf8.hpp>
#include <node_proxy/base/visible.hpp>

namespace node_proxy::tools {

namespace {

std::string line_of(const json& object) {
  // Engine names of others and the like need not be UTF-8.
  return internal::make_visible(
           object.dump(-1, ' ', false, json::error_handler_t::replace))
         + '\n';
}

std::string left_out_line(std::uint64_t lines) {
  return line_of({{"event", "left_out"}, {"lines", lines}});
}

} // namespace

json_lines::json_lines(int fd, wakeup& changed)
  : writer_{fd, left_out_line, [&changed] {
              changed.set();
            }} {}

void json_lines::offer(const json& object) {
  writer_.offer(line_of(object));
}

bool json_lines::write(const json& object) {
  return writer_.write(line_of(object));
}

std::size_t json_lines::write_through(const std::vector<json>& objects) {
  std::vector<std::string> lines;
  lines.reserve(objects.size());
  for (const auto& object : objects)
    lines.push_back(line_of(object));
  return writer_.write_through(std::move(lines));
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
