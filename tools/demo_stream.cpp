#include "demo_stream.hpp"

#include <spdlog/fmt/fmt.h>

namespace node_proxy::tools {

namespace {

std::string text_of(int number) {
  auto result = fmt::format("message {} ", number);
  result.resize(demo_stream::message_size, '.');
  return result;
}

} // namespace

void demo_stream::send(int count) {
  for (auto n = 0; n < count; ++n)
    ids_.push_back(from_.send(receiver_id_, engine_,
                              text_of(static_cast<int>(ids_.size()) + 1)));
}

void demo_stream::await_arrival() {
  while (arrived_ < static_cast<int>(ids_.size())) {
    auto received = to_.await("received", [](const json&) { return true; });
    auto expected = text_of(++arrived_);
    if (auto text = received.value("text", ""); text != expected)
      throw demo_failed{
        fmt::format("'{}' arrived instead of '{}'", text, expected)};
  }
}

void demo_stream::await_delivery() {
  for (auto id : ids_)
    from_.await("delivered",
                [id](const json& event) { return event.value("id", 0) == id; });
}

} // namespace node_proxy::tools
