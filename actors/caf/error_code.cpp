#include <node_proxy/actors/caf/error_code.hpp>

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/actors/caf/messages.hpp>

namespace node_proxy::internal {

namespace {

#if CAF_MAJOR_VERSION >= 1
constexpr auto category = caf::type_id_v<errc>;
#else
constexpr auto category = caf::atom("node_proxy");
#endif

} // namespace

bool has_errc(const caf::error& error) {
  return error && error.category() == category;
}

std::string caf_name(const caf::error& error) {
#if CAF_MAJOR_VERSION < 1
  if (error.category() == caf::atom("system"))
    return caf::to_string(static_cast<caf::sec>(error.code()));
  if (error.category() == caf::atom("exit"))
    return caf::to_string(static_cast<caf::exit_reason>(error.code()));
#endif
  return caf::to_string(error);
}

void add_error_names([[maybe_unused]] caf::actor_system_config& cfg) {
#if CAF_MAJOR_VERSION < 1
  cfg.add_error_category(category, [](std::uint8_t code, caf::atom_value,
                                      const caf::message& context) {
    return describe(caf::error{code, category, caf::message{context}});
  });
#endif
}

} // namespace node_proxy::internal
