#include <node_proxy/actors/error.hpp>

#include <array>
#include <utility>

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/actors/caf/messages.hpp>

namespace node_proxy {

namespace {

// In the order of the values, which start at 1.
constexpr std::array<std::string_view, errc_count> names{
  "expired",          "outbox_full",   "over_capacity",
  "denied",           "incompatible",  "too_large",
  "unknown_node",     "bad_expiry",    "unknown_engine",
  "wrong_sender",     "wrong_target",  "malformed",
  "engine_gone",      "over_limit",    "engine_failed",
  "shutting_down",    "unconfirmed",   "not_initialized",
  "bad_config",       "name_in_use",   "address_in_use",
  "bad_address",      "not_permitted", "connection_refused",
  "unreachable",      "timed_out",     "connection_closed",
  "out_of_resources", "bad_state",     "state_in_use",
};

static_assert(!names.back().empty());

} // namespace

std::string to_string(errc code) {
  auto index = static_cast<std::size_t>(code) - 1;
  return std::string{index < names.size() ? names[index] : "unknown"};
}

bool from_string(std::string_view name, errc& code) {
  for (std::size_t index = 0; index < names.size(); ++index) {
    if (names[index] == name) {
      code = static_cast<errc>(index + 1);
      return true;
    }
  }
  return false;
}

bool from_integer(std::uint8_t value, errc& code) {
  if (value == 0 || value > names.size())
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
#if CAF_MAJOR_VERSION >= 1
  constexpr auto category = caf::type_id_v<errc>;
#else
  constexpr auto category = caf::atom("node_proxy");
#endif
  if (!error || error.category() != category)
    return std::nullopt;
  return static_cast<errc>(error.code());
}

std::string context_of(const caf::error& error) {
  if (!error)
    return {};
  const auto& context = error.context();
  if (context.empty() || !context.match_element<std::string>(0))
    return {};
  return context.get_as<std::string>(0);
}

namespace {

// The name of an error of CAF.
std::string caf_name(const caf::error& error) {
#if CAF_MAJOR_VERSION < 1
  if (error.category() == caf::atom("system"))
    return caf::to_string(static_cast<caf::sec>(error.code()));
  if (error.category() == caf::atom("exit"))
    return caf::to_string(static_cast<caf::exit_reason>(error.code()));
#endif
  return caf::to_string(error);
}

} // namespace

std::string describe(const caf::error& error) {
  if (!error)
    return "none";
  auto code = code_of(error);
  if (!code)
    return caf_name(error);
  auto result = to_string(*code);
  if (auto context = context_of(error); !context.empty())
    result.append(": ").append(context);
  return result;
}

} // namespace node_proxy
