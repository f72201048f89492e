// The order of what has none, such as the keys of a map: that of the encodings.

#pragma once

#include <cstddef>
#include <vector>

#include <node_proxy/base/bytes.hpp>
#include <node_proxy/base/export.hpp>

namespace node_proxy::detail {

/// Entries of a map or a set among the octets of an encoding.
class NODE_PROXY_EXPORT bare_entries {
public:
  /// What of an entry decides where it stands.
  enum class order_by { key, all };

  /// The next entry will be appended to `out`.
  void begin_entry(const bytes& out) { entries_.push_back({out.size(), 0}); }

  /// The key of the entry is there.
  void end_key(const bytes& out) { entries_.back().key_end = out.size(); }

  void reserve(std::size_t count) { entries_.reserve(count); }

  /// Puts the entries, which are the last octets of `out`, into ascending
  /// order. Those that compare equal stay as they are.
  /// @returns whether no two of them have the same key.
  bool sort(bytes& out, order_by part);

private:
  struct entry {
    std::size_t begin;
    std::size_t key_end;
  };

  std::vector<entry> entries_;
};

/// Whether `x` comes before `y`: the octets, as unsigned numbers, from the
/// first one on.
[[nodiscard]] NODE_PROXY_EXPORT bool is_before(bytes_view x, bytes_view y);

} // namespace node_proxy::detail
