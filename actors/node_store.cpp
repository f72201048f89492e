#include <node_proxy/actors/node_store.hpp>

#include <cerrno>
#include <system_error>
#include <utility>

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <node_proxy/actors/write_signals.hpp>
#include <node_proxy/protocol/advert.hpp>
#include <node_proxy/protocol/bare.hpp>
#include <node_proxy/protocol/hex.hpp>

namespace node_proxy {

namespace {

/// "NPst", by which SQLite databases of this kind are told from others.
constexpr int application_id = 0x4e507374;

/// Of the tables below.
constexpr int schema_version = 1;

/// Beyond so many changes of nodes those are dropped that only spare room.
constexpr std::size_t most_nodes = 65'536;

/// Nodes that are told in `node` come in the order of `place`, as one that is
/// replaced gets a new place.
constexpr const char* schema = R"(
  CREATE TABLE self (
    id BLOB NOT NULL,
    version INTEGER NOT NULL);
  CREATE TABLE node (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE,
    advert BLOB NOT NULL,
    addresses BLOB NOT NULL);
  CREATE TABLE permanent_peer (
    id BLOB NOT NULL PRIMARY KEY) WITHOUT ROWID;
  CREATE TABLE connected_peer (
    id BLOB NOT NULL PRIMARY KEY) WITHOUT ROWID;
)";

file_name name_of(const std::string& path) {
  return {"state file", path};
}

/// It is never repaired by guessing: an operator may have a copy.
file_error damaged(const std::string& path, const std::string& what) {
  return make_file_error(
    file_errc::damaged, name_of(path),
    what
      + ". To begin anew, move it away: the node forgets then which peers "
        "are permanent, and the adverts of other nodes");
}

file_error error_of(const std::string& path, const SQLite::Exception& e) {
  switch (e.getErrorCode()) {
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return make_file_error(file_errc::in_use, name_of(path),
                           "is in use by another node; expected a state "
                           "directory for each node");
  case SQLITE_NOTADB:
    return damaged(path, "is no SQLite database; expected the state of a "
                         "node");
  case SQLITE_CORRUPT:
  case SQLITE_MISMATCH:
  case SQLITE_ERROR:
    return damaged(path, "is damaged (" + std::string{e.what()}
                           + "); expected the state of a node");
  case SQLITE_CANTOPEN:
  case SQLITE_READONLY:
  case SQLITE_PERM:
    return make_file_error(file_errc::io, name_of(path),
                           "cannot be written (" + std::string{e.what()}
                             + "); expected a file, in a directory, that the "
                               "user who runs the node may write");
  case SQLITE_FULL:
    return make_file_error(file_errc::io, name_of(path),
                           "cannot be written: there is no room on the disk");
  default:
    return make_file_error(file_errc::io, name_of(path),
                           "cannot be written or read (" + std::string{e.what()}
                             + "): see whether the disk is full or broken, and "
                               "what the limit of file sizes is (ulimit -f)");
  }
}

/// Makes sure that there is a directory.
expected<void, file_error> make_directory(const std::string& path) {
  file_name name{"state directory", path};
  if (::mkdir(path.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    auto number = errno;
    auto code = number == ENOENT ? file_errc::not_found : file_errc::io;
    return unexpected{make_file_error(
      code, name,
      "cannot be made: " + std::generic_category().message(number))};
  }
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))
    return unexpected{
      make_file_error(file_errc::not_regular, name,
                      "is no directory; expected one, or nothing")};
  return {};
}

/// Which file has this path.
std::optional<file_identity> identity_of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0)
    return std::nullopt;
  return file_identity{static_cast<std::uint64_t>(info.st_dev),
                       static_cast<std::uint64_t>(info.st_ino)};
}

/// Opens a database for this node alone.
std::unique_ptr<SQLite::Database> open_alone(const std::string& path) {
  auto result = std::make_unique<SQLite::Database>(
    path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  // Before anything is read, so that nobody else can use it until the end.
  result->exec("PRAGMA locking_mode = EXCLUSIVE");
  result->exec("PRAGMA journal_mode = WAL");
  result->exec("PRAGMA synchronous = NORMAL");
  result->exec("BEGIN EXCLUSIVE; COMMIT");
  return result;
}

/// SQLite would let others read a new database.
void make_private(const std::string& path) {
  auto fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
                   S_IRUSR | S_IWUSR);
  if (fd >= 0)
    ::close(fd);
}

int number(SQLite::Database& database, const char* query) {
  return database.execAndGet(query).getInt();
}

void bind_bytes(SQLite::Statement& statement, int index, bytes_view data) {
  statement.bind(index, data.data(), static_cast<int>(data.size()));
}

bytes_view blob(const SQLite::Column& column) {
  return {static_cast<const std::byte*>(column.getBlob()),
          static_cast<std::size_t>(column.getBytes())};
}

std::optional<node_id> id_in(const SQLite::Column& column) {
  auto octets = blob(column);
  node_id result;
  if (octets.size() != result.data.size())
    return std::nullopt;
  std::copy(octets.begin(), octets.end(), result.data.begin());
  return result;
}

void create(SQLite::Database& database, const node_id& self) {
  SQLite::Transaction transaction{database};
  database.exec(schema);
  SQLite::Statement insert{database, "INSERT INTO self VALUES (?, 0)"};
  bind_bytes(insert, 1, self.data);
  insert.exec();
  database.exec("PRAGMA application_id = " + std::to_string(application_id));
  database.exec("PRAGMA user_version = " + std::to_string(schema_version));
  transaction.commit();
}

/// Checks that the database is one of ours, after making it so if it is new.
expected<void, file_error> prepare(const std::string& path,
                                   SQLite::Database& database,
                                   const node_id& self) {
  auto application = number(database, "PRAGMA application_id");
  auto version = number(database, "PRAGMA user_version");
  auto tables = number(database, "SELECT count(*) FROM sqlite_schema");
  if (application == 0 && version == 0 && tables == 0)
    create(database, self);
  else if (application != application_id)
    return unexpected{damaged(path, "is the database of another program; "
                                    "expected the state of a node")};
  else if (version != schema_version)
    return unexpected{damaged(path, "has version " + std::to_string(version)
                                      + "; expected "
                                      + std::to_string(schema_version))};
  auto health = database.execAndGet("PRAGMA quick_check(1)").getString();
  if (health != "ok")
    return unexpected{damaged(path, "is damaged (" + health
                                      + "); expected the state of a "
                                        "node")};
  SQLite::Statement owner{database, "SELECT id FROM self"};
  auto id = owner.executeStep() ? id_in(owner.getColumn(0)) : std::nullopt;
  if (!id)
    return unexpected{damaged(path, "does not say whose it is")};
  if (*id != self)
    return unexpected{damaged(path, "is the state of node " + to_hex(id->data)
                                      + "; expected that of node "
                                      + to_hex(self.data))};
  return {};
}

void write_nodes(SQLite::Database& database, const state_changes& changes) {
  SQLite::Statement put{database, "INSERT OR REPLACE INTO node "
                                  "(id, advert, addresses) VALUES (?, ?, ?)"};
  SQLite::Statement drop{database, "DELETE FROM node WHERE id = ?"};
  for (const auto& [id, node] : changes.nodes) {
    bytes advert;
    bytes addresses;
    auto kept = node && encode_to(advert, node->advert)
                && encode_to(addresses, node->addresses);
    auto& statement = kept ? put : drop;
    statement.reset();
    bind_bytes(statement, 1, id.data);
    if (kept) {
      bind_bytes(statement, 2, advert);
      bind_bytes(statement, 3, addresses);
    }
    statement.exec();
  }
}

} // namespace

void state_changes::add(const state_changes& later) {
  if (later.own_version)
    own_version = later.own_version;
  for (const auto& [id, node] : later.nodes)
    nodes.insert_or_assign(id, node);
  for (const auto& [id, is_permanent] : later.permanent)
    permanent.insert_or_assign(id, is_permanent);
  for (const auto& [id, is_connected] : later.connected)
    connected.insert_or_assign(id, is_connected);
  // Each is at most a needless attempt, or a missing one.
  if (connected.size() > most_nodes)
    connected.clear();
  if (nodes.size() > most_nodes)
    std::erase_if(nodes, [](const auto& x) { return !x.second; });
}

node_store::node_store(std::string directory, std::string path,
                       std::unique_ptr<SQLite::Database> database)
  : directory_(std::move(directory)), path_(std::move(path)),
    file_(identity_of(path_)), database_(std::move(database)) {
  // nop
}

node_store::node_store(node_store&&) noexcept = default;

node_store& node_store::operator=(node_store&&) noexcept = default;

node_store::~node_store() = default;

expected<node_store, file_error> node_store::open(const std::string& directory,
                                                  const node_id& self) {
  write_signals_blocked guard;
  if (auto ok = make_directory(directory); !ok)
    return unexpected{std::move(ok.error())};
  auto path = directory + "/state.db";
  make_private(path);
  try {
    auto database = open_alone(path);
    if (auto ok = prepare(path, *database, self); !ok)
      return unexpected{std::move(ok.error())};
    return node_store{directory, std::move(path), std::move(database)};
  } catch (const SQLite::Exception& e) {
    return unexpected{error_of(path, e)};
  }
}

expected<void, file_error> node_store::load_ids(const std::string& table,
                                                std::vector<node_id>& ids) {
  SQLite::Statement query{*database_, "SELECT id FROM " + table};
  while (query.executeStep()) {
    auto id = id_in(query.getColumn(0));
    if (!id)
      return unexpected{damaged(path_, "contains a peer without a node id")};
    ids.push_back(*id);
  }
  return {};
}

void node_store::apply_ids(const std::string& table,
                           const std::unordered_map<node_id, bool>& changes) {
  SQLite::Statement add{*database_,
                        "INSERT OR IGNORE INTO " + table + " VALUES (?)"};
  SQLite::Statement remove{*database_,
                           "DELETE FROM " + table + " WHERE id = ?"};
  for (const auto& [id, is_in] : changes) {
    auto& statement = is_in ? add : remove;
    statement.reset();
    bind_bytes(statement, 1, id.data);
    statement.exec();
  }
}

expected<stored_state, file_error> node_store::load() {
  stored_state result;
  try {
    result.own_version = static_cast<std::uint64_t>(
      database_->execAndGet("SELECT version FROM self").getInt64());
    SQLite::Statement nodes{
      *database_, "SELECT advert, addresses FROM node ORDER BY place"};
    while (nodes.executeStep()) {
      auto advert = decode<node_advert>(blob(nodes.getColumn(0)));
      if (!advert || !verify_advert(*advert))
        return unexpected{damaged(path_, "contains an advert that its node "
                                         "has not signed")};
      auto addresses = decode<address_memory>(blob(nodes.getColumn(1)));
      if (!addresses)
        return unexpected{damaged(path_, "contains addresses of a node that "
                                         "cannot be read")};
      result.nodes.push_back({std::move(*advert), std::move(*addresses)});
    }
    if (auto ok = load_ids("permanent_peer", result.permanent_peers); !ok)
      return unexpected{ok.error()};
    if (auto ok = load_ids("connected_peer", result.connected_peers); !ok)
      return unexpected{ok.error()};
  } catch (const SQLite::Exception& e) {
    return unexpected{error_of(path_, e)};
  }
  return result;
}

/// Somebody may have removed the file, or its directory. What was in it is here
/// still, as long as it is open.
expected<void, file_error> node_store::keep_in_place() {
  auto present = identity_of(path_);
  if (present && present == file_)
    return {};
  if (present)
    return unexpected{make_file_error(
      file_errc::in_use, name_of(path_),
      "has been replaced by another file while the node was running; expected "
      "that nobody else writes there. Move it away, and the node writes its "
      "own again")};
  if (auto ok = make_directory(directory_); !ok)
    return ok;
  make_private(path_);
  try {
    SQLite::Statement copy{*database_, "VACUUM INTO ?"};
    copy.bind(1, path_);
    copy.exec();
    database_ = open_alone(path_);
  } catch (const SQLite::Exception& e) {
    ::unlink(path_.c_str());
    return unexpected{error_of(path_, e)};
  }
  file_ = identity_of(path_);
  restored_ = true;
  return {};
}

expected<void, file_error> node_store::apply(const state_changes& changes) {
  write_signals_blocked guard;
  if (auto ok = keep_in_place(); !ok)
    return ok;
  try {
    SQLite::Transaction transaction{*database_};
    if (changes.own_version) {
      SQLite::Statement update{*database_, "UPDATE self SET version = ?"};
      update.bind(1, static_cast<std::int64_t>(*changes.own_version));
      update.exec();
    }
    write_nodes(*database_, changes);
    apply_ids("permanent_peer", changes.permanent);
    apply_ids("connected_peer", changes.connected);
    transaction.commit();
  } catch (const SQLite::Exception& e) {
    return unexpected{error_of(path_, e)};
  }
  return {};
}

} // namespace node_proxy
