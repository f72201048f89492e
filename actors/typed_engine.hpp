// Typed actors as engines, and engines of other nodes as typed actors
// (docs/TYPED_ENGINES.md).

#pragma once

#include <utility>

#include <node_proxy/actors/node.hpp>
#include <node_proxy/actors/typed_interface.hpp>

namespace node_proxy {

/// Makes an actor a typed engine: what arrives for it is decoded, and what it
/// answers goes back to who asked. For `node_config::engines`, or for a Router;
/// `node::serve` does it in one step.
template <internal::typed_handle Interface>
[[nodiscard]] register_engine served(engine_name name, const Interface& actor) {
  return {std::move(name), caf::actor_cast<caf::actor>(actor),
          internal::interface_of<Interface>()};
}

/// The same for an actor that is not typed: its interface has to be named.
template <internal::typed_handle Interface>
[[nodiscard]] register_engine served(engine_name name,
                                     const caf::actor& actor) {
  return {std::move(name), actor, internal::interface_of<Interface>()};
}

template <class Interface>
caf::expected<void> node_access::serve(engine_name name,
                                       const Interface& actor) const {
  static_assert(internal::typed_handle<Interface>,
                "name the interface: serve<my_actor>(name, actor)");
  if constexpr (internal::typed_handle<Interface>)
    return add_engine(served(std::move(name), actor));
  else
    return {};
}

template <class Interface>
caf::expected<void> node_access::serve(engine_name name,
                                       const caf::actor& actor) const {
  return add_engine(served<Interface>(std::move(name), actor));
}

template <class Interface>
remote_interface<Interface> node_access::remote(engine_id whom,
                                                remote_options options) const {
  using result = remote_interface<Interface>;
  static_assert(internal::typed_handle<Interface>,
                "name the interface of the engine, a caf::typed_actor: "
                "remote<my_actor>(id). An untyped handle is made of that one: "
                "caf::actor_cast<caf::actor>(handle)");
  if constexpr (internal::typed_handle<Interface>) {
    static_assert(!takes<result, engine_msg_batch>,
                  "a handle gets its answers as engine_msg_batch: wrap what "
                  "the interface takes into a struct");
    return caf::actor_cast<result>(
      spawn_remote(std::move(whom), options, internal::interface_of<result>()));
  } else {
    return {};
  }
}

template <class Interface>
caf::expected<void> node::serve(engine_name name,
                                const Interface& actor) const {
  return access().serve(std::move(name), actor);
}

template <class Interface>
caf::expected<void> node::serve(engine_name name,
                                const caf::actor& actor) const {
  return access().serve<Interface>(std::move(name), actor);
}

template <class Interface>
remote_interface<Interface> node::remote(engine_id whom,
                                         remote_options options) const {
  return access().remote<Interface>(std::move(whom), options);
}

} // namespace node_proxy
