#include "peers/others.hpp"

#include <chrono>
#include <iostream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <poll.h>
#include <unistd.h>

#include <node_proxy/protocol/crypto/crypto_init.hpp>

#include "support/advert_text.hpp"
#include "support/core_peer.hpp"
#include "support/descriptors.hpp"
#include "support/program.hpp"

namespace bench {

namespace {

constexpr std::chrono::seconds patience{60};

/// Longer than any benchmark.
constexpr std::chrono::hours for_ever{24};

/// Handshakes at once; of more some would be turned away.
constexpr std::uint64_t concurrent = 64;

using peer_list = std::vector<std::unique_ptr<core_peer>>;

bool request_has_come() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  return ::poll(&input, 1, 0) != 0;
}

void connect(core_loop& loop, peer_list& peers, const std::string& request) {
  std::istringstream words{request};
  std::size_t count = 0;
  std::string advert;
  words >> count >> advert;
  auto to = read_advert(advert);
  loop.run_until(
    [&] {
      while (peers.size() < count
             && peers.size() < loop.seen().connected + concurrent) {
        auto seed = numbered_seed(peers.size());
        peers.push_back(std::make_unique<core_peer>(loop, seed, to, true));
        peers.back()->prepare();
        peers.back()->open();
      }
      return loop.seen().connected >= count;
    },
    patience);
}

} // namespace

void be_others(std::size_t max_peers) {
  if (!node_proxy::init_crypto())
    throw std::runtime_error{"libsodium cannot be used"};
  make_room_for(max_peers);
  core_loop loop;
  peer_list peers;
  for (std::string request;;) {
    // Those that are connected are served meanwhile.
    loop.run_until(request_has_come, for_ever);
    if (!std::getline(std::cin, request) || request == "end")
      return;
    connect(loop, peers, request);
    say("connected");
  }
}

} // namespace bench
