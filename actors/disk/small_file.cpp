#include <node_proxy/actors/disk/small_file.hpp>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <node_proxy/actors/disk/ownership.hpp>
#include <node_proxy/actors/disk/write_signals.hpp>
#include <node_proxy/actors/loop/descriptor.hpp>

namespace node_proxy::internal {

namespace {

/// Makes names of files last: that of a new file is part of its folder.
bool sync_folder_of(const std::string& path) {
  descriptor fd{
    ::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  // Some file systems cannot do this and have no need to.
  return fd.get() >= 0 && (::fsync(fd.get()) == 0 || errno == EINVAL);
}

expected<void, file_error> check_kind(const file_name& name, int fd,
                                      file_access access) {
  struct stat info {};
  if (::fstat(fd, &info) != 0)
    return unexpected{make_system_error(name, "cannot be examined")};
  if (!S_ISREG(info.st_mode))
    return unexpected{make_file_error(file_errc::not_regular, name,
                                      S_ISDIR(info.st_mode)
                                        ? "is a directory; expected a file"
                                        : "is no regular file; expected one")};
  if (access == file_access::guarded && (info.st_mode & S_IWOTH) != 0)
    return unexpected{make_file_error(
      file_errc::not_private, name,
      "may be written by everybody; expected a file that may not (chmod o-w)")};
  if (access != file_access::owner_only)
    return {};
  return check_owner(name, info, S_IRWXG | S_IRWXO);
}

} // namespace

file_error make_file_error(file_errc code, const file_name& name,
                           std::string_view what) {
  std::string text{name.kind};
  text.append(" ").append(name.path).append(" ").append(what);
  return {code, std::move(text)};
}

file_error make_system_error(const file_name& name, std::string_view attempt) {
  auto number = errno;
  auto code = file_errc::io;
  if (number == ENOENT || number == ENOTDIR)
    code = file_errc::not_found;
  std::string what{attempt};
  what += ": ";
  what += std::generic_category().message(number);
  return make_file_error(code, name, what);
}

std::string folder_of(const std::string& path) {
  auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

expected<std::size_t, file_error> read_file(const file_name& name,
                                            file_access access,
                                            std::span<std::byte> buffer) {
  auto is_private = access == file_access::owner_only;
  if (is_private)
    if (auto ok = check_folder_of(name); !ok)
      return unexpected{std::move(ok.error())};
  // O_NONBLOCK keeps a named pipe without a writer from stopping us.
  descriptor fd{::open(name.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY
                                            | O_NONBLOCK
                                            | (is_private ? O_NOFOLLOW : 0))};
  if (fd.get() < 0 && errno == ELOOP && is_private)
    return unexpected{make_file_error(
      file_errc::not_regular, name,
      "is a symbolic link; expected the file itself: name what the link points "
      "to")};
  if (fd.get() < 0)
    return unexpected{make_system_error(name, "cannot be opened")};
  if (auto checked = check_kind(name, fd.get(), access); !checked)
    return unexpected{std::move(checked.error())};
  std::size_t size = 0;
  while (size < buffer.size()) {
    auto count = ::read(fd.get(), buffer.data() + size, buffer.size() - size);
    if (count == 0)
      return size;
    if (count > 0)
      size += static_cast<std::size_t>(count);
    else if (errno != EINTR)
      return unexpected{make_system_error(name, "cannot be read")};
  }
  return unexpected{make_file_error(file_errc::too_large, name,
                                    "is too large; expected at most "
                                      + std::to_string(buffer.size() - 1)
                                      + " bytes")};
}

bool write_all(int fd, bytes_view content) {
  write_signals_blocked guard;
  while (!content.empty()) {
    auto count = ::write(fd, content.data(), content.size());
    if (count < 0 && errno != EINTR)
      return false;
    if (count > 0)
      content = content.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

expected<void, file_error> create_private_file(const file_name& name,
                                               bytes_view content) {
  const auto& path = name.path;
  if (auto ok = check_folder_of(name); !ok)
    return ok;
  descriptor fd{::open(path.c_str(),
                       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                       S_IRUSR | S_IWUSR)};
  if (fd.get() < 0 && errno == EEXIST)
    return unexpected{make_file_error(
      file_errc::exists, name,
      "is there already, and is not overwritten; expected the name of a new "
      "file")};
  if (fd.get() < 0)
    return unexpected{make_system_error(name, "cannot be created")};
  // The umask may have taken the owner's own rights.
  if (::fchmod(fd.get(), S_IRUSR | S_IWUSR) != 0
      || !write_all(fd.get(), content) || ::fsync(fd.get()) != 0
      || !sync_folder_of(path)) {
    auto error = make_system_error(name, "cannot be written");
    ::unlink(path.c_str());
    return unexpected{std::move(error)};
  }
  return {};
}

expected<void, file_error> replace_file(const file_name& name,
                                        bytes_view content) {
  auto temporary = name.path + ".XXXXXX";
  descriptor fd{::mkostemp(temporary.data(), O_CLOEXEC)};
  if (fd.get() < 0)
    return unexpected{make_system_error(name, "cannot be created")};
  if (::fchmod(fd.get(), S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH) != 0
      || !write_all(fd.get(), content) || ::fsync(fd.get()) != 0
      || ::rename(temporary.c_str(), name.path.c_str()) != 0) {
    auto error = make_system_error(name, "cannot be written");
    ::unlink(temporary.c_str());
    return unexpected{std::move(error)};
  }
  if (!sync_folder_of(name.path))
    return unexpected{make_system_error(name, "cannot be written")};
  return {};
}

} // namespace node_proxy::internal
