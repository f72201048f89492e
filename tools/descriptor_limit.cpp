#include "descriptor_limit.hpp"

#include <spdlog/spdlog.h>
#include <sys/resource.h>

namespace node_proxy::tools {

void allow_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0)
    spdlog::warn("the limit of descriptors stays as it is");
}

} // namespace node_proxy::tools
