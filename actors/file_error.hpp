// Why a key file, an advert file or the state of a node was not read or
// written.

#pragma once

#include <cstdint>
#include <string>

namespace node_proxy {

/// Why a file was not read or written.
enum class file_errc : std::uint8_t {
  /// There is no such file or folder.
  not_found,
  /// The file would have been overwritten.
  exists,
  /// It is a folder, a pipe, a device.
  not_regular,
  /// Others than the owner may read or write it.
  not_private,
  /// It is larger than such a file can be.
  too_large,
  /// Its content is not what such a file contains.
  damaged,
  /// Its content is well-formed, but the signature is not right.
  bad_signature,
  /// Somebody else has it open who needs it alone.
  in_use,
  /// The operating system said so, see the text.
  io,
};

/// An error about a file.
struct file_error {
  file_errc code = file_errc::io;
  /// In words for people: names the file, and what was expected of it.
  std::string text;
};

} // namespace node_proxy
