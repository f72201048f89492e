// The way of a typed engine's answers back to a node that asks it.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <node_proxy/actors/caf/compat.hpp>
#include <node_proxy/actors/engine_interface.hpp>
#include <node_proxy/actors/engines/answer_box.hpp>
#include <node_proxy/messages/engine_msg.hpp>
#include <node_proxy/messages/node_out_msg.hpp>

namespace node_proxy::internal {

/// What is asked of a typed engine and wants an answer.
struct open_answer {
  engine_id to;
  mailbox_id mailbox = 0;
  engine_interface::handler handler = 0;
};

/// Asks a typed engine in the name of another node, and sends it the answers,
/// each as a message of its own, when they come: in the thread of whoever
/// answers, and for as long as somebody may, even if nobody asks any more.
///
/// Until the engine's handler has returned its answer is held back: an error of
/// CAF may turn out to tell of the engine itself, and the asker learns that by
/// the outcome of its message.
class answer_sender : public std::enable_shared_from_this<answer_sender> {
public:
  /// How many answers may be owed. Those that have been owed for longest are
  /// given up when there are more, which is told to those who wait for them: an
  /// engine that forgets its promises is not to fill the memory.
  static constexpr std::size_t max_open = 16'384;

  /// From this size on an answer may be too much for the outbox, or for whoever
  /// asked. He is told that instead, so what becomes of the answer is of
  /// interest here, which costs a message more.
  static constexpr std::size_t large_answer = 16 * 1'024;

  /// How long an answer may be on its way, in seconds.
  static constexpr std::uint64_t time_to_live = 600;

  /// @param engine in whose name answers are sent.
  /// @param actor is that engine. This does not keep it.
  /// @param without_notes of an engine in another process: is told when an
  ///                      answer is there, as nothing else tells that its
  ///                      handler has returned; null of others.
  /// @param proxy of the node that asks. It takes what is answered before it
  ///              knows that the request is handled, as it stays until then;
  ///              null if the Router is to take this, too.
  answer_sender(std::shared_ptr<const engine_interface> types,
                caf::actor_addr router, engine_id engine, caf::actor_addr actor,
                std::shared_ptr<answer_box> without_notes,
                caf::actor_addr proxy = {});

  /// Spawns the actor in whose name the engine is asked. The answers come to
  /// it; it keeps `sender`.
  [[nodiscard]] static caf::actor
  spawn_asker(caf::actor_system& system, std::shared_ptr<answer_sender> sender);

  /// The engine is about to get a request.
  void handle_asked(std::uint64_t number, open_answer what);

  /// The handler has returned.
  /// @returns an error that tells of an `engine_fault` and is no answer.
  std::optional<answered_error> handle_returned(std::uint64_t number);

  /// Whether the request has got an answer that is no error.
  [[nodiscard]] bool has_result(std::uint64_t number);

  /// The request has failed, and will have no answer.
  /// @returns likewise.
  std::optional<answered_error> handle_failed(std::uint64_t number);

private:
  struct entry {
    open_answer what;
    bool returned = false;
    std::optional<caf::message> answer;
    // Who has answered, with an error.
    caf::actor_addr from;
  };

  void handle_answer(std::uint64_t number, caf::message answer,
                     const caf::strong_actor_ptr& from);
  void put_aside(std::uint64_t number, caf::message answer,
                 const caf::strong_actor_ptr& from);
  [[nodiscard]] std::optional<answered_error> fault_in(const entry& x) const;
  void send(const open_answer& what, const caf::message& answer,
            const caf::actor_addr& to) const;
  void send_large(const caf::actor& next, const open_answer& what,
                  node_out_msg msg) const;
  void handle_unsent(const open_answer& what, const caf::error& why) const;
  void send_failure(const open_answer& what, std::string text) const;

  const std::shared_ptr<const engine_interface> types_;
  const caf::actor_addr router_;
  const engine_id engine_;
  const caf::actor_addr actor_;
  const std::shared_ptr<answer_box> without_notes_;
  const caf::actor_addr proxy_;
  std::mutex mutex_;
  std::map<std::uint64_t, entry> open_; // by the numbers of the requests
};

} // namespace node_proxy::internal
