#include <node_proxy/actors/caf/error_category.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <string_view>
#include <utility>

#include <node_proxy/actors/caf/messages.hpp>

namespace node_proxy::internal {

namespace {

constexpr std::string_view own_category = "node_proxy::errc";

#if CAF_MAJOR_VERSION >= 1

std::optional<caf::type_id_t> find_category(std::string_view name) {
  auto id = caf::query_type_id(name);
  if (id == caf::invalid_type_id)
    return std::nullopt;
  // CAF reads the code as an object of this type when it prints the error. Its
  // own ones may be no error codes, but a bool, say.
  if (
    id < caf::first_custom_type_id
    && id
         != caf::type_id_v<
           caf::
             sec> && id != caf::type_id_v<caf::exit_reason> && id != caf::type_id_v<caf::pec>)
    return std::nullopt;
  const auto* type = caf::detail::global_meta_object_or_null(id);
  if (type == nullptr || type->simple_size != sizeof(std::uint8_t))
    return std::nullopt;
  return id;
}

// What CAF writes of an error. It makes none of a category that is not known
// when the program is compiled, but reads it.
struct written_error {
  std::unique_ptr<caf::error::data> data;

  template <class Inspector>
  friend bool inspect(Inspector& f, written_error& x) {
    return f.object(x).fields(f.field("data", x.data));
  }
};

std::optional<caf::error> make_any(std::uint8_t code, caf::type_id_t category,
                                   caf::message context) {
  written_error wanted{std::make_unique<caf::error::data>(
    caf::error::data{code, category, std::move(context)})};
  caf::byte_buffer buffer;
  caf::binary_serializer sink{buffer};
  caf::error result;
  if (!sink.apply(wanted))
    return std::nullopt;
  caf::binary_deserializer source{buffer};
  if (!source.apply(result))
    return std::nullopt;
  return result;
}

#else

struct known_category {
  caf::atom_value here;
  std::string_view name;
};

constexpr std::array known_categories{
  known_category{caf::atom("system"), "caf::sec"},
  known_category{caf::atom("exit"), "caf::exit_reason"},
  known_category{caf::atom("node_proxy"), own_category},
};

/// An atom has at most 10 of the characters that an atom can have.
std::optional<caf::atom_value> find_category(std::string_view name) {
  auto known = std::ranges::find(known_categories, name, &known_category::name);
  if (known != known_categories.end())
    return known->here;
  if (name.empty() || name.size() > 10)
    return std::nullopt;
  auto result = caf::atom_from_string({name.data(), name.size()});
  if (caf::to_string(result) != name)
    return std::nullopt;
  return result;
}

std::optional<caf::error> make_any(std::uint8_t code, caf::atom_value category,
                                   caf::message context) {
  return caf::error{code, category, std::move(context)};
}

#endif

} // namespace

std::string category_name(const caf::error& error) {
#if CAF_MAJOR_VERSION >= 1
  return std::string{caf::query_type_name(error.category())};
#else
  auto known = std::ranges::find(known_categories, error.category(),
                                 &known_category::here);
  return known == known_categories.end() ? caf::to_string(error.category())
                                         : std::string{known->name};
#endif
}

std::optional<caf::error> find_error(const std::string& category,
                                     std::uint64_t code, std::string context) {
  auto known = find_category(category);
  // 0 stands for no error.
  if (!known || code == 0 || code > std::numeric_limits<std::uint8_t>::max())
    return std::nullopt;
  auto own = errc{};
  if (category == own_category
      && !from_integer(static_cast<std::uint8_t>(code), own))
    return std::nullopt;
  return make_any(static_cast<std::uint8_t>(code), *known,
                  context.empty() ? caf::message{}
                                  : caf::make_message(std::move(context)));
}

} // namespace node_proxy::internal
