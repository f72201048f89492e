// Types as users of CAF have them.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <caf/all.hpp>
#include <cereal/cereal.hpp>

namespace typed_values {

template <class T>
struct named {
  const char* name;
  T& value;
};

template <class T>
named(const char*, T&) -> named<T>;

/// What an `inspect` of a class does, in the spelling of CAF's version.
template <class Inspector, class T, class... Ts>
auto show(Inspector& f, [[maybe_unused]] const char* type,
          [[maybe_unused]] T& x, named<Ts>... fields) {
#if CAF_MAJOR_VERSION >= 1
  return f.object(x).pretty_name(type).fields(
    f.field(fields.name, fields.value)...);
#else
  return f(caf::meta::type_name(type), fields.value...);
#endif
}

struct point {
  std::int32_t x = 0;
  std::int32_t y = 0;

  friend bool operator==(const point&, const point&) = default;
};

template <class Inspector>
auto inspect(Inspector& f, point& x) {
  return show(f, "point", x, named{"x", x.x}, named{"y", x.y});
}

enum class color : std::uint8_t { red, green };

struct drawing {
  std::string name;
  std::vector<point> outline;
  std::optional<color> fill;
  std::variant<bool, std::string, point> extra;
  std::map<std::string, double> sizes;

  friend bool operator==(const drawing&, const drawing&) = default;
};

template <class Inspector>
auto inspect(Inspector& f, drawing& x) {
  return show(f, "drawing", x, named{"name", x.name},
              named{"outline", x.outline}, named{"fill", x.fill},
              named{"extra", x.extra}, named{"sizes", x.sizes});
}

/// It says nothing to CAF, and there is nothing to say.
struct nothing {
  friend bool operator==(nothing, nothing) = default;
};

/// A list of itself.
struct tree {
  std::vector<tree> branches;

  friend bool operator==(const tree&, const tree&) = default;
};

template <class Inspector>
auto inspect(Inspector& f, tree& x) {
  return show(f, "tree", x, named{"branches", x.branches});
}

/// A class that looks like a list, and is none.
struct word : std::vector<char> {
  using std::vector<char>::vector;
  std::int32_t weight = 0;
};

template <class Inspector>
auto inspect(Inspector& f, word& x) {
  return show(f, "word", x, named{"weight", x.weight});
}

/// Fields of C.
struct old_fashioned {
  std::int16_t numbers[2] = {};
  std::byte octets[2] = {};

  friend bool operator==(const old_fashioned&, const old_fashioned&) = default;
};

template <class Inspector>
auto inspect(Inspector& f, old_fashioned& x) {
  return show(f, "old_fashioned", x, named{"numbers", x.numbers},
              named{"octets", x.octets});
}

/// What its base has and more.
struct labelled : point {
  std::string label;

  friend bool operator==(const labelled&, const labelled&) = default;
};

template <class Inspector>
auto inspect(Inspector& f, labelled& x) {
  return show(f, "labelled", x, named{"x", x.x}, named{"y", x.y},
              named{"label", x.label});
}

/// It has both, and is shown to CAF another way than to Cereal.
struct both_ways {
  std::uint64_t a = 0;
  bool b = false;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(b, a);
  }

  friend bool operator==(const both_ways&, const both_ways&) = default;
};

template <class Inspector>
auto inspect(Inspector& f, both_ways& x) {
  return show(f, "both_ways", x, named{"a", x.a}, named{"b", x.b});
}

/// Nothing but functions for Cereal.
struct archived {
  std::uint64_t a = 0;
  std::int16_t b = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(a), CEREAL_NVP(b));
  }

  friend bool operator==(const archived&, const archived&) = default;
};

} // namespace typed_values
