// The Cereal archive that reads BARE.

#pragma once

#include <algorithm>
#include <limits>
#include <utility>

#include <node_proxy/base/utf8.hpp>
#include <node_proxy/protocol/wire/bare_types.hpp>

namespace node_proxy {

/// Reads values from BARE octets of any origin. It takes the types of
/// `bare_type` only, accepts nothing but what `bare_output_archive` would
/// write for the same value, and allocates no more than the octets left
/// justify. The first error stays, and nothing is left to read then. Most code
/// calls `decode` instead (<node_proxy/protocol/wire/bare.hpp>).
class bare_input_archive : public cereal::InputArchive<bare_input_archive> {
public:
  /// Reads from the octets of `input`, which must outlive the archive and all
  /// values of type `bytes_view` that are read from it.
  explicit bare_input_archive(bytes_view input = {},
                              bare_values values = bare_values::valid)
    : cereal::InputArchive<bare_input_archive>(this), rest_(input),
      values_(values) {}

  /// Begins anew with other octets.
  void restart(bytes_view input) {
    rest_ = input;
    depth_ = 0;
    error_.reset();
  }

  /// What went wrong first, if anything did. Possible: all but
  /// trailing_bytes.
  [[nodiscard]] const std::optional<bare_error>& error() const {
    return error_;
  }

  /// What has not been read; empty after an error.
  [[nodiscard]] bytes_view rest() const { return rest_; }

private:
  static constexpr std::size_t unbounded =
    std::numeric_limits<std::size_t>::max();

  void fail(bare_error what) {
    if (!error_)
      error_ = what;
    rest_ = {};
  }

  bytes_view take(std::size_t size) {
    if (size > rest_.size()) {
      fail(bare_error::truncated);
      return {};
    }
    auto result = rest_.first(size);
    rest_ = rest_.subspan(size);
    return result;
  }

  template <class T>
  T take_little_endian() {
    T result = 0;
    auto octets = take(sizeof(T));
    for (std::size_t i = 0; i < octets.size(); ++i)
      result =
        static_cast<T>(result | std::to_integer<T>(octets[i]) << (8 * i));
    return result;
  }

  std::uint64_t take_number() {
    auto number = take_uint(rest_);
    if (!number) {
      fail(number.error());
      return 0;
    }
    return *number;
  }

  /// Reads a length of at most `max`. Whatever is counted, each takes at least
  /// one octet.
  std::size_t take_length(std::size_t max) {
    auto length = take_number();
    if (length > max)
      fail(bare_error::too_long);
    else if (length > rest_.size())
      fail(bare_error::truncated);
    return error_ ? 0 : static_cast<std::size_t>(length);
  }

  bool take_flag() {
    auto octet = take(1);
    if (octet.empty())
      return false;
    if (octet[0] > std::byte{1})
      fail(bare_error::bad_boolean);
    return octet[0] == std::byte{1};
  }

  void read(std::string& text, std::size_t max) {
    auto data = as_text(take(take_length(max)));
    if (values_ == bare_values::valid && !is_utf8(data))
      return fail(bare_error::bad_utf8);
    text.assign(data);
  }

  void read(bytes& data, std::size_t max) {
    auto view = take(take_length(max));
    data.assign(view.begin(), view.end());
  }

  void read(bytes_view& data, std::size_t max) {
    data = take(take_length(max));
  }

  void read(shared_bytes& data, std::size_t max) {
    data = shared_bytes{take(take_length(max))};
  }

  template <class T, class Allocator>
  void read(std::vector<T, Allocator>& list, std::size_t max) {
    static_assert(!std::is_empty_v<T>, "BARE has no list of nothing");
    list.clear();
    if (depth_ == limits::list_depth)
      return fail(bare_error::too_long);
    ++depth_;
    // The count is only a claim: the list grows with what is really there.
    for (auto count = take_length(max); count > 0 && !error_; --count) {
      T element{};
      (*this)(element);
      list.push_back(std::move(element));
    }
    --depth_;
  }

  template <class Variant, std::size_t... Is>
  void read_alternative(Variant& value, std::uint64_t tag,
                        std::index_sequence<Is...>) {
    auto known =
      ((tag == Is && ((*this)(value.template emplace<Is>()), true)) || ...);
    if (!known)
      fail(bare_error::bad_tag);
  }

  // Cereal calls this before it serializes a value, whoever provides the
  // function that does so.
  template <class T>
  friend void prologue(bare_input_archive&, const T&) {
    static_assert(bare_type<T, bare_input_archive>,
                  "this type has no BARE form, see bare_type");
  }

  template <class T>
  friend void load(bare_input_archive& archive,
                   cereal::NameValuePair<T>& pair) {
    archive(pair.value);
  }

  template <std::same_as<bool> T>
  friend void load(bare_input_archive& archive, T& value) {
    value = archive.take_flag();
  }

  template <detail::bare_unsigned T>
  friend void load(bare_input_archive& archive, T& value) {
    if constexpr (std::same_as<T, std::uint64_t>)
      value = archive.take_number();
    else
      value = archive.take_little_endian<T>();
  }

  template <named_enum T>
  friend void load(bare_input_archive& archive, T& value) {
    auto number = archive.take_number();
    if (number >= enum_names<T>.size())
      return archive.fail(bare_error::bad_enum);
    value = static_cast<T>(number);
  }

  friend void load(bare_input_archive& archive, std::string& text) {
    archive.read(text, unbounded);
  }

  friend void load(bare_input_archive& archive, bytes_view& data) {
    archive.read(data, unbounded);
  }

  friend void load(bare_input_archive& archive, shared_bytes& data) {
    archive.read(data, unbounded);
  }

  template <std::size_t N>
  friend void load(bare_input_archive& archive,
                   std::array<std::byte, N>& data) {
    auto octets = archive.take(N);
    std::copy(octets.begin(), octets.end(), data.begin());
  }

  template <class T, class Allocator>
  friend void load(bare_input_archive& archive,
                   std::vector<T, Allocator>& list) {
    archive.read(list, unbounded);
  }

  template <class T>
  friend void load(bare_input_archive& archive, std::optional<T>& value) {
    value.reset();
    if (archive.take_flag())
      archive(value.emplace());
  }

  // The first alternative is named apart, or this would be no better match
  // than the overload of <cereal/types/variant.hpp>.
  template <class T0, class... Ts>
  friend void load(bare_input_archive& archive,
                   std::variant<T0, Ts...>& value) {
    auto tag = archive.take_number();
    if (!archive.error_)
      archive.read_alternative(value, tag,
                               std::index_sequence_for<T0, Ts...>{});
  }

  template <std::size_t Tag>
  friend void load(bare_input_archive& archive, reserved_tag<Tag>&) {
    archive.fail(bare_error::bad_tag);
  }

  template <class T>
  friend void load(bare_input_archive& archive, sole_alternative<T>& field) {
    if (archive.take_number() != 0)
      return archive.fail(bare_error::bad_tag);
    archive(field.value);
  }

  friend void load(bare_input_archive& archive, fixed_u64& field) {
    field.value = archive.take_little_endian<std::uint64_t>();
  }

  template <std::size_t Max, class T>
  friend void load(bare_input_archive& archive, bounded_field<Max, T>& field) {
    auto checked = archive.values_ == bare_values::valid;
    archive.read(field.value, checked ? Max : unbounded);
  }

  bytes_view rest_;
  bare_values values_;
  std::size_t depth_ = 0;
  std::optional<bare_error> error_;
};

} // namespace node_proxy
