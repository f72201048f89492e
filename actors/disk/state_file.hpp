// The database file in which a node keeps its state, and what others do to it.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <node_proxy/actors/disk/small_file.hpp>

namespace SQLite {
class Database;
class Exception;
} // namespace SQLite

namespace node_proxy::internal {

/// Tells files apart, whatever their names.
struct file_identity {
  std::uint64_t device = 0;
  std::uint64_t number = 0;

  friend bool operator==(const file_identity&, const file_identity&) = default;
};

/// The SQLite database `state.db` in a directory, open for its owner alone. It
/// stays where it was opened, also if the process changes its folder.
class state_file {
public:
  /// What does not exist is made, with access for the user alone. Errors:
  /// not_found (no folder for the directory), not_regular (no directory, or
  /// a symbolic link to one), not_private (others may write there, or own it),
  /// in_use, damaged, io.
  [[nodiscard]] static expected<state_file, file_error>
  open(const std::string& directory);

  state_file(state_file&&) noexcept;
  state_file& operator=(state_file&&) noexcept;
  ~state_file();

  [[nodiscard]] SQLite::Database& database() const { return *database_; }

  [[nodiscard]] const std::string& path() const { return path_; }

  /// To be called before something is written: SQLite goes on writing to files
  /// that have no name any more, and with the process all of it would be gone.
  /// If somebody has removed the database, its journal or the directory, they
  /// are made again, with all that was in them. Errors: in_use (there is
  /// another file in its place, which is left alone), those of `open`.
  [[nodiscard]] expected<void, file_error> keep_in_place();

  /// Whether `keep_in_place` had to make something again since the last call.
  [[nodiscard]] bool take_restored() { return std::exchange(restored_, false); }

  /// It is never repaired by guessing: an operator may have a copy.
  /// @param what goes on after the name of the file: "does not ...".
  [[nodiscard]] file_error damaged(std::string_view what) const;

  /// What an exception of SQLite's says to an operator.
  [[nodiscard]] file_error error_of(const SQLite::Exception& e) const;

private:
  explicit state_file(std::string directory);

  void open_database();
  expected<void, file_error> write_again();
  expected<void, file_error> keep_journal();
  file_error replaced() const;

  std::string directory_;
  std::string path_;
  std::string journal_path_;
  std::optional<file_identity> file_;
  std::optional<file_identity> journal_;
  bool restored_ = false;
  std::unique_ptr<SQLite::Database> database_;
};

} // namespace node_proxy::internal
