// Small files that are read whole and written so that they last.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <node_proxy/actors/file_error.hpp>
#include <node_proxy/base/bytes.hpp>

namespace node_proxy::internal {

/// A file as its errors name it.
struct file_name {
  /// "key file", say.
  std::string_view kind;
  const std::string& path;
};

/// An error whose text is `name` followed by `what`.
[[nodiscard]] file_error make_file_error(file_errc code, const file_name& name,
                                         std::string_view what);

/// An error about `attempt`, which the operating system has refused: not_found
/// or io, by `errno`, and its words.
[[nodiscard]] file_error make_system_error(const file_name& name,
                                           std::string_view attempt);

/// The folder in which a path has its last part.
[[nodiscard]] std::string folder_of(const std::string& path);

/// Who may have access to a file that is read.
enum class file_access : std::uint8_t {
  /// Anybody.
  any,
  /// Anybody may read it, but not everybody write it.
  guarded,
  /// Its owner alone, who is the user of this process: what is to be found at
  /// the path itself, no symbolic link, and in a folder where nobody else can
  /// replace it (`check_folder_of`).
  owner_only,
};

/// Reads a regular file whole into `buffer`, and nothing to anywhere else.
/// @returns how much was read, always less than the size of `buffer`, as a file
///          that fills it is too large. Errors: not_found, not_regular,
///          not_private, too_large, io.
[[nodiscard]] expected<std::size_t, file_error>
read_file(const file_name& name, file_access access,
          std::span<std::byte> buffer);

/// Writes all of it, or says why not in `errno`: no signal comes of that.
[[nodiscard]] bool write_all(int fd, bytes_view content);

/// Writes a new file that only its owner may read and write. The file and its
/// name are on the disk when this returns; on error there is no file. Errors:
/// exists (also if there is a symbolic link), not_found,
/// not_private (the folder, see `check_folder_of`), io.
[[nodiscard]] expected<void, file_error>
create_private_file(const file_name& name, bytes_view content);

/// Writes a file that anybody may read, in place of the one that there is, if
/// any: whoever opens it sees either the old or the new content whole. Errors:
/// not_found, io.
[[nodiscard]] expected<void, file_error> replace_file(const file_name& name,
                                                      bytes_view content);

} // namespace node_proxy::internal
