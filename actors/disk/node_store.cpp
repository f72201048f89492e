#include <node_proxy/actors/disk/node_store.hpp>

#include <algorithm>
#include <utility>

#include <SQLiteCpp/SQLiteCpp.h>

#include <node_proxy/actors/disk/write_signals.hpp>
#include <node_proxy/base/hex.hpp>
#include <node_proxy/protocol/wire/advert.hpp>
#include <node_proxy/protocol/wire/bare.hpp>

namespace node_proxy::internal {

namespace {

/// "NPst", by which SQLite databases of this kind are told from others.
constexpr int application_id = 0x4e507374;

/// Of the tables below.
constexpr int schema_version = 1;

/// Nodes are in the order of `place`, as one that is replaced gets a new one.
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
expected<void, file_error> prepare(const state_file& file,
                                   const node_id& self) {
  auto& database = file.database();
  auto application = number(database, "PRAGMA application_id");
  auto version = number(database, "PRAGMA user_version");
  auto tables = number(database, "SELECT count(*) FROM sqlite_schema");
  if (application == 0 && version == 0 && tables == 0)
    create(database, self);
  else if (application != application_id)
    return unexpected{file.damaged("is the database of another program; "
                                   "expected the state of a node")};
  else if (version != schema_version)
    return unexpected{file.damaged("has version " + std::to_string(version)
                                   + "; expected "
                                   + std::to_string(schema_version))};
  auto health = database.execAndGet("PRAGMA quick_check(1)").getString();
  if (health != "ok")
    return unexpected{file.damaged("is damaged (" + health
                                   + "); expected the state of a "
                                     "node")};
  SQLite::Statement owner{database, "SELECT id FROM self"};
  auto id = owner.executeStep() ? id_in(owner.getColumn(0)) : std::nullopt;
  if (!id)
    return unexpected{file.damaged("does not say whose it is")};
  if (*id != self)
    return unexpected{file.damaged("is the state of node " + to_hex(id->data)
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

node_store::node_store(state_file file) : file_(std::move(file)) {
  // nop
}

expected<node_store, file_error> node_store::open(const std::string& directory,
                                                  const node_id& self) {
  write_signals_blocked guard;
  auto file = state_file::open(directory);
  if (!file)
    return unexpected{std::move(file.error())};
  try {
    if (auto ok = prepare(*file, self); !ok)
      return unexpected{std::move(ok.error())};
  } catch (const SQLite::Exception& e) {
    return unexpected{file->error_of(e)};
  }
  return node_store{std::move(*file)};
}

expected<void, file_error> node_store::load_ids(const std::string& table,
                                                std::vector<node_id>& ids) {
  SQLite::Statement query{file_.database(), "SELECT id FROM " + table};
  while (query.executeStep()) {
    auto id = id_in(query.getColumn(0));
    if (!id)
      return unexpected{file_.damaged("contains a peer without a node id")};
    ids.push_back(*id);
  }
  return {};
}

void node_store::apply_ids(const std::string& table,
                           const std::unordered_map<node_id, bool>& changes) {
  SQLite::Statement add{file_.database(),
                        "INSERT OR IGNORE INTO " + table + " VALUES (?)"};
  SQLite::Statement remove{file_.database(),
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
      file_.database().execAndGet("SELECT version FROM self").getInt64());
    SQLite::Statement nodes{
      file_.database(), "SELECT advert, addresses FROM node ORDER BY place"};
    while (nodes.executeStep()) {
      auto advert = decode<node_advert>(blob(nodes.getColumn(0)));
      if (!advert || !verify_advert(*advert))
        return unexpected{file_.damaged("contains an advert that its node "
                                        "has not signed")};
      auto addresses = decode<address_memory>(blob(nodes.getColumn(1)));
      if (!addresses)
        return unexpected{file_.damaged("contains addresses of a node that "
                                        "cannot be read")};
      result.nodes.push_back({std::move(*advert), std::move(*addresses)});
    }
    if (auto ok = load_ids("permanent_peer", result.permanent_peers); !ok)
      return unexpected{ok.error()};
    if (auto ok = load_ids("connected_peer", result.connected_peers); !ok)
      return unexpected{ok.error()};
  } catch (const SQLite::Exception& e) {
    return unexpected{file_.error_of(e)};
  }
  return result;
}

expected<void, file_error> node_store::apply(const state_changes& changes) {
  write_signals_blocked guard;
  if (auto ok = file_.keep_in_place(); !ok)
    return ok;
  try {
    SQLite::Transaction transaction{file_.database()};
    if (changes.own_version) {
      SQLite::Statement update{file_.database(), "UPDATE self SET version = ?"};
      update.bind(1, static_cast<std::int64_t>(*changes.own_version));
      update.exec();
    }
    write_nodes(file_.database(), changes);
    apply_ids("permanent_peer", changes.permanent);
    apply_ids("connected_peer", changes.connected);
    transaction.commit();
  } catch (const SQLite::Exception& e) {
    return unexpected{file_.error_of(e)};
  }
  return {};
}

} // namespace node_proxy::internal
