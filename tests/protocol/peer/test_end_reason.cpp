// Why connections end, as operators read it.

#include <doctest/doctest.h>

#include <fstream>
#include <set>
#include <string>
#include <string_view>

#include <node_proxy/protocol/peer/end_reason.hpp>

#include "support/end_reasons.hpp"

using namespace node_proxy;
using namespace node_proxy::internal;

namespace {

/// What is `between ticks` in the first cells of the tables of a section.
void add_documented(std::set<std::string>& names, const std::string& file,
                    std::string_view section) {
  std::ifstream document{TEST_DATA_DIR "/../" + file};
  REQUIRE(document);
  auto inside = false;
  for (std::string line; std::getline(document, line);) {
    if (line.starts_with("## "))
      inside = line.substr(3) == section;
    if (!inside || !line.starts_with("| "))
      continue;
    std::string_view cell{line};
    cell = cell.substr(2, cell.find(" | ", 2) - 2);
    for (auto begin = cell.find('`'); begin != cell.npos;
         begin = cell.find('`')) {
      cell.remove_prefix(begin + 1);
      auto end = cell.find('`');
      REQUIRE(end != cell.npos);
      names.emplace(cell.substr(0, end));
      cell.remove_prefix(end + 1);
    }
  }
}

} // namespace

TEST_CASE("a connection ends well with a goodbye, and not otherwise") {
  CHECK(is_goodbye(control::goodbye_reason::idle));
  CHECK(is_goodbye(control::goodbye_reason::denied));
  CHECK_FALSE(is_goodbye(connect_reply_error::denied));
  CHECK_FALSE(is_goodbye(close_reason::lost));
  CHECK_FALSE(is_goodbye(missed_deadline::dead_peer));
  CHECK_FALSE(is_goodbye(violation::second_resume));
  CHECK_FALSE(is_goodbye(service_loss::worker_lost));
}

TEST_CASE("each reason for which a connection ends is documented") {
  std::set<std::string> names;
  add_documented(names, "docs/OPERATING.md",
                 "Why a connection failed or ended");
  add_documented(names, "protocol/PROTOCOL.md", "Errors");
  // A stale advert is no error, and `other` is what unknown numbers are read
  // as, which count as a shutdown.
  end_reason stale = node_advert_refusal::stale;
  end_reason other = control::goodbye_reason::other;
  std::size_t checked = 0;
  for (const auto& reason : test::all_end_reasons())
    if (reason != stale && reason != other) {
      std::string name{to_string(reason)};
      INFO(name);
      CHECK(names.contains(name));
      ++checked;
    }
  CHECK(checked > 50);
}
