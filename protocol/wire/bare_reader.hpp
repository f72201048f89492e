// What all BARE is made of, read.

#pragma once

#include <bit>
#include <cmath>
#include <concepts>
#include <limits>
#include <optional>
#include <string_view>
#include <type_traits>

#include <node_proxy/base/utf8.hpp>
#include <node_proxy/messages/limits.hpp>
#include <node_proxy/protocol/wire/bare_error.hpp>
#include <node_proxy/protocol/wire/bare_types.hpp>

namespace node_proxy {

/// Reads the primitives of BARE from octets of any origin. The first error
/// stays, and nothing is left to read then: whatever is read is zero or empty.
class bare_reader {
public:
  static constexpr std::size_t unbounded =
    std::numeric_limits<std::size_t>::max();

  /// Reads from the octets of `input`, which must outlive the reader.
  explicit bare_reader(bytes_view input = {},
                       bare_values values = bare_values::valid)
    : rest_(input), values_(values) {}

  /// Begins anew with other octets.
  void restart(bytes_view input) { *this = bare_reader{input, values_}; }

  /// What went wrong first, if anything did.
  [[nodiscard]] const std::optional<bare_error>& error() const {
    return error_;
  }

  void fail(bare_error what) {
    if (!error_)
      error_ = what;
    rest_ = {};
  }

  /// Whether limits and UTF-8 are checked.
  [[nodiscard]] bool is_strict() const { return values_ == bare_values::valid; }

  /// What has not been read; empty after an error.
  [[nodiscard]] bytes_view rest() const { return rest_; }

  bytes_view take_octets(std::size_t size) {
    if (size > rest_.size()) {
      fail(bare_error::truncated);
      return {};
    }
    auto result = rest_.first(size);
    rest_ = rest_.subspan(size);
    return result;
  }

  std::uint64_t take_uint() {
    auto number = node_proxy::take_uint(rest_);
    if (number)
      return *number;
    fail(number.error());
    return 0;
  }

  bool take_flag() {
    auto octet = take_octets(1);
    if (octet.empty())
      return false;
    if (octet[0] > std::byte{1})
      fail(bare_error::bad_boolean);
    return octet[0] == std::byte{1};
  }

  /// Of at most `max` octets.
  bytes_view take_data(std::size_t max = unbounded) {
    return take_octets(take_length(max));
  }

  /// Of at most `max` octets.
  std::string_view take_text(std::size_t max = unbounded) {
    auto text = as_text(take_data(max));
    if (!is_strict() || is_utf8(text))
      return text;
    fail(bare_error::bad_utf8);
    return {};
  }

  /// Fixed width, by that of `T`.
  template <class T>
  T take_integer() {
    using number = std::make_unsigned_t<T>;
    number result = 0;
    auto octets = take_octets(sizeof(T));
    for (std::size_t i = 0; i < octets.size(); ++i)
      result = static_cast<number>(
        result
        | static_cast<number>(std::to_integer<number>(octets[i]) << (8 * i)));
    return static_cast<T>(result);
  }

  /// Of all NaNs one is accepted.
  template <std::floating_point T>
  T take_real() {
    auto value =
      std::bit_cast<T>(take_integer<detail::integer_of_size<sizeof(T)>>());
    check_real(value);
    return value;
  }

  /// Fails if `value` has been read, and is another NaN.
  template <std::floating_point T>
  void check_real(T value) {
    using number = detail::integer_of_size<sizeof(T)>;
    constexpr auto nan = std::numeric_limits<T>::quiet_NaN();
    if (std::isnan(value)
        && std::bit_cast<number>(value) != std::bit_cast<number>(nan))
      fail(bare_error::bad_value);
  }

  /// A list begins; to be ended if it could. Elements that have at least
  /// `min` octets are all there, as far as their count tells.
  /// @returns the count of its elements, at most `max`.
  std::optional<std::size_t> begin_list(std::size_t min,
                                        std::size_t max = unbounded) {
    if (lists_ == limits::list_depth)
      fail(bare_error::too_long);
    auto count = take_uint();
    auto possible = min > 0
                      ? rest_.size() / min
                      : rest_.size() + limits::empty_elements - empty_elements_;
    if (count > max)
      fail(bare_error::too_long);
    else if (count > possible)
      fail(bare_error::truncated);
    if (error_)
      return std::nullopt;
    ++lists_;
    return static_cast<std::size_t>(count);
  }

  void end_list() { --lists_; }

  /// An element of a list was read, and `size` octets were left before.
  void end_element(std::size_t size) {
    if (rest_.size() != size || error_)
      return;
    if (empty_elements_ == limits::empty_elements)
      fail(bare_error::too_long);
    else
      ++empty_elements_;
  }

  /// The fields of a struct follow; to be ended if it could begin.
  [[nodiscard]] bool begin_struct() {
    if (structs_ == limits::struct_depth)
      fail(bare_error::too_long);
    if (error_)
      return false;
    ++structs_;
    return true;
  }

  void end_struct() { --structs_; }

private:
  /// Of octets, of which there are at most `max`.
  std::size_t take_length(std::size_t max) {
    auto length = take_uint();
    if (length > max)
      fail(bare_error::too_long);
    else if (length > rest_.size())
      fail(bare_error::truncated);
    return error_ ? 0 : static_cast<std::size_t>(length);
  }

  bytes_view rest_;
  bare_values values_;
  std::optional<bare_error> error_;
  std::size_t lists_ = 0;
  std::size_t structs_ = 0;
  std::size_t empty_elements_ = 0;
};

} // namespace node_proxy
