#include <node_proxy/actors/key_file.hpp>

#include <algorithm>
#include <string_view>

#include <node_proxy/actors/disk/small_file.hpp>
#include <node_proxy/actors/loop/os_random.hpp>
#include <node_proxy/base/hex.hpp>
#include <node_proxy/protocol/crypto/crypto_init.hpp>

namespace node_proxy {

using namespace internal;

namespace {

constexpr std::string_view head = "node-proxy key v1\nid ";
constexpr std::string_view middle = "\nseed ";
constexpr std::string_view tail = "\n";
constexpr std::size_t digits = 64;
constexpr std::size_t id_at = head.size();
constexpr std::size_t middle_at = id_at + digits;
constexpr std::size_t seed_at = middle_at + middle.size();
constexpr std::size_t tail_at = seed_at + digits;
constexpr std::size_t file_size = tail_at + tail.size();

/// For what editors and other systems add, see `plain_text`.
constexpr std::size_t room_for_decoration = 256;

constexpr std::string_view expectation =
  "; expected the three lines that `node-proxy keygen` writes";

/// The text of a key file, which is as secret as the key in it.
using key_text = secret<file_size>;

void put(key_text& text, std::size_t at, std::string_view part) {
  auto octets = as_bytes(part);
  std::copy(octets.begin(), octets.end(), text.data() + at);
}

void put_hex(key_text& text, std::size_t at, bytes_view octets) {
  write_hex(octets, std::span{text.data(), text.size()}.subspan(at));
}

key_text to_text(const identity& self) {
  key_text text;
  // In the order of the file: what follows hex takes the place of its zero.
  put(text, 0, head);
  put_hex(text, id_at, self.id().data);
  put(text, middle_at, middle);
  put_hex(text, seed_at, self.seed());
  put(text, tail_at, tail);
  return text;
}

/// The seed that `text` has in its place; all zeros if there is none.
secret_key seed_in(const key_text& text) {
  secret_key seed;
  auto place = as_text(text.view()).substr(seed_at, digits);
  if (!read_hex(place, {seed.data(), seed.size()}))
    return {};
  return seed;
}

bool is_blank(std::byte x) {
  return x == std::byte{' '} || x == std::byte{'\t'};
}

/// Takes away, in its place, what does not belong to the text: a mark of UTF-8
/// at the beginning, carriage returns, blank space at the ends of lines, empty
/// lines at the end. What is left ends with a line end.
/// @param buffer the text, which takes `size` octets, and room for one more.
/// @returns how long it is then.
std::size_t plain_text(std::span<std::byte> buffer, std::size_t size) {
  constexpr std::string_view mark = "\xef\xbb\xbf";
  constexpr std::byte line_end{'\n'};
  auto text = buffer.first(size);
  auto from = text.begin();
  if (as_text(text).starts_with(mark))
    from += mark.size();
  auto to = text.begin();
  auto trim = [&](auto is_superfluous) {
    while (to != text.begin() && is_superfluous(*(to - 1)))
      --to;
  };
  for (; from != text.end(); ++from) {
    if (*from == std::byte{'\r'})
      continue;
    if (*from == line_end)
      trim(is_blank);
    *to++ = *from;
  }
  trim([](std::byte x) { return is_blank(x) || x == line_end; });
  auto result = static_cast<std::size_t>(to - text.begin());
  buffer[result] = line_end;
  return result + 1;
}

/// What is wrong with a text that is not that of a key file.
std::string damage_of(bytes_view text) {
  std::string what = "is damaged: seed and node id are incomplete, or do not "
                     "belong together";
  if (text.size() <= 1)
    what = "is empty";
  else if (!as_text(text).starts_with(head.substr(0, head.find('\n'))))
    what = "contains no key of this version";
  return what.append(expectation);
}

} // namespace

identity make_identity() {
  // This makes libsodium's source of randomness ready. If it cannot, the next
  // call ends the program.
  static_cast<void>(init_crypto());
  return identity::from_seed(os_random_key());
}

tl::expected<identity, file_error> load_identity(const std::string& path) {
  file_name name{"key file", path};
  secret<file_size + room_for_decoration> buffer;
  auto size =
    read_file(name, file_access::owner_only, {buffer.data(), buffer.size()});
  if (!size)
    return tl::unexpected{std::move(size.error())};
  auto plain_size = plain_text({buffer.data(), buffer.size()}, *size);
  if (plain_size == file_size) {
    key_text text{buffer.view().first<file_size>()};
    auto self = identity::from_seed(seed_in(text));
    // There is one way to write an identity: whatever else the file has in it
    // is damage.
    if (text == to_text(self))
      return self;
  }
  return tl::unexpected{make_file_error(
    file_errc::damaged, name, damage_of(buffer.view().first(plain_size)))};
}

tl::expected<void, file_error> save_identity(const std::string& path,
                                             const identity& self) {
  auto text = to_text(self);
  return create_private_file({"key file", path}, text.view());
}

} // namespace node_proxy
