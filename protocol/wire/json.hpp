// Messages as JSON, for people and logs. Nothing reads it back.

#pragma once

#include <memory>
#include <string>

#include <cereal/details/util.hpp>

#include <node_proxy/messages/identities.hpp>
#include <node_proxy/messages/transport_address.hpp>
#include <node_proxy/protocol/wire/bare_types.hpp>

namespace node_proxy::internal {

/// How JSON is laid out.
enum class json_style : std::uint8_t {
  /// A line for each field, two spaces for each level.
  indented,
  /// All on one line.
  one_line,
};

namespace detail {

/// Structs that print as text.
template <class T>
concept json_text =
  std::same_as<T, public_key> || std::same_as<T, signature> || std::same_as<
    T, ipv4> || std::same_as<T, ipv6> || std::same_as<T, abs_time>;

/// The name of `T` without its namespace.
template <class T>
const char* json_type_name() {
  static const std::string name = [] {
    auto full = cereal::util::demangledName<T>();
    auto scope = full.rfind("::", full.find('<'));
    return scope == std::string::npos ? full : full.substr(scope + 2);
  }();
  return name.c_str();
}

} // namespace detail

/// Prints the types of `bare_type` by way of Cereal's JSON archive: keys,
/// signatures and octets as lower-case hex, IP addresses as text, `abs_time` as
/// an ISO 8601 date, enums by name, an absent optional as null, and a variant
/// as an object whose one key names the alternative. Most code calls `to_json`
/// instead.
class json_output_archive : public cereal::OutputArchive<json_output_archive> {
public:
  explicit json_output_archive(json_style style);
  ~json_output_archive() override;

  /// Ends the output, which has been one value, and returns it.
  [[nodiscard]] std::string take_text();

private:
  /// Cereal's archive and where it writes to.
  struct writer;

  template <class T>
  static constexpr bool is_object =
    cereal::traits::has_member_serialize<T, json_output_archive>::value
    && !detail::json_text<T> && !detail::is_field_wrapper<T>;

  void begin_object();
  void begin_list();
  void end();
  /// Names the next value; `name` must live until it has been written.
  void set_name(const char* name);
  void write_null();
  void write(bool value);
  void write(std::uint64_t value);
  void write(const std::string& text);
  void write_hex(bytes_view data);
  void write(const public_key& key) { write_hex(key.data); }
  void write(const signature& sig) { write_hex(sig.data); }
  void write(const ip_address& ip);
  void write(abs_time time);

  template <class T>
  friend void prologue(json_output_archive& archive, const T&) {
    static_assert(bare_type<T, json_output_archive>,
                  "this type is none of bare_type");
    if constexpr (is_object<T>)
      archive.begin_object();
  }

  template <class T>
  friend void epilogue(json_output_archive& archive, const T&) {
    if constexpr (is_object<T>)
      archive.end();
  }

  template <class T>
  friend void save(json_output_archive& archive,
                   const cereal::NameValuePair<T>& pair) {
    archive.set_name(pair.name);
    archive(pair.value);
  }

  template <std::same_as<bool> T>
  friend void save(json_output_archive& archive, const T& value) {
    archive.write(value);
  }

  template <detail::bare_unsigned T>
  friend void save(json_output_archive& archive, const T& value) {
    archive.write(std::uint64_t{value});
  }

  template <named_enum T>
  friend void save(json_output_archive& archive, const T& value) {
    archive.write(std::string{to_string(value)});
  }

  friend void save(json_output_archive& archive, const std::string& text) {
    archive.write(text);
  }

  template <std::same_as<bytes_view> T>
  friend void save(json_output_archive& archive, const T& data) {
    archive.write_hex(data);
  }

  template <std::same_as<shared_bytes> T>
  friend void save(json_output_archive& archive, const T& data) {
    archive.write_hex(data);
  }

  template <std::size_t N>
  friend void save(json_output_archive& archive,
                   const std::array<std::byte, N>& data) {
    archive.write_hex(data);
  }

  template <detail::json_text T>
  friend void save(json_output_archive& archive, const T& value) {
    archive.write(value);
  }

  template <class T, class Allocator>
  friend void save(json_output_archive& archive,
                   const std::vector<T, Allocator>& list) {
    if constexpr (std::same_as<T, std::byte>) {
      archive.write_hex(list);
    } else {
      archive.begin_list();
      for (const T& element : list)
        archive(element);
      archive.end();
    }
  }

  template <class T>
  friend void save(json_output_archive& archive,
                   const std::optional<T>& value) {
    if (value)
      archive(*value);
    else
      archive.write_null();
  }

  template <class T0, class... Ts>
  friend void save(json_output_archive& archive,
                   const std::variant<T0, Ts...>& value) {
    if constexpr (std::same_as<std::variant<T0, Ts...>, ip_address>)
      return archive.write(value);
    archive.begin_object();
    std::visit(
      [&archive]<class T>(const T& x) {
        archive.set_name(detail::json_type_name<T>());
        archive(x);
      },
      value);
    archive.end();
  }

  template <std::size_t Tag>
  friend void save(json_output_archive& archive, const reserved_tag<Tag>&) {
    archive.write_null();
  }

  template <class T>
    requires detail::is_field_wrapper<T>
  friend void save(json_output_archive& archive, const T& field) {
    archive(field.value);
  }

  std::unique_ptr<writer> writer_;
};

/// `x` as JSON. Strings that are not valid UTF-8 show U+FFFD where they are
/// not.
template <class T>
[[nodiscard]] std::string to_json(const T& x,
                                  json_style style = json_style::indented) {
  json_output_archive archive{style};
  archive(x);
  return archive.take_text();
}

} // namespace node_proxy::internal

namespace cereal {

template <class T>
  requires node_proxy::named_enum<T> || node_proxy::internal::detail::json_text<
    T> || node_proxy::internal::detail::is_field_wrapper<T>
struct specialize<node_proxy::internal::json_output_archive, T,
                  specialization::non_member_load_save> : std::true_type {
};

} // namespace cereal
