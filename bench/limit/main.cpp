// What this machine could do at best: cryptography on one core, and plain TCP
// between two processes.

#include "limit/crypto.hpp"
#include "limit/tcp_transfer.hpp"
#include "support/program.hpp"

namespace {

bool uses_tcp(const std::string& mode) {
  return mode.starts_with("tcp");
}

} // namespace

int main(int argc, char** argv) {
  using namespace bench;
  CLI::App app{"What this machine could do at best."};
  app.name("bench_limit");
  transfer_options options;
  add_transfer_options(app, options,
                       {"aead", "tcp", "tcp_round_trip", "x25519"});
  return run_program(app, argc, argv,
                     {[&](other_side& other) {
                        if (uses_tcp(options.mode))
                          measure_tcp(options, other);
                        else if (options.mode == "x25519")
                          measure_x25519(options);
                        else
                          measure_aead(options);
                      },
                      [&] {
                        if (uses_tcp(options.mode))
                          serve_tcp(options);
                        else
                          serve_requests(
                            [](const std::string& request) { return request; });
                      }});
}
