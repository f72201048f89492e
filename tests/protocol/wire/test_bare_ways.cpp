// Classes with functions for Cereal, in all ways that Cereal knows.

#include <doctest/doctest.h>

#include <node_proxy/base/hex.hpp>
#include <node_proxy/protocol/wire/bare.hpp>

using namespace node_proxy;

namespace ways {

struct fields {
  std::uint8_t a = 0;
  std::int16_t b = 0;

  friend bool operator==(const fields&, const fields&) = default;
};

struct free_way : fields {};

template <class Archive>
void serialize(Archive& archive, free_way& x) {
  archive(x.a, x.b);
}

struct member_pair : fields {
  template <class Archive>
  void save(Archive& archive) const {
    archive << a << b;
  }

  template <class Archive>
  void load(Archive& archive) {
    archive >> a >> b;
  }
};

struct free_pair : fields {};

template <class Archive>
void save(Archive& archive, const free_pair& x) {
  archive(x.a, x.b);
}

template <class Archive>
void load(Archive& archive, free_pair& x) {
  archive(x.a, x.b);
}

struct minimal : fields {
  template <class Archive>
  std::uint16_t save_minimal(const Archive&) const {
    return a;
  }

  template <class Archive>
  void load_minimal(const Archive&, const std::uint16_t& x) {
    a = static_cast<std::uint8_t>(x);
  }
};

struct version : fields {
  template <class Archive>
  void serialize(Archive& archive, std::uint32_t number) {
    archive(a);
    if (number > 1)
      archive(b);
  }
};

struct free_version : fields {};

template <class Archive>
void serialize(Archive& archive, free_version& x, std::uint32_t) {
  archive& x.a& x.b;
}

struct base {
  std::uint8_t a = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(a);
  }
};

/// It has the function of its base and two of its own.
struct derived : base {
  std::int16_t b = 0;

  template <class Archive>
  void save(Archive& archive) const {
    archive(cereal::base_class<base>(this), b);
  }

  template <class Archive>
  void load(Archive& archive) {
    archive(cereal::base_class<base>(this), b);
  }
};

class hidden {
public:
  hidden() = default;
  explicit hidden(std::uint8_t a) : a_(a) {}
  friend bool operator==(const hidden&, const hidden&) = default;

private:
  friend class cereal::access;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(a_);
  }

  std::uint8_t a_ = 0;
};

template <class T>
T with_fields() {
  T x;
  x.a = 1;
  x.b = -2;
  return x;
}

template <class T>
void check(std::string_view hex) {
  CAPTURE(hex);
  auto x = with_fields<T>();
  CHECK(to_hex(encode(x).value()) == hex);
  auto decoded = decode<T>(encode(x).value()).value();
  CHECK(decoded.a == x.a);
  CHECK(decoded.b == x.b);
}

} // namespace ways

CEREAL_CLASS_VERSION(ways::version, 2)

namespace cereal {

template <class Archive>
struct specialize<Archive, ways::derived, specialization::member_load_save> {};

} // namespace cereal

TEST_CASE("every way to serialize a class gives its fields") {
  ways::check<ways::free_way>("01feff");
  ways::check<ways::member_pair>("01feff");
  ways::check<ways::free_pair>("01feff");
  ways::check<ways::derived>("01feff");
  CHECK(decode<ways::hidden>(encode(ways::hidden{7}).value())
        == ways::hidden{7});
  ways::minimal small;
  small.a = 3;
  CHECK(to_hex(encode(small).value()) == "0300");
  CHECK(decode<ways::minimal>(encode(small).value())->a == 3);
}

TEST_CASE("the version of a class is in front of each of its values") {
  ways::check<ways::version>("0200000001feff");
  ways::check<ways::free_version>("0000000001feff");
  std::vector<ways::version> two(2, ways::with_fields<ways::version>());
  CHECK(to_hex(encode(two).value())
        == "02"
           "0200000001feff"
           "0200000001feff");
  CHECK(decode<std::vector<ways::version>>(encode(two).value())->size() == 2);
}

TEST_CASE("older versions are read, newer ones are refused") {
  auto old = decode<ways::version>(from_hex("0100000005").value()).value();
  CHECK(old.a == 5);
  CHECK(old.b == 0);
  CHECK(decode<ways::version>(from_hex("0300000001feff").value()).error()
        == bare_error::bad_value);
}
