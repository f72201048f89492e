// Whether others can get at what is this user's alone.

#pragma once

#include <sys/types.h>

#include <node_proxy/actors/disk/small_file.hpp>

struct stat;

namespace node_proxy::internal {

/// That it is owned by the user who runs this process, and that nobody in
/// `forbidden`, which are bits of a mode, has access. Errors: not_private.
[[nodiscard]] expected<void, file_error>
check_owner(const file_name& name, const struct stat& info, mode_t forbidden);

/// That nobody else can put something in the place of this file or directory:
/// the folder in which it is belongs to this user or to root, and is written by
/// its owner alone, or sticky as /tmp is. Folders above are not looked at. A
/// folder that cannot be looked at is no error here: what is in it cannot be
/// used either. Errors: not_private.
[[nodiscard]] expected<void, file_error> check_folder_of(const file_name& name);

/// That it is a directory, no symbolic link to one, and for its owner alone to
/// write. Errors: not_found, not_regular, not_private, io.
[[nodiscard]] expected<void, file_error>
check_own_directory(const file_name& name);

/// That it is a regular file, no symbolic link to one, and for its owner alone
/// to write, or that there is none. It is not opened: closing it again would
/// take away the locks that this process has there. So its directory is one
/// that only its owner can write. Errors: not_regular, not_private, io.
[[nodiscard]] expected<void, file_error> check_own_file(const file_name& name);

} // namespace node_proxy::internal
