#include <node_proxy/protocol/wire/bare_order.hpp>

#include <algorithm>

namespace node_proxy::detail {

namespace {

struct entry_view {
  bytes_view key;
  bytes_view all;
};

} // namespace

bool bare_entries::sort(bytes& out, order_by part) {
  std::vector<entry_view> views;
  views.reserve(entries_.size());
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    auto [begin, key_end] = entries_[i];
    auto end = i + 1 < entries_.size() ? entries_[i + 1].begin : out.size();
    bytes_view all{out.data() + begin, end - begin};
    views.push_back({all.first(key_end - begin), all});
  }
  auto before = [part](const entry_view& x, const entry_view& y) {
    return part == order_by::key ? is_before(x.key, y.key)
                                 : is_before(x.all, y.all);
  };
  auto is_sorted = std::ranges::is_sorted(views, before);
  if (!is_sorted)
    std::ranges::stable_sort(views, before);
  auto is_unique =
    std::ranges::adjacent_find(views, std::ranges::equal, &entry_view::key)
    == views.end();
  if (is_sorted)
    return is_unique;
  bytes sorted;
  sorted.reserve(out.size() - entries_.front().begin);
  for (const auto& view : views)
    internal::append(sorted, view.all);
  std::ranges::copy(sorted, out.end() - std::ssize(sorted));
  return is_unique;
}

bool is_before(bytes_view x, bytes_view y) {
  return std::ranges::lexicographical_compare(x, y);
}

} // namespace node_proxy::detail
