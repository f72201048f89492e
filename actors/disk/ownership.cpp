#include <node_proxy/actors/disk/ownership.hpp>

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <node_proxy/actors/loop/descriptor.hpp>

namespace node_proxy::internal {

namespace {

constexpr mode_t written_by_others = S_IWGRP | S_IWOTH;

std::string octal(mode_t mode) {
  constexpr std::string_view digits = "01234567";
  std::string result{"0"};
  for (auto shift : {6U, 3U, 0U})
    result += digits[(mode >> shift) & 7U];
  return result;
}

unexpected<file_error> refused(const file_name& name, std::string_view what) {
  return unexpected{make_file_error(file_errc::not_private, name, what)};
}

unexpected<file_error> not_examined(const file_name& name) {
  return unexpected{make_system_error(name, "cannot be examined")};
}

unexpected<file_error> is_link(const file_name& name, std::string_view kind) {
  return unexpected{
    make_file_error(file_errc::not_regular, name,
                    "is a symbolic link; expected the " + std::string{kind}
                      + " itself: name what the link points to")};
}

} // namespace

expected<void, file_error>
check_owner(const file_name& name, const struct stat& info, mode_t forbidden) {
  if (info.st_uid != ::geteuid())
    return refused(name, "is owned by user " + std::to_string(info.st_uid)
                           + "; expected the user who runs this, "
                           + std::to_string(::geteuid()) + " (chown)");
  if ((info.st_mode & forbidden) == 0)
    return {};
  if (forbidden == written_by_others)
    return refused(name,
                   "has mode " + octal(info.st_mode)
                     + ", so others than its owner may write it; expected "
                       "one that they may not (chmod go-w)");
  return refused(name, "has mode " + octal(info.st_mode)
                         + ", so others than its owner have access to it; "
                           "expected mode 0600 (chmod 600)");
}

expected<void, file_error> check_folder_of(const file_name& name) {
  auto folder = folder_of(name.path);
  struct stat info {};
  if (::stat(folder.c_str(), &info) != 0)
    return {};
  if (info.st_uid != ::geteuid() && info.st_uid != 0)
    return refused(name, "is in the folder " + folder + " of user "
                           + std::to_string(info.st_uid)
                           + ", who may replace it; expected a folder of the "
                             "user who runs this, or of root");
  if ((info.st_mode & written_by_others) != 0 && (info.st_mode & S_ISVTX) == 0)
    return refused(name, "is in the folder " + folder + ", which has mode "
                           + octal(info.st_mode)
                           + ", so others may replace it; expected a folder "
                             "that only its owner may write (chmod go-w "
                           + folder + ")");
  return {};
}

expected<void, file_error> check_own_directory(const file_name& name) {
  // This opens whatever there is, and does nothing to it.
  descriptor fd{::open(name.path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
  struct stat info {};
  if (fd.get() < 0 || ::fstat(fd.get(), &info) != 0)
    return not_examined(name);
  if (S_ISLNK(info.st_mode))
    return is_link(name, "directory");
  if (!S_ISDIR(info.st_mode))
    return unexpected{
      make_file_error(file_errc::not_regular, name,
                      "is not a directory; expected one, or nothing")};
  return check_owner(name, info, written_by_others);
}

expected<void, file_error> check_own_file(const file_name& name) {
  struct stat info {};
  if (::lstat(name.path.c_str(), &info) != 0) {
    if (errno == ENOENT)
      return {};
    return not_examined(name);
  }
  if (S_ISLNK(info.st_mode))
    return is_link(name, "file");
  if (!S_ISREG(info.st_mode))
    return unexpected{make_file_error(
      file_errc::not_regular, name,
      "is no regular file; expected one, or nothing: move it away")};
  return check_owner(name, info, written_by_others);
}

} // namespace node_proxy::internal
