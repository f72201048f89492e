// A process whose files may not grow, and that has not said what is to happen
// then.

#include <node_proxy/actors/disk/write_signals.hpp>

#include <csignal>

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <node_proxy/actors/disk/node_store.hpp>
#include <node_proxy/actors/key_file.hpp>

#include "support/child_process.hpp"
#include "support/temporary_folder.hpp"

using namespace node_proxy;
using namespace node_proxy::internal;
using node_proxy::testing::temporary_folder;
using test::status_of_child;

namespace {

void forbid_growth() {
  rlimit none{0, 0};
  ::setrlimit(RLIMIT_FSIZE, &none);
}

} // namespace

TEST_CASE("a write beyond the limit of file sizes is an error") {
  temporary_folder folder;
  auto self = make_identity();
  CHECK(status_of_child([&] {
          forbid_growth();
          auto saved = save_identity(folder / "key", self);
          return !saved && saved.error().code == file_errc::io
                     && saved.error().text.ends_with("File too large")
                   ? 0
                   : 1;
        })
        == 0);
  CHECK(status_of_child([&] {
          forbid_growth();
          auto store = node_store::open(folder / "state", self.id());
          return !store && store.error().code == file_errc::io ? 0 : 1;
        })
        == 0);
}

TEST_CASE("a write to the state beyond the limit is an error") {
  temporary_folder folder;
  auto self = make_identity();
  CHECK(status_of_child([&] {
          auto store = node_store::open(folder / "state", self.id());
          if (!store)
            return 2;
          forbid_growth();
          state_changes changes;
          changes.own_version = 7;
          auto applied = store->apply(changes);
          return !applied && applied.error().code == file_errc::io ? 0 : 1;
        })
        == 0);
}

TEST_CASE("to close the state ends no process that may not write") {
  temporary_folder folder;
  auto self = make_identity();
  CHECK(status_of_child([&] {
          auto store = node_store::open(folder / "state", self.id());
          if (!store)
            return 2;
          forbid_growth();
          return 0;
        })
        == 0);
}

TEST_CASE("the process decides what else the signals do") {
  temporary_folder folder;
  auto self = make_identity();
  CHECK(status_of_child([&] {
          forbid_growth();
          static_cast<void>(save_identity(folder / "key", self));
          ::raise(SIGXFSZ);
          return 1;
        })
        == 128 + SIGXFSZ);
  CHECK(status_of_child([] {
          write_signals_blocked uut;
          int ends[2];
          if (::pipe(ends) != 0)
            return 2;
          ::close(ends[0]);
          return ::write(ends[1], "x", 1) < 0 && errno == EPIPE ? 0 : 1;
        })
        == 0);
}
