// The Cereal archive that reads BARE.

#pragma once

#include <node_proxy/protocol/wire/bare_archive.hpp>
#include <node_proxy/protocol/wire/bare_form_reader.hpp>

namespace node_proxy {

/// Reads values from BARE octets of any origin. It takes the types of
/// `bare_type` only, accepts nothing but what `bare_output_archive` would
/// write for the same value, and allocates no more than the octets left
/// justify. The first error stays, and nothing is left to read then. Most code
/// calls `decode` instead (<node_proxy/protocol/wire/bare.hpp>).
class bare_input_archive : public cereal::InputArchive<bare_input_archive> {
public:
  /// As in our own messages.
  static constexpr bool u64_is_uint = true;

  /// Reads from the octets of `input`, which must outlive the archive and all
  /// values of type `bytes_view` that are read from it.
  explicit bare_input_archive(bytes_view input = {},
                              bare_values values = bare_values::valid)
    : bare_input_archive(bare_reader{input, values}) {}

  /// Goes on where `reader` was.
  explicit bare_input_archive(const bare_reader& reader)
    : cereal::InputArchive<bare_input_archive>(this), reader_(reader) {}

  /// Begins anew with other octets.
  void restart(bytes_view input) { reader_.restart(input); }

  /// What went wrong first, if anything did. Possible: all but
  /// trailing_bytes.
  [[nodiscard]] const std::optional<bare_error>& error() const {
    return reader_.error();
  }

  /// What has not been read; empty after an error.
  [[nodiscard]] bytes_view rest() const { return reader_.rest(); }

  [[nodiscard]] bare_reader& reader() { return reader_; }

  template <class... Ts>
  bare_input_archive& operator()(Ts&&... xs) {
    (get(xs), ...);
    return *this;
  }

  template <class T>
  bare_input_archive& operator&(T&& x) {
    return (*this)(x);
  }

  template <class T>
  bare_input_archive& operator>>(T&& x) {
    return (*this)(x);
  }

  /// Reads a value of any type that has a form.
  template <class T>
  void get(T& x) {
    static_assert(bare_type<T, bare_input_archive>,
                  "this type has no BARE form, see bare_type");
    if constexpr (std::is_same_v<T, std::uint64_t>)
      x = reader_.take_uint();
    else if constexpr (detail::is_field_wrapper<T>)
      get_field(x);
    else if constexpr (detail::is_form_of_archive<T>)
      detail::get_form(*this, x);
    else
      get_class(x);
  }

private:
  template <class T>
  void get_field(cereal::NameValuePair<T>& pair) {
    get(pair.value);
  }

  /// The count of elements that the code of a class reads. It may reserve
  /// memory for them at once.
  template <class T>
  void get_field(cereal::SizeTag<T>& tag) {
    auto count = reader_.take_uint();
    if (count > reader_.rest().size())
      reader_.fail(bare_error::truncated);
    tag.size = static_cast<std::remove_cvref_t<T>>(reader_.error() ? 0 : count);
  }

  template <class T>
  void get_field(cereal::base_class<T>& base) {
    get(*base.base_ptr);
  }

  template <class T>
  void get_field(cereal::virtual_base_class<T>& base) {
    get(*base.base_ptr);
  }

  template <std::size_t Tag>
  void get_field(reserved_tag<Tag>&) {
    reader_.fail(bare_error::bad_tag);
  }

  template <class T>
  void get_field(sole_alternative<T>& field) {
    if (reader_.take_uint() != 0)
      return reader_.fail(bare_error::bad_tag);
    get(field.value);
  }

  void get_field(fixed_u64& field) {
    field.value = reader_.take_integer<std::uint64_t>();
  }

  template <std::size_t Max, class T>
  void get_field(bounded_field<Max, T>& field) {
    auto max = reader_.is_strict() ? Max : bare_reader::unbounded;
    if constexpr (detail::is_text<T>)
      field.value.assign(reader_.take_text(max));
    else if constexpr (detail::is_data<T>)
      detail::get_data(*this, field.value, max);
    else
      detail::get_list(*this, field.value, max);
  }

  template <bool (*IsValid)(std::string_view), std::size_t Max>
  void get_field(checked_text<IsValid, Max>& field) {
    auto text = bounded<Max>(field.value);
    get(text);
    if (reader_.is_strict() && !reader_.error() && !IsValid(field.value))
      reader_.fail(bare_error::bad_value);
  }

  template <class T>
  void get_class(T& x) {
    if (!reader_.begin_struct())
      return;
    constexpr auto way = detail::way_of<T, bare_output_archive>();
    if constexpr (detail::has_version(way)) {
      // A newer one means what nobody here knows.
      std::uint32_t newest = cereal::detail::Version<T>::version;
      auto version = reader_.take_integer<std::uint32_t>();
      if (version > newest)
        reader_.fail(bare_error::bad_value);
      else
        call_functions<way>(x, version);
    } else {
      call_functions<way>(x);
    }
    reader_.end_struct();
  }

  template <detail::cereal_way Way, class T, class... Version>
  void call_functions(T& x, Version... version) {
    using enum detail::cereal_way;
    using cereal::access;
    if constexpr (Way == member_serialize || Way == member_serialize_version)
      access::member_serialize(*this, x, version...);
    else if constexpr (Way == free_serialize || Way == free_serialize_version)
      serialize(*this, x, version...);
    else if constexpr (Way == member_pair || Way == member_pair_version)
      access::member_load(*this, x, version...);
    else if constexpr (Way == free_pair || Way == free_pair_version)
      load(*this, x, version...);
    else
      load_minimal_from<Way>(x, version...);
  }

  template <detail::cereal_way Way, class T, class... Version>
  void load_minimal_from(T& x, Version... version) {
    decltype(minimal_of<Way>(x, version...)) minimal{};
    get(minimal);
    if (reader_.error())
      return;
    if constexpr (is_minimal_member(Way))
      cereal::access::member_load_minimal(*this, x, minimal, version...);
    else
      load_minimal(*this, x, minimal, version...);
  }

  /// What Cereal saves of `x`; called for its type alone.
  template <detail::cereal_way Way, class T, class... Version>
  static auto minimal_of(const T& x, Version... version) {
    const bare_output_archive* out = nullptr;
    if constexpr (is_minimal_member(Way))
      return cereal::access::member_save_minimal(*out, x, version...);
    else
      return save_minimal(*out, x, version...);
  }

  static constexpr bool is_minimal_member(detail::cereal_way way) {
    using enum detail::cereal_way;
    return way == member_minimal || way == member_minimal_version;
  }

  bare_reader reader_;
};

} // namespace node_proxy
