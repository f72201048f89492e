// What all BARE is made of, written.

#pragma once

#include <array>
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

/// Appends the primitives of BARE to octets. The first error stays; what was
/// appended then is of no use.
class bare_writer {
public:
  /// To be restarted before it is used.
  bare_writer() = default;

  /// Appends to `out`, which must outlive the writer.
  explicit bare_writer(bytes& out, bare_values values = bare_values::valid)
    : out_(&out), values_(values) {}

  /// Begins anew with other octets.
  void restart(bytes& out) { *this = bare_writer{out, values_}; }

  /// What went wrong first, if anything did.
  [[nodiscard]] const std::optional<bare_error>& error() const {
    return error_;
  }

  void fail(bare_error what) {
    if (!error_)
      error_ = what;
  }

  /// Whether limits and UTF-8 are checked.
  [[nodiscard]] bool is_strict() const { return values_ == bare_values::valid; }

  /// All that has been written, with what was there before.
  [[nodiscard]] bytes& octets() { return *out_; }

  void put_octets(bytes_view data) {
    out_->insert(out_->end(), data.begin(), data.end());
  }

  void put_uint(std::uint64_t value) { append_uint(*out_, value); }

  void put_flag(bool value) { out_->push_back(static_cast<std::byte>(value)); }

  void put_data(bytes_view data) {
    put_uint(data.size());
    put_octets(data);
  }

  void put_text(std::string_view text) {
    if (is_strict() && !is_utf8(text))
      return fail(bare_error::bad_utf8);
    put_data(as_bytes(text));
  }

  /// Fixed width, by that of `T`.
  template <class T>
  void put_integer(T value) {
    auto number = static_cast<std::make_unsigned_t<T>>(value);
    std::array<std::byte, sizeof(T)> octets;
    for (std::size_t i = 0; i < sizeof(T); ++i)
      octets[i] = static_cast<std::byte>(number >> (8 * i));
    put_octets(octets);
  }

  /// All NaNs are written as the same one.
  template <std::floating_point T>
  void put_real(T value) {
    if (std::isnan(value))
      value = std::numeric_limits<T>::quiet_NaN();
    put_integer(std::bit_cast<detail::integer_of_size<sizeof(T)>>(value));
  }

  /// A list follows, of `count` elements; to be ended if it could begin.
  [[nodiscard]] bool begin_list(std::size_t count) {
    if (lists_ == limits::list_depth)
      fail(bare_error::too_long);
    if (error_)
      return false;
    ++lists_;
    put_uint(count);
    return true;
  }

  void end_list() { --lists_; }

  /// An element of a list was written, and `size` octets were there before.
  void end_element(std::size_t size) {
    if (out_->size() == size && ++empty_elements_ > limits::empty_elements)
      fail(bare_error::too_long);
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
  bytes* out_ = nullptr;
  bare_values values_ = bare_values::valid;
  std::optional<bare_error> error_;
  std::size_t lists_ = 0;
  std::size_t structs_ = 0;
  std::size_t empty_elements_ = 0;
};

} // namespace node_proxy
