#include "support/report.hpp"

#include <algorithm>
#include <iostream>

namespace bench {

namespace {

double seconds(bench_clock::duration x) {
  return std::chrono::duration<double>(x).count();
}

/// The entry that `share` of all are not above.
double microseconds_at(std::vector<bench_clock::duration>& all, double share) {
  auto last = static_cast<double>(all.size() - 1);
  auto place = all.begin() + static_cast<std::ptrdiff_t>(share * last);
  std::nth_element(all.begin(), place, all.end());
  return std::chrono::duration<double, std::micro>(*place).count();
}

} // namespace

void add(json& line, const throughput& result) {
  auto took = seconds(result.took);
  auto rate = static_cast<double>(result.messages) / took;
  line["size"] = result.size;
  line["messages"] = result.messages;
  line["seconds"] = took;
  line["msgs_per_s"] = rate;
  line["mb_per_s"] = rate * static_cast<double>(result.size) / 1e6;
}

void add_latencies(json& line, std::size_t size,
                   std::vector<bench_clock::duration> took) {
  line["size"] = size;
  line["messages"] = took.size();
  line["p50_us"] = microseconds_at(took, 0.50);
  line["p99_us"] = microseconds_at(took, 0.99);
}

void print(const json& line) {
  std::cout << line.dump() << std::endl;
}

} // namespace bench
