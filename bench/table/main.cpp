// Reads what the benchmarks print, from standard input, and prints one table.

#include <exception>
#include <iostream>

#include <fmt/format.h>

#include "table/limits.hpp"
#include "table/results.hpp"
#include "table/rows.hpp"

namespace bench {

namespace {

void explain(const results& all) {
  std::cout << "How the limits come about, all from this run:\n\n";
  for (const auto* cipher : {"aes256_gcm", "chacha20_poly1305"})
    if (auto costs = costs_of(all, cipher))
      std::cout << "- " << costs->explanation(cipher) << '\n';
  if (auto cost = handshake_of(all))
    std::cout << "- " << cost->explanation() << '\n';
  std::cout << "- There and back: plain TCP.\n";
}

void print_idle_peers(const results& all) {
  table peers{{"idle peers", "memory of each", "CPU of a core"}};
  for (std::size_t count : {0u, 1u, 100u, 1000u, 5000u}) {
    json variant{{"bench", "peers"}, {"peers", count}};
    auto bytes = all.median(variant, "bytes_per_peer");
    auto cpu = all.median(variant, "cpu_percent");
    if (cpu)
      peers.add({count > 0 ? fmt::format("{}", count) : "CAF without a node",
                 bytes ? fmt::format("{:.1f} KiB", *bytes / 1024) : "-",
                 fmt::format("{:.2f} %", *cpu)});
  }
  peers.print(std::cout);
}

} // namespace

} // namespace bench

int main() {
  using namespace bench;
  try {
    results all{std::cin};
    compare(all).print(std::cout);
    std::cout << '\n';
    list_others(all).print(std::cout);
    std::cout << '\n';
    print_idle_peers(all);
    std::cout << '\n';
    explain(all);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "bench_table: " << error.what() << std::endl;
    return 1;
  }
}
