// What engines and their node say to each other, besides `engine_msg` and
// `node_out_msg`.

#pragma once

#include <tuple>
#include <utility>

#include <node_proxy/actors/caf_compat.hpp>
#include <node_proxy/actors/caf_messages.hpp>
#include <node_proxy/messages/identities.hpp>

namespace node_proxy {

// An engine is any actor that takes `engine_msg`, or `engine_msg_batch` if it
// registered for batches. A message counts as taken, and is acknowledged to its
// sender, when the engine's handler for it has returned, with whatever result.

/// Makes `engine` reachable for other nodes under `name`, until it ends or is
/// unregistered. The name of an engine that has ended is free. Errors:
/// bad_config (the name is empty, too long or not UTF-8; the actor has no
/// handler for what it is to get), name_in_use.
///
/// An untyped actor shows only when a message comes that it has no handler for
/// it: the log says so, and the sender is told `unknown_engine`.
struct register_engine {
  register_engine() = default;

  register_engine(engine_name its_name, caf::actor its_handle,
                  bool takes_batches = false)
    : name{std::move(its_name)}, engine{std::move(its_handle)},
      batches{takes_batches} {}

  /// A typed engine gets batches if it takes them.
  template <class... Signatures>
  register_engine(engine_name its_name,
                  const caf::typed_actor<Signatures...>& its_handle)
    : register_engine{std::move(its_name),
                      caf::actor_cast<caf::actor>(its_handle),
                      has_handler<engine_msg_batch, Signatures...>} {
    static_assert(
      has_handler<engine_msg_batch,
                  Signatures...> || has_handler<engine_msg, Signatures...>,
      "an engine has a handler for node_proxy::engine_msg or "
      "node_proxy::engine_msg_batch");
  }

  auto fields() { return std::tie(name, engine, batches); }

  engine_name name;
  caf::actor engine;
  /// It takes `engine_msg_batch` instead of `engine_msg`.
  bool batches = false;
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

/// Asks for the engine of that name on this node. Errors: unknown_engine.
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
