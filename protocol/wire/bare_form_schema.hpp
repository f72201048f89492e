// Descriptions of the forms of `bare_kind`.

#pragma once

#include <chrono>
#include <ratio>
#include <string>
#include <typeindex>
#include <utility>

#include <node_proxy/messages/field.hpp>
#include <node_proxy/protocol/wire/bare_form.hpp>
#include <node_proxy/protocol/wire/bare_schema.hpp>

namespace node_proxy::detail {

/// Who describes any type: `describe<T>()` gives its name or what it is, with
/// `schema()`.
template <class Coder>
concept bare_describer = requires(Coder& coder) {
  { coder.schema() } -> std::same_as<schema_text&>;
};

template <class T>
inline constexpr bool is_reserved = false;
template <std::size_t Tag>
inline constexpr bool is_reserved<reserved_tag<Tag>> = true;

template <class T>
std::string describe_integer() {
  using number = number_type<T>;
  // Whether `char` is signed depends on the platform.
  constexpr auto is_signed =
    std::is_signed_v<number> && !std::is_same_v<number, char>;
  return (is_signed ? 'i' : 'u') + std::to_string(8 * sizeof(number));
}

template <bare_describer Coder, class T>
std::string describe_enum(Coder& coder) {
  auto name = schema_type_name(cpp_name<T>());
  if constexpr (named_enum<T>) {
    return coder.schema().define(typeid(T), name, [] {
      std::string result = "enum {";
      for (auto x : enum_names<T>)
        result += ' ' + schema_constant_name(x);
      return result + " }";
    });
  } else {
    return coder.schema().define(
      typeid(T), name, [] { return "uint"; }, "the number of an enumerator");
  }
}

template <bare_describer Coder, class T, std::size_t... Is>
std::string describe_choice(Coder& coder, std::index_sequence<Is...>) {
  schema_union result;
  auto add = [&]<class U>(std::size_t tag, std::type_identity<U>) {
    if constexpr (!is_reserved<U>)
      result.add(coder.schema(), tag, coder.template describe<U>());
  };
  (add(Is, std::type_identity<std::tuple_element_t<Is, alternatives<T>>>{}),
   ...);
  return result.to_type();
}

template <bare_describer Coder, class T, std::size_t... Is>
std::string describe_record(Coder& coder, std::index_sequence<Is...>) {
  constexpr auto is_pair = requires(T x) {
    x.first;
  };
  schema_fields result;
  (result.add(!is_pair  ? ""
              : Is == 0 ? "first"
                        : "second",
              coder.template describe<std::tuple_element_t<Is, T>>()),
   ...);
  return result.to_type(coder.schema());
}

/// BARE has no maps with keys of any type, nor with keys that are there twice.
template <bare_describer Coder, class T>
std::string describe_map(Coder& coder) {
  using key = typename T::key_type;
  constexpr auto kind = kind_of<key>;
  auto key_type = coder.template describe<key>();
  auto value_type = coder.template describe<typename T::mapped_type>();
  if constexpr (
    !multi_container<
      T> && (kind == bare_kind::flag || kind == bare_kind::integer || kind == bare_kind::text || kind == bare_kind::enumeration))
    if (!coder.schema().is_void(value_type))
      return "map<" + key_type + "><" + value_type + '>';
  schema_fields entry;
  entry.add("key", key_type);
  entry.add("value", value_type);
  return "list<" + entry.to_type(coder.schema()) + '>';
}

/// What a duration is counted in.
template <class Period>
std::string describe_unit() {
  using namespace std::chrono;
  if constexpr (std::is_same_v<Period, std::nano>)
    return "Nanoseconds";
  else if constexpr (std::is_same_v<Period, std::micro>)
    return "Microseconds";
  else if constexpr (std::is_same_v<Period, std::milli>)
    return "Milliseconds";
  else if constexpr (std::is_same_v<Period, seconds::period>)
    return "Seconds";
  else if constexpr (std::is_same_v<Period, minutes::period>)
    return "Minutes";
  else if constexpr (std::is_same_v<Period, hours::period>)
    return "Hours";
  else if constexpr (std::is_same_v<Period, days::period>)
    return "Days";
  else
    return "Units" + std::to_string(Period::num) + "Of"
           + std::to_string(Period::den);
}

template <bare_describer Coder, class T>
std::string describe_duration(Coder& coder, std::string prefix,
                              std::string comment) {
  using period = typename T::period;
  constexpr auto is_real =
    std::is_floating_point_v<count_type<typename T::rep>>;
  // As many names as there are of units, however they are counted.
  using same = std::chrono::duration<count_type<typename T::rep>, period>;
  auto unit = describe_unit<period>();
  if (unit.starts_with("Units"))
    comment += (comment.empty() ? "" : ", ") + std::string{"in units of "}
               + std::to_string(period::num) + '/' + std::to_string(period::den)
               + " s";
  std::type_index key =
    prefix.empty() ? typeid(same) : typeid(std::chrono::sys_time<same>);
  return coder.schema().define(
    key, prefix + unit, [] { return is_real ? "f64" : "i64"; }, comment);
}

/// What a type is that has a kind.
template <bare_describer Coder, class T>
std::string describe_form(Coder& coder) {
  constexpr auto kind = kind_of<T>;
  if constexpr (kind == bare_kind::flag)
    return "bool";
  else if constexpr (kind == bare_kind::integer)
    return describe_integer<T>();
  else if constexpr (kind == bare_kind::real)
    return sizeof(T) == sizeof(float) ? "f32" : "f64";
  else if constexpr (kind == bare_kind::enumeration)
    return describe_enum<Coder, T>(coder);
  else if constexpr (kind == bare_kind::text)
    return "str";
  else if constexpr (kind == bare_kind::data)
    return "data";
  else if constexpr (kind == bare_kind::fixed_data)
    return fixed_size<T> == 0 ? "void"
                              : "data[" + std::to_string(fixed_size<T>) + ']';
  else if constexpr (kind == bare_kind::optional)
    return "optional<" + coder.template describe<optional_value<T>>() + '>';
  else if constexpr (kind == bare_kind::choice)
    return describe_choice<Coder, T>(
      coder, std::make_index_sequence<std::tuple_size_v<alternatives<T>>>{});
  else if constexpr (kind == bare_kind::record)
    return describe_record<Coder, T>(
      coder, std::make_index_sequence<std::tuple_size_v<T>>{});
  else if constexpr (kind == bare_kind::fixed_list)
    return fixed_size<T> == 0
             ? "void"
             : "list<" + coder.template describe<array_element<T>>() + ">["
                 + std::to_string(fixed_size<T>) + ']';
  else if constexpr (kind == bare_kind::map)
    return describe_map<Coder, T>(coder);
  else if constexpr (kind == bare_kind::duration)
    return describe_duration<Coder, T>(coder, "", "");
  else if constexpr (kind == bare_kind::time)
    return describe_duration<Coder, typename T::duration>(
      coder, "Time", "since 1970-01-01 00:00 UTC, without leap seconds");
  else
    return "list<" + coder.template describe<typename T::value_type>() + '>';
}

} // namespace node_proxy::detail
