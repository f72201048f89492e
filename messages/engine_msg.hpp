// Messages between engines (arch.node.types.messages).

#pragma once

#include <optional>

#include <node_proxy/base/shared_bytes.hpp>
#include <node_proxy/messages/basics.hpp>
#include <node_proxy/messages/identities.hpp>

namespace node_proxy {

/// `MailboxID`: one of the mailboxes of an engine.
using mailbox_id = std::uint64_t;

/// `EngineMsg M`: a message from one engine to another. The `M` of the
/// specification travels encoded; <node_proxy/protocol/wire/payload.hpp>
/// encodes and decodes a user's own type.
struct engine_msg {
  /// Who sent it. On receipt: the authenticated peer's engine.
  engine_id sender;
  /// Whom it is for.
  engine_id target;
  /// Which of the target's mailboxes, if not its only one.
  std::optional<mailbox_id> mailbox;
  /// The encoded message.
  shared_bytes msg;

  template <class Archive>
  void serialize(Archive& archive) {
    archive(CEREAL_NVP(sender), CEREAL_NVP(target), CEREAL_NVP(mailbox),
            CEREAL_NVP(msg));
  }

  friend bool operator==(const engine_msg&, const engine_msg&) = default;
};

} // namespace node_proxy
