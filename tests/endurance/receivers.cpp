#include "receivers.hpp"
#include "support/reason.hpp"

#include <sstream>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include <node_proxy/actors/advert_file.hpp>

namespace node_proxy::testing {

receivers::receivers(std::size_t nodes, std::chrono::milliseconds dead_limit)
  : process_{{ENDURANCE_RECEIVERS, folder_ / "", std::to_string(nodes),
              std::to_string(dead_limit.count())}} {
  REQUIRE(process_.next_line() == "ready");
  for (std::size_t i = 0; i < nodes; ++i) {
    auto advert = load_advert(folder_ / (std::to_string(i) + ".advert"));
    REQUIRE_MESSAGE(advert, test::reason(advert));
    adverts_.push_back(std::move(*advert));
  }
}

std::vector<received_amount> receivers::count() {
  process_.write("count\n");
  std::vector<received_amount> result(adverts_.size());
  for (auto& x : result) {
    auto line = process_.next_line();
    REQUIRE(line);
    std::istringstream{*line} >> x.messages >> x.sum >> x.disordered;
  }
  return result;
}

} // namespace node_proxy::testing
