// The Cereal archive that writes BARE.

#pragma once

#include <node_proxy/base/utf8.hpp>
#include <node_proxy/protocol/wire/bare_types.hpp>

namespace node_proxy {

/// Appends values to octets as BARE. It takes the types of `bare_type` only.
/// The first error stays; what was appended then is of no use. Most code calls
/// `encode` instead (<node_proxy/protocol/wire/bare.hpp>).
class bare_output_archive : public cereal::OutputArchive<bare_output_archive> {
public:
  /// Appends to `out`, which must outlive the archive.
  explicit bare_output_archive(bytes& out,
                               bare_values values = bare_values::valid)
    : bare_output_archive() {
    values_ = values;
    restart(out);
  }

  /// To be restarted before it is used.
  bare_output_archive() : cereal::OutputArchive<bare_output_archive>(this) {}

  /// Begins anew with other octets.
  void restart(bytes& out) {
    out_ = &out;
    depth_ = 0;
    error_.reset();
  }

  /// What went wrong first, if anything did. Possible: bad_utf8, bad_tag,
  /// bad_enum, too_long.
  [[nodiscard]] const std::optional<bare_error>& error() const {
    return error_;
  }

private:
  void fail(bare_error what) {
    if (!error_)
      error_ = what;
  }

  void put(bytes_view data) {
    out_->insert(out_->end(), data.begin(), data.end());
  }

  template <class T>
  void put_little_endian(T value) {
    std::array<std::byte, sizeof(T)> octets;
    for (std::size_t i = 0; i < sizeof(T); ++i)
      octets[i] = static_cast<std::byte>(value >> (8 * i));
    put(octets);
  }

  void put_data(bytes_view data) {
    append_uint(*out_, data.size());
    put(data);
  }

  // Cereal calls this before it serializes a value, whoever provides the
  // function that does so.
  template <class T>
  friend void prologue(bare_output_archive&, const T&) {
    static_assert(bare_type<T, bare_output_archive>,
                  "this type has no BARE form, see bare_type");
  }

  template <class T>
  friend void save(bare_output_archive& archive,
                   const cereal::NameValuePair<T>& pair) {
    archive(pair.value);
  }

  template <std::same_as<bool> T>
  friend void save(bare_output_archive& archive, const T& value) {
    archive.out_->push_back(static_cast<std::byte>(value));
  }

  template <detail::bare_unsigned T>
  friend void save(bare_output_archive& archive, const T& value) {
    if constexpr (std::same_as<T, std::uint64_t>)
      append_uint(*archive.out_, value);
    else
      archive.put_little_endian(value);
  }

  template <named_enum T>
  friend void save(bare_output_archive& archive, const T& value) {
    auto number = static_cast<std::uint64_t>(value);
    if (number >= enum_names<T>.size())
      return archive.fail(bare_error::bad_enum);
    append_uint(*archive.out_, number);
  }

  friend void save(bare_output_archive& archive, const std::string& text) {
    if (archive.values_ == bare_values::valid && !is_utf8(text))
      return archive.fail(bare_error::bad_utf8);
    archive.put_data(as_bytes(text));
  }

  template <std::same_as<bytes_view> T>
  friend void save(bare_output_archive& archive, const T& data) {
    archive.put_data(data);
  }

  template <std::same_as<shared_bytes> T>
  friend void save(bare_output_archive& archive, const T& data) {
    archive.put_data(data);
  }

  template <std::size_t N>
  friend void save(bare_output_archive& archive,
                   const std::array<std::byte, N>& data) {
    archive.put(data);
  }

  template <class T, class Allocator>
  friend void save(bare_output_archive& archive,
                   const std::vector<T, Allocator>& list) {
    if constexpr (std::same_as<T, std::byte>) {
      archive.put_data(list);
    } else {
      static_assert(!std::is_empty_v<T>, "BARE has no list of nothing");
      if (archive.depth_ == limits::list_depth)
        return archive.fail(bare_error::too_long);
      ++archive.depth_;
      append_uint(*archive.out_, list.size());
      for (const T& element : list)
        archive(element);
      --archive.depth_;
    }
  }

  template <class T>
  friend void save(bare_output_archive& archive,
                   const std::optional<T>& value) {
    archive(value.has_value());
    if (value)
      archive(*value);
  }

  // The first alternative is named apart, or this would be no better match
  // than the overload of <cereal/types/variant.hpp>.
  template <class T0, class... Ts>
  friend void save(bare_output_archive& archive,
                   const std::variant<T0, Ts...>& value) {
    if (value.valueless_by_exception())
      return archive.fail(bare_error::bad_tag);
    append_uint(*archive.out_, value.index());
    std::visit([&archive](const auto& x) { archive(x); }, value);
  }

  template <std::size_t Tag>
  friend void save(bare_output_archive& archive, const reserved_tag<Tag>&) {
    archive.fail(bare_error::bad_tag);
  }

  template <class T>
  friend void save(bare_output_archive& archive,
                   const sole_alternative<T>& field) {
    append_uint(*archive.out_, 0);
    archive(field.value);
  }

  template <std::same_as<fixed_u64> T>
  friend void save(bare_output_archive& archive, const T& field) {
    archive.put_little_endian(field.value);
  }

  template <std::size_t Max, class T>
  friend void save(bare_output_archive& archive,
                   const bounded_field<Max, T>& field) {
    if (archive.values_ == bare_values::valid && field.value.size() > Max)
      return archive.fail(bare_error::too_long);
    archive(field.value);
  }

  bytes* out_ = nullptr;
  bare_values values_ = bare_values::valid;
  std::size_t depth_ = 0;
  std::optional<bare_error> error_;
};

} // namespace node_proxy
