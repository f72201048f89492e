#include <node_proxy/base/host_name.hpp>

#include <string>
#include <string_view>

#include <doctest/doctest.h>

using namespace node_proxy;

namespace {

/// Labels of this length with dots between them, `size` octets in all.
std::string long_name(std::size_t size, std::size_t label) {
  std::string result;
  while (result.size() < size)
    result += (result.size() + 1) % (label + 1) == 0 ? '.' : 'a';
  return result;
}

} // namespace

TEST_CASE("names of hosts have one form") {
  for (auto text : {"a", "localhost", "example.org", "a-1.b2.c", "1a", "3.com",
                    "xn--bcher-kva.example", "0x7g", "a.0xz"})
    CHECK_MESSAGE(is_host_name(text), text);
  for (auto text : {"",     ".",        "a.",   ".a",      "a..b",  "-a",
                    "a-",   "a.-b",     "a-.b", "A",       "a.B",   "a_b",
                    "a b",  "a\n",      "a/b",  "a:b",     "a@b",   "a%b",
                    "*.a",  "\xc3\xa4", "1",    "1.2.3.4", "127.1", "a.1",
                    "0x7f", "a.0x7f",   "a.0x", "::1",     "[a]"})
    CHECK_MESSAGE(!is_host_name(text), text);
  CHECK_FALSE(is_host_name(std::string_view{"a\0b", 3}));
}

TEST_CASE("names of hosts have bounds") {
  CHECK(is_host_name(long_name(max_host_label, max_host_label)));
  CHECK_FALSE(is_host_name(std::string(max_host_label + 1, 'a')));
  CHECK(is_host_name(long_name(max_host_name, max_host_label - 1)));
  CHECK_FALSE(is_host_name(long_name(max_host_name + 1, max_host_label - 1)));
}
