#include <node_proxy/actors/engines/unanswered_failures.hpp>

namespace node_proxy::internal {

std::vector<reason_count> unanswered_failures::counts() const {
  std::vector<reason_count> result;
  for (std::size_t code = 1; code < counts_.size(); ++code)
    if (auto count = counts_[code].load(std::memory_order_relaxed); count > 0)
      result.push_back({to_string(static_cast<errc>(code)), count});
  return result;
}

std::uint64_t unanswered_failures::total() const noexcept {
  std::uint64_t result = 0;
  for (const auto& x : counts_)
    result += x.load(std::memory_order_relaxed);
  return result;
}

} // namespace node_proxy::internal
