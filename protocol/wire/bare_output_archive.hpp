// The Cereal archive that writes BARE.

#pragma once

#include <node_proxy/protocol/wire/bare_archive.hpp>
#include <node_proxy/protocol/wire/bare_form_writer.hpp>

namespace node_proxy {

/// Appends values to octets as BARE. It takes the types of `bare_type` only.
/// The first error stays; what was appended then is of no use. Most code calls
/// `encode` instead (<node_proxy/protocol/wire/bare.hpp>).
class bare_output_archive : public cereal::OutputArchive<bare_output_archive> {
public:
  /// As in our own messages.
  static constexpr bool u64_is_uint = true;

  /// Appends to `out`, which must outlive the archive.
  explicit bare_output_archive(bytes& out,
                               bare_values values = bare_values::valid)
    : bare_output_archive(bare_writer{out, values}) {}

  /// Goes on where `writer` was.
  explicit bare_output_archive(const bare_writer& writer)
    : cereal::OutputArchive<bare_output_archive>(this), writer_(writer) {}

  /// To be restarted before it is used.
  bare_output_archive() : bare_output_archive(bare_writer{}) {}

  /// Begins anew with other octets.
  void restart(bytes& out) { writer_.restart(out); }

  /// What went wrong first, if anything did. Possible: bad_utf8, bad_tag,
  /// bad_enum, too_long, bad_order, bad_value.
  [[nodiscard]] const std::optional<bare_error>& error() const {
    return writer_.error();
  }

  [[nodiscard]] bare_writer& writer() { return writer_; }

  template <class... Ts>
  bare_output_archive& operator()(const Ts&... xs) {
    (put(xs), ...);
    return *this;
  }

  template <class T>
  bare_output_archive& operator&(const T& x) {
    return (*this)(x);
  }

  template <class T>
  bare_output_archive& operator<<(const T& x) {
    return (*this)(x);
  }

  /// Writes a value of any type that has a form.
  template <class T>
  void put(const T& x) {
    static_assert(bare_type<T, bare_output_archive>,
                  "this type has no BARE form, see bare_type");
    if constexpr (std::is_same_v<T, std::uint64_t>)
      writer_.put_uint(x);
    else if constexpr (detail::is_field_wrapper<T>)
      put_field(x);
    else if constexpr (detail::is_form_of_archive<T>)
      detail::put_form(*this, x);
    else
      put_class(x);
  }

private:
  template <class T>
  void put_field(const cereal::NameValuePair<T>& pair) {
    put(pair.value);
  }

  template <class T>
  void put_field(const cereal::SizeTag<T>& tag) {
    writer_.put_uint(tag.size);
  }

  template <class T>
  void put_field(const cereal::base_class<T>& base) {
    put(*base.base_ptr);
  }

  template <class T>
  void put_field(const cereal::virtual_base_class<T>& base) {
    put(*base.base_ptr);
  }

  template <std::size_t Tag>
  void put_field(const reserved_tag<Tag>&) {
    writer_.fail(bare_error::bad_tag);
  }

  template <class T>
  void put_field(const sole_alternative<T>& field) {
    writer_.put_uint(0);
    put(field.value);
  }

  void put_field(const fixed_u64& field) { writer_.put_integer(field.value); }

  template <std::size_t Max, class T>
  void put_field(const bounded_field<Max, T>& field) {
    if (writer_.is_strict() && field.value.size() > Max)
      return writer_.fail(bare_error::too_long);
    put(field.value);
  }

  template <bool (*IsValid)(std::string_view), std::size_t Max>
  void put_field(const checked_text<IsValid, Max>& field) {
    put(bounded<Max>(field.value));
    if (writer_.is_strict() && !writer_.error() && !IsValid(field.value))
      writer_.fail(bare_error::bad_value);
  }

  template <class T>
  void put_class(const T& x) {
    if (!writer_.begin_struct())
      return;
    // Unlike Cereal's own archives, which write the version of a class once:
    // a form that depends on what came before is none.
    constexpr auto way = detail::way_of<T, bare_output_archive>();
    if constexpr (detail::has_version(way)) {
      std::uint32_t version = cereal::detail::Version<T>::version;
      put(version);
      call_functions<way>(x, version);
    } else {
      call_functions<way>(x);
    }
    writer_.end_struct();
  }

  template <detail::cereal_way Way, class T, class... Version>
  void call_functions(const T& x, Version... version) {
    using enum detail::cereal_way;
    using cereal::access;
    auto& object = const_cast<T&>(x);
    if constexpr (Way == member_serialize || Way == member_serialize_version)
      access::member_serialize(*this, object, version...);
    else if constexpr (Way == free_serialize || Way == free_serialize_version)
      serialize(*this, object, version...);
    else if constexpr (Way == member_pair || Way == member_pair_version)
      access::member_save(*this, x, version...);
    else if constexpr (Way == free_pair || Way == free_pair_version)
      save(*this, x, version...);
    else if constexpr (Way == member_minimal || Way == member_minimal_version)
      put(access::member_save_minimal(*this, x, version...));
    else
      put(save_minimal(*this, x, version...));
  }

  bare_writer writer_;
};

} // namespace node_proxy
