// Whatever works with CAF's own inspectors works with ours, in the spelling of
// each of its versions.

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

#include <caf/all.hpp>
#include <doctest/doctest.h>

#include <node_proxy/actors/typed_payload.hpp>
#include <node_proxy/base/hex.hpp>

using namespace node_proxy;

namespace {

template <class T>
std::string hex_of(const T& x) {
  auto encoded = encode_value(x);
  if (!encoded)
    return std::string{node_proxy::to_string(encoded.error())};
  return to_hex(*encoded);
}

template <class T>
tl::expected<T, bare_error> from(std::string_view hex) {
  return decode_value<T>(from_hex(hex).value());
}

} // namespace

namespace inspected {

/// Its `inspect` never returns.
struct throwing {
  std::int32_t a = 0;
};

template <class Inspector>
auto inspect(Inspector& f, throwing& x) -> decltype(f.apply(x.a)) {
  if (x.a >= 0)
    throw std::runtime_error{"no"};
  return f.apply(x.a);
}

} // namespace inspected

TEST_CASE("an inspect that throws is an error") {
  CHECK(hex_of(inspected::throwing{1}) == "bad_value");
  CHECK(hex_of(inspected::throwing{-1}) == "ffffffff");
  CHECK(from<inspected::throwing>("00000000").error() == bare_error::bad_value);
}

TEST_CASE("values of a configuration have a form") {
  using caf::config_value;
  config_value::dictionary inner;
  inner["b"] = config_value{7};
  config_value::dictionary all;
  all["a"] = config_value{std::move(inner)};
  all["c"] = config_value{
    config_value::list{config_value{true}, config_value{std::string{"x"}}}};
  all["d"] = config_value{};
  config_value x{std::move(all)};
  CHECK(from<config_value>(hex_of(x)) == x);
  CHECK(from<config_value>("7f").error() == bare_error::bad_tag);
  CHECK(!bare_schema<config_value>().empty());
}

#if CAF_MAJOR_VERSION >= 1

namespace inspected {

/// A number of a type of its own.
struct meters {
  double value = 0;
};

template <class Inspector>
bool inspect(Inspector& f, meters& x) {
  return f.apply(x.value);
}

class account {
public:
  account() = default;
  explicit account(std::int32_t balance) : balance_(balance) {}

  [[nodiscard]] std::int32_t balance() const { return balance_; }

  bool set_balance(std::int32_t balance) {
    balance_ = balance;
    return balance != 13;
  }

private:
  std::int32_t balance_ = 0;
};

template <class Inspector>
bool inspect(Inspector& f, account& x) {
  auto get = [&x] {
    return x.balance();
  };
  auto set = [&x](std::int32_t balance) {
    return x.set_balance(balance);
  };
  return f.object(x).fields(
    f.field("balance", get, set).invariant([](int y) { return y >= 0; }));
}

/// What may be left out is there nevertheless.
struct options {
  std::int8_t level = 0;
  std::int8_t size = 0;
  bool loaded = false;
};

template <class Inspector>
bool inspect(Inspector& f, options& x) {
  auto is_even = [](std::int8_t y) {
    return y % 2 == 0;
  };
  auto load = [&x] {
    x.loaded = true;
    return x.level != 7;
  };
  auto save = [&x] {
    return x.level != 9;
  };
  return f.object(x).pretty_name("options").on_load(load).on_save(save).fields(
    f.field("level", x.level).fallback(std::int8_t{1}),
    f.field("size", x.size).invariant(is_even).fallback(std::int8_t{2}));
}

/// A field that is there or not, and a list of itself by hand.
struct linked {
  std::int8_t value = 0;
  std::vector<linked> next;

  friend bool operator==(const linked&, const linked&) = default;
};

template <class Inspector>
bool inspect(Inspector& f, linked& x) {
  auto is_present = [&x] {
    return !x.next.empty();
  };
  auto get = [&x]() -> const linked& {
    return x.next.front();
  };
  auto reset = [&x] {
    x.next.clear();
  };
  auto set = [&x](linked y) {
    x.next = {std::move(y)};
  };
  return f.object(x).fields(f.field("value", x.value),
                            f.field("next", is_present, get, reset, set));
}

enum class shade : std::uint8_t { dark, light };

std::string to_string(shade x) {
  return x == shade::dark ? "dark" : "light";
}

bool from_string(std::string_view text, shade& x) {
  x = text == "dark" ? shade::dark : shade::light;
  return true;
}

bool from_integer(std::uint8_t number, shade& x) {
  x = static_cast<shade>(number);
  return number < 2;
}

template <class Inspector>
bool inspect(Inspector& f, shade& x) {
  return caf::default_enum_inspect(f, x);
}

/// Two functions, as one of CAF's inspectors has them.
struct split {
  std::uint16_t a = 0;
};

template <class Inspector>
  requires(Inspector::is_loading)
bool inspect(Inspector& f, split& x) {
  std::uint16_t next = 0;
  auto is_read = f.apply(next);
  x.a = static_cast<std::uint16_t>(next - 1);
  return is_read;
}

template <std::derived_from<caf::save_inspector> Inspector>
bool inspect(Inspector& f, split& x) {
  return f.apply(static_cast<std::uint16_t>(x.a + 1));
}

/// CAF knows it by a specialization.
struct accessed {
  std::uint8_t a = 0;
};

/// It is like an optional to CAF where it points.
struct chained {
  std::int8_t value = 0;
  std::unique_ptr<chained> next;
};

template <class Inspector>
bool inspect(Inspector& f, chained& x) {
  return f.object(x).fields(f.field("value", x.value), f.field("next", x.next));
}

/// It is a variant to CAF, though not to C++.
struct either {
  std::variant<std::int32_t, std::string> what;
};

/// Its fields are listed by hand.
struct by_hand {
  std::vector<std::uint8_t> values;
};

template <class Inspector>
bool inspect(Inspector& f, by_hand& x) {
  auto size = x.values.size();
  if constexpr (Inspector::is_loading) {
    if (!f.begin_object(caf::invalid_type_id, "by_hand")
        || !f.begin_field("values") || !f.begin_sequence(size))
      return false;
    x.values.resize(size);
  } else if (!f.begin_object(caf::invalid_type_id, "by_hand")
             || !f.begin_field("values") || !f.begin_sequence(size)) {
    return false;
  }
  for (auto& value : x.values)
    if (!f.value(value))
      return false;
  return f.end_sequence() && f.end_field() && f.end_object();
}

} // namespace inspected

template <>
struct caf::inspector_access<inspected::accessed>
  : inspector_access_base<inspected::accessed> {
  template <class Inspector>
  static bool apply(Inspector& f, inspected::accessed& x) {
    return f.object(x).fields(f.field("a", x.a));
  }
};

template <>
struct caf::inspector_access<std::unique_ptr<inspected::chained>>
  : optional_inspector_access<std::unique_ptr<inspected::chained>> {};

template <>
struct caf::variant_inspector_traits<inspected::either>
  : variant_inspector_traits<std::variant<std::int32_t, std::string>> {
  static auto type_index(const inspected::either& x) { return x.what.index(); }

  template <class F, class Value>
  static auto visit(F&& f, Value&& x) {
    return std::visit(std::forward<F>(f), x.what);
  }

  template <class U>
  static void assign(inspected::either& x, U&& value) {
    x.what = std::forward<U>(value);
  }
};

template <>
struct caf::inspector_access<inspected::either>
  : variant_inspector_access<inspected::either> {};

TEST_CASE("what CAF treats as an optional has the form of one") {
  inspected::chained x{1, std::make_unique<inspected::chained>()};
  CHECK(hex_of(x) == "01010000");
  auto y = from<inspected::chained>("01010200").value();
  REQUIRE(y.next);
  CHECK(y.next->value == 2);
  CHECK(!y.next->next);
  CHECK(decode_value<inspected::chained>(bytes(1'000'000, std::byte{1})).error()
        == bare_error::too_long);
  CHECK(bare_schema<inspected::chained>()
        == "type Chained struct {\n"
           "  value: i8\n"
           "  next: optional<Chained>\n"
           "}\n");
}

TEST_CASE("what CAF treats as a variant has the form of a union") {
  CHECK(hex_of(inspected::either{"a"}) == "010161");
  CHECK(from<inspected::either>("0007000000")->what
        == std::variant<std::int32_t, std::string>{7});
  CHECK(from<inspected::either>("02").error() == bare_error::bad_tag);
  CHECK(from<inspected::either>("0161").error() == bare_error::truncated);
  CHECK(bare_schema<inspected::either>()
        == "type Either union { i32 = 0 | str = 1 }\n");
}

TEST_CASE("getters and setters stand for what they get and set") {
  CHECK(hex_of(inspected::meters{1.0}) == "000000000000f03f");
  CHECK(from<inspected::meters>("000000000000f03f")->value == 1.0);
  CHECK(hex_of(inspected::account{5}) == "05000000");
  CHECK(from<inspected::account>("05000000")->balance() == 5);
  CHECK(from<inspected::account>("0d000000").error() == bare_error::bad_value);
}

TEST_CASE("invariants hold, or it is an error") {
  CHECK(from<inspected::account>("ffffffff").error() == bare_error::bad_value);
  CHECK(from<inspected::options>("0103").error() == bare_error::bad_value);
}

TEST_CASE("a field with a fallback is written like any other") {
  CHECK(hex_of(inspected::options{1, 2}) == "0102");
  CHECK(from<inspected::options>("0304")->level == 3);
  CHECK(from<inspected::options>("03").error() == bare_error::truncated);
}

TEST_CASE("callbacks are called, and may refuse the value") {
  CHECK(from<inspected::options>("0304")->loaded);
  CHECK(from<inspected::options>("0704").error() == bare_error::bad_value);
  CHECK(hex_of(inspected::options{9, 0}) == "bad_value");
}

TEST_CASE("an optional field has the form of an optional") {
  inspected::linked x{1, {{2, {}}}};
  CHECK(hex_of(x) == "01010200");
  CHECK(from<inspected::linked>("01010200") == x);
  CHECK(bare_schema<inspected::linked>()
        == "type Linked struct {\n"
           "  value: i8\n"
           "  next: optional<Linked>\n"
           "}\n");
}

TEST_CASE("structs in structs have a limit") {
  bytes input;
  for (int i = 0; i < 1'000'000; ++i)
    input.insert(input.end(), {std::byte{0}, std::byte{1}});
  CHECK(decode_value<inspected::linked>(input).error() == bare_error::too_long);
  inspected::linked x;
  for (std::size_t i = 1; i < limits::struct_depth; ++i)
    x = {0, {x}};
  CHECK(from<inspected::linked>(hex_of(x)) == x);
  CHECK(hex_of(inspected::linked{0, {x}}) == "too_long");
}

TEST_CASE("the inspect of an enum says which values it has") {
  CHECK(hex_of(inspected::shade::light) == "01");
  CHECK(from<inspected::shade>("01") == inspected::shade::light);
  CHECK(from<inspected::shade>("02").error() == bare_error::bad_enum);
  CHECK(from<inspected::shade>("8002").error() == bare_error::bad_enum);
  CHECK(hex_of(std::vector{inspected::shade::light}) == "0101");
  // What comes behind it is no enum.
  CHECK(hex_of(std::pair{inspected::shade::light, 1}) == "0101000000");
}

TEST_CASE("loading and saving may be two functions") {
  CHECK(hex_of(inspected::split{6}) == "0700");
  CHECK(from<inspected::split>("0700")->a == 6);
}

TEST_CASE("what CAF is told by a specialization is known") {
  CHECK(hex_of(inspected::accessed{7}) == "07");
  CHECK(from<inspected::accessed>("07")->a == 7);
}

TEST_CASE("what an inspect puts together by hand is read alike") {
  CHECK(hex_of(inspected::by_hand{{1, 2}}) == "020102");
  CHECK(from<inspected::by_hand>("020102")->values.size() == 2);
  CHECK(from<inspected::by_hand>("ffffffff0f").error()
        == bare_error::truncated);
}

#else

namespace inspected {

/// All annotations that CAF knows.
struct annotated {
  std::int8_t a = 0;
  std::string b;
  bool loaded = false;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, annotated& x) {
  auto save = [&x]() -> caf::error {
    return x.a == 9 ? caf::sec::invalid_argument : caf::sec::none;
  };
  auto load = [&x]() -> caf::error {
    x.loaded = true;
    return x.a == 7 ? caf::sec::invalid_argument : caf::sec::none;
  };
  return f(caf::meta::type_name("annotated"), caf::meta::save_callback(save),
           caf::meta::hex_formatted(), x.a, caf::meta::omittable_if_empty(),
           x.b, caf::meta::load_callback(load));
}

/// It is told apart what is to be done.
class account {
public:
  [[nodiscard]] std::int32_t balance() const { return balance_; }
  void set_balance(std::int32_t x) { balance_ = x; }

private:
  std::int32_t balance_ = 0;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, account& x) {
  if constexpr (Inspector::reads_state) {
    return f(caf::meta::type_name("account"), x.balance());
  } else {
    std::int32_t balance = 0;
    if (auto error = f(balance))
      return error;
    if (balance < 0)
      return caf::sec::invalid_argument;
    x.set_balance(balance);
    return caf::none;
  }
}

/// No template: it is for CAF's own serializers.
struct for_serializers {
  std::uint16_t a = 0;
  std::string b;
  std::vector<std::uint8_t> c;
};

caf::error inspect(caf::serializer& f, for_serializers& x) {
  return f(x.a, x.b, x.c);
}

caf::error inspect(caf::deserializer& f, for_serializers& x) {
  return f(x.a, x.b, x.c);
}

} // namespace inspected

TEST_CASE("annotations are skipped and callbacks are called") {
  CHECK(hex_of(inspected::annotated{1, "a"}) == "010161");
  CHECK(from<inspected::annotated>("010161")->b == "a");
  CHECK(from<inspected::annotated>("010161")->loaded);
  CHECK(from<inspected::annotated>("0700").error() == bare_error::bad_value);
  CHECK(hex_of(inspected::annotated{9, ""}) == "bad_value");
}

TEST_CASE("an inspect may ask whether it saves or loads") {
  inspected::account x;
  x.set_balance(5);
  CHECK(hex_of(x) == "05000000");
  CHECK(from<inspected::account>("05000000")->balance() == 5);
  CHECK(from<inspected::account>("ffffffff").error() == bare_error::bad_value);
  CHECK(from<inspected::account>("ffff").error() == bare_error::truncated);
}

TEST_CASE("an inspect may be for serializers alone") {
  CHECK(hex_of(inspected::for_serializers{1, "a", {2, 3}}) == "01000161020203");
  auto x = from<inspected::for_serializers>("01000161020203").value();
  CHECK(x.b == "a");
  CHECK(x.c == std::vector<std::uint8_t>{2, 3});
  CHECK(from<inspected::for_serializers>("0100016105").error()
        == bare_error::truncated);
}

TEST_CASE("CAF's own optional has the form of an optional") {
  CHECK(hex_of(caf::optional<std::int8_t>{7}) == "0107");
  CHECK(from<caf::optional<std::int8_t>>("0107") == std::int8_t{7});
  CHECK(from<caf::optional<std::int8_t>>("00") == caf::none);
  CHECK(bare_schema<caf::optional<bool>>() == "type Value optional<bool>\n");
  CHECK(hex_of(std::vector<caf::byte>{caf::byte{7}}) == "0107");
}

TEST_CASE("CAF's own variant has the form of a union") {
  using choice = caf::variant<bool, std::string>;
  CHECK(hex_of(choice{std::string{"a"}}) == "010161");
  CHECK(from<choice>("010161") == choice{std::string{"a"}});
  CHECK(from<choice>("02").error() == bare_error::bad_tag);
  CHECK(bare_schema<choice>() == "type Value union { bool = 0 | str = 1 }\n");
}

#endif
