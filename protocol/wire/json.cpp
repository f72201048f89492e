#include <node_proxy/protocol/wire/json.hpp>

#include <chrono>
#include <sstream>

#include <cereal/archives/json.hpp>

#include <node_proxy/base/hex.hpp>
#include <node_proxy/base/utf8.hpp>
#include <node_proxy/protocol/wire/address_text.hpp>

namespace node_proxy::internal {

namespace {

constexpr unsigned indent = 2;

using cereal_archive = cereal::JSONOutputArchive;

cereal_archive::Options options_for(json_style style) {
  return cereal_archive::Options{20, cereal_archive::Options::IndentChar::space,
                                 style == json_style::indented ? indent : 0};
}

std::string two_digits(std::uint64_t value) {
  return {static_cast<char>('0' + value / 10 % 10),
          static_cast<char>('0' + value % 10)};
}

/// The only element of the list that is `text`, without the indentation that
/// comes from being in a list. In JSON a line break is always layout.
std::string only_element(std::string_view text, json_style style) {
  text = text.substr(1, text.size() - 2);
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\n') {
      result += text[i];
    } else if (style == json_style::one_line) {
      if (i > 0 && text[i - 1] == ',')
        result += ' ';
    } else if (i + 1 < text.size()) {
      if (i > 0)
        result += '\n';
      i += indent;
    }
  }
  return result;
}

} // namespace

struct json_output_archive::writer {
  explicit writer(json_style wanted) : style(wanted) {
    // The root of Cereal's archive is an object unless one asks for a list;
    // from a list, a value without a name of its own can be taken.
    archive.emplace(stream, options_for(wanted));
    archive->makeArray();
  }

  template <class T>
  void write(const T& value) {
    archive->writeName();
    archive->saveValue(value);
  }

  json_style style;
  std::ostringstream stream;
  std::optional<cereal_archive> archive;
};

json_output_archive::json_output_archive(json_style style)
  : cereal::OutputArchive<json_output_archive>(this),
    writer_(std::make_unique<writer>(style)) {}

json_output_archive::~json_output_archive() = default;

std::string json_output_archive::take_text() {
  writer_->archive.reset(); // writes what is still open
  return only_element(writer_->stream.str(), writer_->style);
}

void json_output_archive::begin_object() {
  writer_->archive->startNode();
}

void json_output_archive::begin_list() {
  writer_->archive->startNode();
  writer_->archive->makeArray();
}

void json_output_archive::end() {
  writer_->archive->finishNode();
}

void json_output_archive::set_name(const char* name) {
  writer_->archive->setNextName(name);
}

void json_output_archive::write_null() {
  writer_->write(nullptr);
}

void json_output_archive::write(bool value) {
  writer_->write(value);
}

void json_output_archive::write(std::uint64_t value) {
  writer_->write(value);
}

void json_output_archive::write(const std::string& text) {
  writer_->write(to_valid_utf8(text));
}

void json_output_archive::write_hex(bytes_view data) {
  writer_->write(to_hex(data));
}

void json_output_archive::write(const ip_address& ip) {
  writer_->write(to_string(ip));
}

void json_output_archive::write(abs_time time) {
  using namespace std::chrono;
  constexpr sys_days epoch = year{2024} / 1 / 1;
  constexpr sys_days last = year{9999} / 12 / 31;
  auto day = time.minutes / (24 * 60);
  // ISO 8601 has four digits for the year.
  if (day > static_cast<std::uint64_t>((last - epoch).count()))
    return writer_->write(std::to_string(time.minutes)
                          + " minutes after 2024-01-01T00:00Z");
  year_month_day date{epoch + days{static_cast<int>(day)}};
  writer_->write(std::to_string(int{date.year()}) + '-'
                 + two_digits(unsigned{date.month()}) + '-'
                 + two_digits(unsigned{date.day()}) + 'T'
                 + two_digits(time.minutes / 60 % 24) + ':'
                 + two_digits(time.minutes % 60) + 'Z');
}

} // namespace node_proxy::internal
