#include "message_folder.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <node_proxy/actors/disk/small_file.hpp>
#include <node_proxy/actors/loop/descriptor.hpp>
#include <node_proxy/base/hex.hpp>

namespace node_proxy::tools {

using internal::descriptor;

namespace {

/// So many names that are taken are passed over.
constexpr int max_names = 1'000;

std::string failure(const std::string& path, std::string_view what) {
  return "folder " + path + ": " + std::string{what} + ": "
         + std::strerror(errno);
}

descriptor open_folder(const std::string& path) {
  return descriptor{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
}

/// Gives a file another name that no file has. Some file systems of networks
/// cannot do that at once.
bool rename_new(int folder, const std::string& from, const std::string& to) {
  if (::renameat2(folder, from.c_str(), folder, to.c_str(), RENAME_NOREPLACE)
      == 0)
    return true;
  if (errno != EINVAL && errno != ENOSYS)
    return false;
  return ::linkat(folder, from.c_str(), folder, to.c_str(), 0) == 0
         && ::unlinkat(folder, from.c_str(), 0) == 0;
}

std::string file_name_of(std::uint64_t time, const engine_msg& msg) {
  char digits[24];
  std::snprintf(digits, sizeof(digits), "%016llu",
                static_cast<unsigned long long>(time));
  return std::string{digits} + '-'
         + (msg.sender.node ? to_hex(msg.sender.node->data) : "local");
}

/// Files that are written, and get their names once all of them are on the
/// disk: to bring many there at once takes as long as one. Those that have none
/// at the end are removed.
class unnamed_files {
public:
  /// @param time the one in the last name.
  unnamed_files(int folder, std::uint64_t& time)
    : folder_{folder}, time_{time} {}

  unnamed_files(const unnamed_files&) = delete;
  unnamed_files& operator=(const unnamed_files&) = delete;

  ~unnamed_files() {
    for (const auto& name : names_)
      ::unlinkat(folder_, temporary_of(name).c_str(), 0);
  }

  /// Writes one more. If that fails, `errno` says why.
  [[nodiscard]] bool add(const engine_msg& msg) {
    std::string name;
    if (!create(msg, name))
      return false;
    // The umask may have taken the owner's own rights.
    auto ok = ::fchmod(last_.get(), S_IRUSR | S_IWUSR) == 0
              && internal::write_all(last_.get(), msg.msg);
    auto reason = errno;
    if (ok)
      names_.push_back(name);
    else
      ::unlinkat(folder_, temporary_of(name).c_str(), 0);
    errno = reason;
    return ok;
  }

  /// Gives them their names. If that fails, `errno` says why.
  /// @returns the names of those that have them, the first ones.
  [[nodiscard]] std::vector<std::string> name_all() {
    if (names_.empty()
        || (names_.size() == 1 ? ::fsync(last_.get()) : ::syncfs(folder_)) != 0)
      return {};
    auto end = std::ranges::find_if_not(names_, [this](const auto& name) {
      return rename_new(folder_, temporary_of(name), name);
    });
    auto reason = errno;
    std::vector<std::string> result{names_.begin(), end};
    names_.erase(names_.begin(), end);
    // Some file systems cannot do this and have no need to.
    if (::fsync(folder_) != 0 && errno != EINVAL) {
      reason = errno;
      for (const auto& name : result)
        ::unlinkat(folder_, name.c_str(), 0);
      result.clear();
    }
    errno = reason;
    return result;
  }

private:
  static std::string temporary_of(const std::string& name) {
    return '.' + name + ".part";
  }

  /// Opens a new file that is to have a name that there is not.
  bool create(const engine_msg& msg, std::string& name) {
    for (int i = 0; i < max_names; ++i) {
      name = file_name_of(++time_, msg);
      if (::faccessat(folder_, name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        continue;
      }
      // One that a killed process has left may be there.
      last_ = descriptor{
        ::openat(folder_, temporary_of(name).c_str(),
                 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                 S_IRUSR | S_IWUSR)};
      if (last_.get() >= 0)
        return true;
      if (errno != EEXIST)
        return false;
    }
    return false;
  }

  int folder_;
  std::uint64_t& time_;
  std::vector<std::string> names_;
  descriptor last_;
};

} // namespace

tl::expected<void, std::string> message_folder::check() const {
  auto folder = open_folder(path_);
  if (folder.get() < 0)
    return tl::unexpected{failure(path_, "messages cannot be saved there")
                          + "; expected a folder (mkdir)"};
  if (::faccessat(folder.get(), ".", W_OK | X_OK, AT_EACCESS) != 0)
    return tl::unexpected{failure(path_, "messages cannot be saved there")
                          + "; expected a folder in which this user may write"};
  return {};
}

message_folder::result
message_folder::save(std::span<const engine_msg> messages, std::uint64_t now) {
  // Whoever removes the folder and makes it again gets the next file.
  auto folder = open_folder(path_);
  if (folder.get() < 0)
    return {{}, failure(path_, "cannot be opened")};
  last_ = std::max(now - 1, last_);
  unnamed_files files{folder.get(), last_};
  std::string error;
  for (const auto& msg : messages) {
    if (files.add(msg))
      continue;
    error = failure(path_, "a message cannot be written");
    break;
  }
  auto names = files.name_all();
  if (names.size() < messages.size() && error.empty())
    error = failure(path_, "a message cannot be written");
  for (auto& name : names)
    name.insert(0, path_ + (path_.ends_with('/') ? "" : "/"));
  return {std::move(names), std::move(error)};
}

} // namespace node_proxy::tools
