// What engines of one typed interface say to each other, with the types
// forgotten (docs/TYPED_ENGINES.md).

#pragma once

#include <cstdint>
#include <optional>

#include <node_proxy/actors/caf/interface_parts.hpp>
#include <node_proxy/actors/caf/version_check.hpp>
#include <node_proxy/actors/exchange_messages.hpp>
#include <node_proxy/base/bytes.hpp>
#include <node_proxy/protocol/wire/bare_error.hpp>

namespace node_proxy::internal {

/// The handlers of an interface, numbered in their order, and what they take
/// and answer with as BARE. From any thread.
class engine_interface {
public:
  using handler = std::uint64_t;

  /// A message for an actor that has the interface.
  struct request {
    handler to = 0;
    caf::message content;
  };

  engine_interface() = default;
  engine_interface(const engine_interface&) = delete;
  engine_interface& operator=(const engine_interface&) = delete;

  virtual ~engine_interface() = default;

  /// The handler for a message of somebody who asks; nothing if there is none.
  [[nodiscard]] virtual std::optional<handler>
  find(const message_content& content) const = 0;

  /// Appends what is asked of a handler: a union over all handlers.
  /// @param content is what `find` has found the handler for.
  [[nodiscard]] virtual expected<void, bare_error>
  append_request(bytes& out, handler to,
                 const message_content& content) const = 0;

  /// @param from goes to handlers that want to know.
  [[nodiscard]] virtual expected<request, bare_error>
  decode_request(bytes_view data, const asker& from) const = 0;

  /// Whether a handler may answer this.
  [[nodiscard]] virtual bool
  is_result(handler from, const message_content& content) const = 0;

  /// Appends what a handler has answered: a union over all handlers.
  /// @param content is a result.
  [[nodiscard]] virtual expected<void, bare_error>
  append_result(bytes& out, handler from,
                const message_content& content) const = 0;

  [[nodiscard]] virtual expected<caf::message, bare_error>
  decode_result(handler from, bytes_view data) const = 0;
};

} // namespace node_proxy::internal
