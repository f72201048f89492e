// Two nodes, and an interface of an engine that keeps values by key.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <node_proxy/actors/typed_engine.hpp>

#include "actors/engines/two_test_nodes.hpp"

namespace test {

/// What the engine answers with in a category of its own.
enum class kv_errc : std::uint8_t { no_such_key = 1, is_full };

inline std::string to_string(kv_errc) {
  return "kv_errc";
}

inline bool from_string(std::string_view, kv_errc&) {
  return false;
}

inline bool from_integer(std::uint8_t value, kv_errc& code) {
  code = static_cast<kv_errc>(value);
  return value == 1 || value == 2;
}

template <class Inspector>
auto inspect(Inspector& f, kv_errc& x) {
#if CAF_MAJOR_VERSION >= 1
  return caf::default_enum_inspect(f, x);
#else
  auto value = static_cast<std::uint8_t>(x);
  return f(value);
#endif
}

} // namespace test

CAF_BEGIN_TYPE_ID_BLOCK(typed_tests, caf::first_custom_type_id)
#if CAF_MAJOR_VERSION >= 1
CAF_ADD_TYPE_ID(typed_tests, (test::kv_errc))
#endif
CAF_ADD_ATOM(typed_tests, test, read_atom, "read")
CAF_ADD_ATOM(typed_tests, test, write_atom, "write")
CAF_ADD_ATOM(typed_tests, test, later_atom, "later")
CAF_ADD_ATOM(typed_tests, test, throw_atom, "throw")
CAF_END_TYPE_ID_BLOCK(typed_tests)

#if CAF_MAJOR_VERSION >= 1
CAF_ERROR_CODE_ENUM(test::kv_errc)
#else
CAF_ERROR_CODE_ENUM(test::kv_errc, "kv")
#endif

namespace test {

/// `read` answers with the value, `write` with nothing, `later` when the test
/// says so, `throw` never.
using kv_actor = actor_interface<std::string(read_atom, std::string),
                                 void(write_atom, std::string, std::string),
                                 std::uint64_t(later_atom, std::uint64_t),
                                 std::string(throw_atom)>;

/// What the engine and the test both look at.
struct kv_store {
  std::map<std::string, std::string> values;
  std::vector<
    std::pair<std::uint64_t, caf::typed_response_promise<std::uint64_t>>>
    promised;
};

inline kv_actor::behavior_type kv_engine(kv_actor::pointer self,
                                         std::shared_ptr<kv_store> store) {
  return {
    [store](read_atom, const std::string& key) -> caf::result<std::string> {
      auto known = store->values.find(key);
      if (known == store->values.end())
        return caf::make_error(kv_errc::no_such_key, "no key " + key);
      return known->second;
    },
    [store](write_atom, std::string& key, std::string& value) {
      store->values.insert_or_assign(std::move(key), std::move(value));
    },
    [self, store](later_atom, std::uint64_t number) {
      auto result = self->make_response_promise<std::uint64_t>();
      store->promised.emplace_back(number, result);
      return result;
    },
    [](throw_atom) -> std::string { throw std::runtime_error{"on purpose"}; },
  };
}

/// Makes the types of these tests known, which 1.x wants.
inline void register_kv_types() {
#if CAF_MAJOR_VERSION >= 1
  static const auto done = [] {
    caf::init_global_meta_objects<caf::id_block::typed_tests>();
    return true;
  }();
  static_cast<void>(done);
#endif
}

/// Before there is an actor system.
struct with_kv_types {
  with_kv_types() { register_kv_types(); }
};

/// `b` has an engine "kv", of which `a` has a handle.
struct kv_nodes : with_kv_types, two_test_nodes {
  kv_nodes() : engine{b.system.spawn(kv_engine, store)} {
    auto ok = b.node.serve("kv", engine);
    REQUIRE_MESSAGE(ok, describe(ok.error()));
    kv = handle_of("kv");
  }

  ~kv_nodes() {
    end_engine();
    store->promised.clear();
  }

  kv_actor handle_of(std::string name, remote_options options = {}) const {
    return a.node.remote<kv_actor>({b.node.id(), std::move(name)}, options);
  }

  void end_engine() { end(caf::actor_cast<caf::actor>(engine)); }

  /// What becomes of a request.
  template <class R, class Handle, class... Ts>
  caf::expected<R> ask(const Handle& whom, Ts... xs) {
    return a.basic_system_fixture::ask<R>(whom, std::move(xs)...);
  }

  /// The error of a request that is to have one.
  template <class R, class Handle, class... Ts>
  caf::error error_of(const Handle& whom, Ts... xs) {
    auto answer = ask<R>(whom, std::move(xs)...);
    REQUIRE_FALSE(answer);
    return answer.error();
  }

  /// Asks for the value of a key.
  caf::expected<std::string> read(const kv_actor& whom, std::string key) {
    return ask<std::string>(whom, read_atom_v, std::move(key));
  }

  std::shared_ptr<kv_store> store = std::make_shared<kv_store>();
  kv_actor engine;
  kv_actor kv;
};

} // namespace test
