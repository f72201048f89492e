#include <node_proxy/actors/disk/state_file.hpp>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <node_proxy/actors/disk/ownership.hpp>
#include <node_proxy/actors/disk/write_signals.hpp>

namespace node_proxy::internal {

namespace {

file_name name_of(const std::string& path) {
  return {"state file", path};
}

std::string words_for(int number) {
  return std::generic_category().message(number);
}

/// Makes sure that there is a directory for the user alone to write.
expected<void, file_error> make_directory(const std::string& path) {
  file_name name{"state directory", path};
  if (auto ok = check_folder_of(name); !ok)
    return ok;
  if (::mkdir(path.c_str(), S_IRWXU) == 0)
    return {};
  if (errno == ENOENT)
    return unexpected{make_file_error(
      file_errc::not_found, name,
      "cannot be made: the folder in which it is to be does not exist; "
      "expected one (mkdir -p)")};
  if (errno != EEXIST)
    return unexpected{make_file_error(
      file_errc::io, name,
      "cannot be made (" + words_for(errno)
        + "); expected a folder in which the user who runs the node may make "
          "it")};
  return check_own_directory(name);
}

/// Without slashes and dots, behind which a symbolic link at the end would be
/// followed.
std::string without_end(std::string path) {
  while (path.size() > 1 && (path.ends_with('/') || path.ends_with("/.")))
    path.pop_back();
  return path;
}

/// Which file has this path, if any. Errors: what the system said.
expected<std::optional<file_identity>, int>
identity_of(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0)
    return file_identity{static_cast<std::uint64_t>(info.st_dev),
                         static_cast<std::uint64_t>(info.st_ino)};
  if (errno == ENOENT || errno == ENOTDIR)
    return std::nullopt;
  return unexpected{errno};
}

/// The same for who has just opened that file.
std::optional<file_identity> known_identity_of(const std::string& path) {
  auto result = identity_of(path);
  return result ? *result : std::nullopt;
}

/// SQLite would let others read a new database.
/// @returns why there is no new file, or 0.
int make_private(const std::string& path) {
  auto fd =
    ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
           S_IRUSR | S_IWUSR);
  if (fd < 0)
    return errno;
  ::close(fd);
  return 0;
}

/// Whatever SQLite would use is ours.
expected<void, file_error> check_database_files(const std::string& path) {
  for (const auto* end : {"", "-wal", "-shm", "-journal"}) {
    auto file = path + end;
    if (auto ok = check_own_file(name_of(file)); !ok)
      return ok;
  }
  return {};
}

/// A journal begins when the database is used for the first time after this.
void use_journal(SQLite::Database& database) {
  database.exec("PRAGMA journal_mode = WAL");
  database.exec("BEGIN EXCLUSIVE; COMMIT");
}

/// Leaves no statement, with which a database cannot be closed.
void copy_to(SQLite::Database& database, const std::string& path) {
  SQLite::Statement copy{database, "VACUUM INTO ?"};
  copy.bind(1, path);
  copy.exec();
}

} // namespace

state_file::state_file(std::string directory)
  : directory_{std::move(directory)}, path_{directory_ + "/state.db"},
    journal_path_{path_ + "-wal"} {}

state_file::state_file(state_file&&) noexcept = default;

state_file& state_file::operator=(state_file&&) noexcept = default;

state_file::~state_file() {
  // SQLite writes what its journal has when it closes the database.
  write_signals_blocked guard;
  database_.reset();
}

expected<state_file, file_error>
state_file::open(const std::string& directory) {
  // An error leaves what was given, which is refused with its name.
  std::error_code ignored;
  auto absolute = std::filesystem::absolute(directory, ignored);
  state_file result{without_end(ignored ? directory : absolute.string())};
  if (auto ok = make_directory(result.directory_); !ok)
    return unexpected{std::move(ok.error())};
  // If there is one already, that is the one.
  static_cast<void>(make_private(result.path_));
  if (auto ok = check_database_files(result.path_); !ok)
    return unexpected{std::move(ok.error())};
  try {
    result.open_database();
  } catch (const SQLite::Exception& e) {
    return unexpected{result.error_of(e)};
  }
  return result;
}

/// Opens what has the path now, for this node alone.
void state_file::open_database() {
  auto database = std::make_unique<SQLite::Database>(
    path_, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  // Before anything is read, so that nobody else can use it until the end.
  database->exec("PRAGMA locking_mode = EXCLUSIVE");
  database->exec("PRAGMA synchronous = NORMAL");
  use_journal(*database);
  database_ = std::move(database);
  file_ = known_identity_of(path_);
  journal_ = known_identity_of(journal_path_);
}

expected<void, file_error> state_file::keep_in_place() {
  auto present = identity_of(path_);
  if (!present)
    return unexpected{
      make_file_error(file_errc::io, name_of(path_),
                      "cannot be found (" + words_for(present.error())
                        + "); expected it where it was when the node started")};
  if (!*present)
    return write_again();
  if (*present != file_)
    return unexpected{replaced()};
  return keep_journal();
}

/// What was in the database is here still, as long as it is open.
expected<void, file_error> state_file::write_again() {
  if (auto ok = make_directory(directory_); !ok)
    return ok;
  auto number = make_private(path_);
  if (number == EEXIST)
    return unexpected{replaced()};
  if (number != 0)
    return unexpected{make_file_error(
      file_errc::io, name_of(path_),
      "has been removed while the node was running, and cannot be made again ("
        + words_for(number)
        + "); expected a directory that the user who runs the node may write")};
  try {
    copy_to(*database_, path_);
    open_database();
  } catch (const SQLite::Exception& e) {
    // It is ours, and no state.
    ::unlink(path_.c_str());
    return unexpected{error_of(e)};
  }
  restored_ = true;
  return {};
}

/// What was written last is in the journal alone, which somebody may have
/// removed as well.
expected<void, file_error> state_file::keep_journal() {
  auto present = identity_of(journal_path_);
  if (present && *present == journal_)
    return {};
  try {
    // First, as what follows forgets the journal even if the disk is full.
    database_->exec("PRAGMA wal_checkpoint(TRUNCATE)");
    database_->exec("PRAGMA journal_mode = DELETE");
    use_journal(*database_);
  } catch (const SQLite::Exception& e) {
    return unexpected{error_of(e)};
  }
  journal_ = known_identity_of(journal_path_);
  restored_ = true;
  return {};
}

file_error state_file::replaced() const {
  return make_file_error(
    file_errc::in_use, name_of(path_),
    "has been replaced by another file while the node was running; expected "
    "that nobody else writes there. Move that one away, and the node writes "
    "its own again");
}

file_error state_file::damaged(std::string_view what) const {
  return make_file_error(
    file_errc::damaged, name_of(path_),
    std::string{what}
      + ". To begin anew, stop the node and move the file away, with "
        "state.db-wal if there is one: the node forgets then which peers are "
        "permanent, and what it knows of other nodes");
}

file_error state_file::error_of(const SQLite::Exception& e) const {
  auto error = [this](file_errc code, std::string_view what) {
    return make_file_error(code, name_of(path_), what);
  };
  std::string cause{e.what()};
  switch (e.getErrorCode()) {
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return error(file_errc::in_use, "is in use by another node; expected a "
                                    "state directory for each node");
  case SQLITE_NOTADB:
    return damaged("is no SQLite database; expected the state of a node");
  case SQLITE_CORRUPT:
  case SQLITE_MISMATCH:
  case SQLITE_ERROR:
    return damaged("is damaged (" + cause + "); expected the state of a node");
  case SQLITE_CANTOPEN:
  case SQLITE_READONLY:
  case SQLITE_PERM:
    return error(file_errc::io, "cannot be written (" + cause
                                  + "); expected a file, in a directory, that "
                                    "the user who runs the node may write");
  case SQLITE_FULL:
    return error(file_errc::io, "cannot be written: there is no room on the "
                                "disk");
  default:
    return error(file_errc::io,
                 "cannot be written or read (" + cause
                   + "): see whether the disk is full or broken, and what the "
                     "limit of file sizes is (ulimit -f)");
  }
}

} // namespace node_proxy::internal
