#include <node_proxy/actors/advert_file.hpp>

#include <filesystem>

#include <doctest/doctest.h>

#include <node_proxy/actors/key_file.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>
#include <node_proxy/protocol/wire/advert.hpp>

#include "support/temporary_folder.hpp"

using namespace node_proxy;
using namespace node_proxy::internal;
using namespace node_proxy::testing;

namespace {

node_advert make_advert(const identity& owner) {
  node_advert result;
  result.addrs = {{*parse_address("tcp://127.0.0.1:4000"), 2},
                  {*parse_address("tcp://[::1]:4000"), 1}};
  result.version = 1'700'000'000;
  result.created = {1'000'000};
  REQUIRE(sign_advert(owner, result));
  return result;
}

/// Checks that loading fails with one of two codes and words that name the
/// file.
void check_refused(const std::string& path, file_errc code, file_errc or_code) {
  auto loaded = load_advert(path);
  REQUIRE(!loaded);
  INFO(loaded.error().text);
  CHECK((loaded.error().code == code || loaded.error().code == or_code));
  CHECK(loaded.error().text.find(path) != std::string::npos);
}

void check_refused(const std::string& path, file_errc code) {
  check_refused(path, code, code);
}

} // namespace

TEST_CASE("an advert comes back from its file, also from a new version") {
  temporary_folder folder;
  auto path = folder / "advert";
  auto owner = make_identity();
  auto advert = make_advert(owner);
  REQUIRE(save_advert(path, advert));
  CHECK(load_advert(path).value() == advert);
  ++advert.version;
  REQUIRE(sign_advert(owner, advert));
  REQUIRE(save_advert(path, advert));
  CHECK(load_advert(path).value() == advert);
  // Nothing is left of the way there.
  CHECK(std::distance(
          std::filesystem::directory_iterator{
            std::filesystem::path{path}.parent_path()},
          {})
        == 1);
}

TEST_CASE("an advert file with any damage is refused") {
  temporary_folder folder;
  auto path = folder / "advert";
  REQUIRE(save_advert(path, make_advert(make_identity())));
  auto good = read_text(path);
  for (std::size_t at = 0; at < good.size(); ++at) {
    auto bad = good;
    bad[at] ^= 1;
    write_text(path, bad);
    check_refused(path, file_errc::damaged, file_errc::bad_signature);
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    write_text(path, good.substr(0, size));
    check_refused(path, file_errc::damaged);
  }
  write_text(path, good + "x");
  check_refused(path, file_errc::damaged);
}

TEST_CASE("an advert that somebody else signed is refused") {
  temporary_folder folder;
  auto path = folder / "advert";
  auto advert = make_advert(make_identity());
  advert.id = make_identity().id();
  REQUIRE(save_advert(path, advert));
  check_refused(path, file_errc::bad_signature);
}

TEST_CASE("other files are refused") {
  temporary_folder folder;
  auto path = folder / "advert";
  SUBCASE("none") {
    check_refused(path, file_errc::not_found);
  }
  SUBCASE("a folder") {
    std::filesystem::create_directory(path);
    check_refused(path, file_errc::not_regular);
  }
  SUBCASE("a key file") {
    REQUIRE(save_identity(path, make_identity()));
    check_refused(path, file_errc::damaged);
  }
  SUBCASE("a large file") {
    write_text(path, std::string(1 << 20, 'x'));
    check_refused(path, file_errc::too_large);
  }
}

TEST_CASE("an advert that is larger than allowed is not saved") {
  temporary_folder folder;
  node_advert advert;
  advert.addrs.resize(limits::advert_addresses + 1);
  auto saved = save_advert(folder / "advert", advert);
  REQUIRE(!saved);
  CHECK(saved.error().code == file_errc::damaged);
}
