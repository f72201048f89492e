#include "support/descriptors.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

#include <sys/resource.h>

namespace bench {

namespace {

constexpr std::size_t needed_anyway = 100;

} // namespace

void make_room_for(std::size_t sockets) {
  auto wanted = static_cast<rlim_t>(sockets + needed_anyway);
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= wanted)
    return;
  limit.rlim_cur = wanted;
  // Who may is allowed to raise the other limit, too.
  limit.rlim_max = std::max(limit.rlim_max, wanted);
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0)
    throw std::runtime_error{"this takes " + std::to_string(wanted)
                             + " descriptors, more than `ulimit -Hn` allows"};
}

} // namespace bench
