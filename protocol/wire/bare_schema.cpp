#include <node_proxy/protocol/wire/bare_schema.hpp>

#include <algorithm>
#include <utility>

namespace node_proxy::detail {

namespace {

constexpr std::string_view letters =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::string_view digits = "0123456789";

bool is_one_of(std::string_view characters, char x) {
  return characters.find(x) != std::string_view::npos;
}

char to_upper(char x) {
  return x >= 'a' && x <= 'z' ? static_cast<char>(x - 'a' + 'A') : x;
}

char to_lower(char x) {
  return x >= 'A' && x <= 'Z' ? static_cast<char>(x - 'A' + 'a') : x;
}

/// The words of names, each with a capital.
std::string to_pascal_case(std::string_view name) {
  std::string result;
  auto begins = true;
  for (auto x : name) {
    auto is_word = is_one_of(letters, x) || is_one_of(digits, x);
    if (is_word)
      result += begins ? to_upper(x) : x;
    begins = !is_word;
  }
  return result;
}

std::string to_camel_case(std::string_view name) {
  auto result = to_pascal_case(name);
  if (!result.empty())
    result.front() = to_lower(result.front());
  return result;
}

std::string indented(std::string_view lines) {
  std::string result;
  for (auto x : lines) {
    result += x;
    if (x == '\n')
      result += "  ";
  }
  return result;
}

/// `wanted`, or with the first number behind it that makes it a new name.
std::string make_unique(const std::set<std::string>& taken,
                        const std::string& wanted) {
  auto result = wanted;
  for (auto i = 2; taken.contains(result); ++i)
    result = wanted + std::to_string(i);
  return result;
}

} // namespace

std::string schema_type_name(std::string_view cpp) {
  // Where each name begins that namespaces may be in front of.
  std::vector<std::size_t> begins{0};
  std::string result;
  for (std::size_t i = 0; i < cpp.size(); ++i) {
    if (cpp.substr(i, 2) == "::") {
      result.resize(begins.back());
      ++i;
    } else if (cpp[i] == '<') {
      result += ' ';
      begins.push_back(result.size());
    } else if (cpp[i] == '>' && begins.size() > 1) {
      begins.pop_back();
    } else if (cpp[i] == ',') {
      result += ' ';
      begins.back() = result.size();
    } else {
      result += cpp[i];
    }
  }
  result = to_pascal_case(result);
  if (result.empty() || is_one_of(digits, result.front()))
    result.insert(0, "Type");
  return result;
}

std::string schema_constant_name(std::string_view cpp) {
  std::string result{cpp};
  for (auto& x : result)
    x = is_one_of(letters, x) || is_one_of(digits, x) ? to_upper(x) : '_';
  return result;
}

std::string schema_text::define(std::type_index type, std::string name,
                                const std::function<std::string()>& body,
                                std::string_view comment) {
  if (auto known = names_.find(type); known != names_.end())
    return known->second;
  name = take_name(name);
  names_.emplace(type, name);
  auto definition = body();
  if (is_void(definition)) {
    definition = "void";
    voids_.insert(name);
  }
  if (!comment.empty())
    definition.append(" # ").append(comment);
  definitions_ += "type " + name + ' ' + definition + '\n';
  return name;
}

std::string schema_text::define_alias(const std::string& type) {
  auto name = take_name("Alternative");
  definitions_ += "type " + name + ' ' + type + '\n';
  return name;
}

std::string schema_text::take_name(const std::string& wanted) {
  auto result = make_unique(taken_names_, wanted);
  taken_names_.insert(result);
  return result;
}

bool schema_text::is_void(const std::string& type) const {
  return voids_.contains(type);
}

void schema_fields::add(std::string_view name, std::string type) {
  auto wanted = to_camel_case(name);
  if (wanted.empty() || is_one_of(digits, wanted.front()))
    wanted = "field" + std::to_string(fields_.size() + 1);
  wanted = make_unique(names_, wanted);
  names_.insert(wanted);
  fields_.push_back({std::move(wanted), std::move(type)});
}

void schema_fields::add_value(std::string type) {
  ++values_;
  add({}, std::move(type));
}

std::string schema_fields::to_type(const schema_text& text) const {
  if (fields_.size() == 1 && values_ == 1)
    return fields_.front().type;
  auto takes_octets = [&text](const field& x) {
    return !text.is_void(x.type);
  };
  if (std::ranges::none_of(fields_, takes_octets))
    return "void";
  std::string result = "struct {\n";
  for (const auto& x : fields_)
    result.append(takes_octets(x) ? "  " : "  # ")
      .append(x.name + ": " + indented(x.type) + '\n');
  return result + '}';
}

void schema_union::add(schema_text& text, std::size_t tag, std::string type) {
  if (!types_.insert(type).second)
    type = text.define_alias(type);
  text_.append(text_.back() == '{' ? " " : " | ")
    .append(type + " = " + std::to_string(tag));
}

} // namespace node_proxy::detail
