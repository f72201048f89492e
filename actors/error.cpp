#include <node_proxy/actors/error.hpp>

#include <utility>

#include <node_proxy/actors/caf/messages.hpp>

namespace node_proxy {

std::string to_string(errc code) {
  switch (code) {
#define NODE_PROXY_NAME(name)                                                  \
  case errc::name:                                                             \
    return #name;
    NODE_PROXY_NAME(expired)
    NODE_PROXY_NAME(outbox_full)
    NODE_PROXY_NAME(over_capacity)
    NODE_PROXY_NAME(denied)
    NODE_PROXY_NAME(incompatible)
    NODE_PROXY_NAME(too_large)
    NODE_PROXY_NAME(unknown_node)
    NODE_PROXY_NAME(bad_expiry)
    NODE_PROXY_NAME(unknown_engine)
    NODE_PROXY_NAME(wrong_sender)
    NODE_PROXY_NAME(wrong_target)
    NODE_PROXY_NAME(malformed)
    NODE_PROXY_NAME(engine_gone)
    NODE_PROXY_NAME(engine_failed)
    NODE_PROXY_NAME(shutting_down)
    NODE_PROXY_NAME(unconfirmed)
    NODE_PROXY_NAME(not_initialized)
    NODE_PROXY_NAME(bad_config)
    NODE_PROXY_NAME(name_in_use)
    NODE_PROXY_NAME(address_in_use)
    NODE_PROXY_NAME(bad_address)
    NODE_PROXY_NAME(not_permitted)
    NODE_PROXY_NAME(connection_refused)
    NODE_PROXY_NAME(unreachable)
    NODE_PROXY_NAME(timed_out)
    NODE_PROXY_NAME(connection_closed)
    NODE_PROXY_NAME(out_of_resources)
    NODE_PROXY_NAME(bad_state)
    NODE_PROXY_NAME(state_in_use)
#undef NODE_PROXY_NAME
  }
  return "unknown";
}

bool from_integer(std::uint8_t value, errc& code) {
  if (value == 0 || value > errc_count)
    return false;
  code = static_cast<errc>(value);
  return true;
}

caf::error make_error(errc code, std::string context) {
  if (context.empty())
    return caf::make_error(code);
  return caf::make_error(code, std::move(context));
}

std::optional<errc> code_of(const caf::error& error) {
  // Another process may be newer, and an engine may answer anything.
  auto code = errc{};
  if (!internal::has_errc(error) || !from_integer(error.code(), code))
    return std::nullopt;
  return code;
}

std::string context_of(const caf::error& error) {
  if (!error)
    return {};
  const auto& context = error.context();
  if (context.empty() || !context.match_element<std::string>(0))
    return {};
  return context.get_as<std::string>(0);
}

std::string describe(const caf::error& error) {
  if (!error)
    return "none";
  auto code = code_of(error);
  if (!code)
    return internal::caf_name(error);
  auto result = to_string(*code);
  if (auto context = context_of(error); !context.empty())
    result.append(": ").append(context);
  return result;
}

} // namespace node_proxy
