// What engines and their node say to each other, besides `engine_msg` and
// `node_out_msg`.

#pragma once

#include <concepts>
#include <memory>
#include <tuple>
#include <utility>

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/actors/caf/messages.hpp>
#include <node_proxy/messages/identities.hpp>

namespace node_proxy {

namespace internal {

class engine_interface;

} // namespace internal

// An engine is any actor that takes `engine_msg`, or `engine_msg_batch` if it
// registered for batches. A message counts as taken, and is acknowledged to its
// sender, when the engine's handler for it has returned, with anything but an
// error. What it answers later, by a promise or in another's name, is of no
// interest. A handler of batches may return `batch_taken`: then only those
// messages count. Whatever becomes of an engine, no message is handed out
// twice:
//
// - Its handler throws or returns an error: `engine_failed`, or `malformed` if
//   the error is that.
// - It quits: the message at hand is taken, those after it are `engine_gone`.
// - It is killed: what it had not come to is `engine_gone`.
// - It skips a message: the sender waits until it takes it, or ends.
// - It is unregistered: it goes on with what it got; the rest is `engine_gone`.

/// A typed handle of an actor that can be an engine.
template <class Handle>
concept engine_handle =
  takes<Handle, engine_msg> || takes<Handle, engine_msg_batch>;

/// Makes `engine` reachable for other nodes under `name`, until it ends or is
/// unregistered. The name of an engine that has ended is free. Errors:
/// bad_config (the name is empty, too long or not UTF-8, or the actor is typed
/// and takes no such messages), name_in_use, engine_gone if the engine has
/// ended.
struct register_engine {
  register_engine() = default;

  /// Whether an untyped actor has a handler shows with the first message only:
  /// without one, its sender gets `engine_failed`, and the log names the
  /// engine.
  register_engine(engine_name its_name, caf::actor actor,
                  bool takes_batches = false)
    : name(std::move(its_name)), engine(std::move(actor)),
      batches(takes_batches) {}

  /// A typed actor gets batches if it can take them.
  template <engine_handle Handle>
  register_engine(engine_name its_name, const Handle& actor)
    : name(std::move(its_name)), engine(caf::actor_cast<caf::actor>(actor)),
      batches(takes<Handle, engine_msg_batch>) {}

  /// A typed engine, which takes what its interface says instead: see `served`
  /// in <node_proxy/actors/typed_engine.hpp>. `types` do not go to another
  /// process, whose Router refuses it (bad_config): see `node_access`.
  register_engine(engine_name its_name, caf::actor actor,
                  std::shared_ptr<const internal::engine_interface> its_types)
    : name(std::move(its_name)), engine(std::move(actor)), typed(true),
      types(std::move(its_types)) {}

  auto fields() { return std::tie(name, engine, batches, typed); }

  engine_name name;
  caf::actor engine;
  /// It takes `engine_msg_batch` instead of `engine_msg`.
  bool batches = false;
  /// It takes what an interface of its own says.
  bool typed = false;
  /// What a typed engine takes; null of others.
  std::shared_ptr<const internal::engine_interface> types;
};

struct engine_registered {
  engine_name name;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(name));
  }
};

/// The opposite. Errors: unknown_engine.
struct unregister_engine {
  engine_name name;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(name));
  }
};

struct engine_unregistered {
  engine_name name;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(name));
  }
};

/// Asks for the engine of that name on this node. Errors: unknown_engine;
/// engine_gone if it has ended, and the name has not been used since.
struct lookup_engine {
  engine_name name;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(name));
  }
};

struct engine_found {
  auto fields() { return std::tie(engine); }

  caf::actor engine;
};

} // namespace node_proxy
