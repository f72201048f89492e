// The adverts of two nodes, and what else is known of where to find the other.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <node_proxy/base/fifo.hpp>
#include <node_proxy/messages/connect_reply.hpp>
#include <node_proxy/messages/node_advert.hpp>
#include <node_proxy/messages/transport_address.hpp>
#include <node_proxy/protocol/peer/address_memory.hpp>
#include <node_proxy/protocol/peer/peer_action.hpp>

namespace node_proxy::internal {

/// What this node knows of itself and of one remote node. What is new is
/// appended to `out` as an action.
class peer_adverts {
public:
  /// @param scope what it refers to outlives this object.
  explicit peer_adverts(const dial_scope& scope) : scope_(scope) {}

  // -- events -----------------------------------------------------------------

  /// This node has a new advert of its own.
  void handle_local(std::shared_ptr<const node_advert> advert) {
    local_ = std::move(advert);
  }

  /// The remote node says something of this one. Errors: those of
  /// `check_advert`.
  [[nodiscard]] expected<void, node_advert_refusal>
  handle_own(const node_advert& advert, const node_id& self,
             fifo<peer_action>& out);

  /// The remote node, or somebody, has an advert of it. Errors: those of
  /// `check_advert`.
  [[nodiscard]] expected<void, node_advert_refusal>
  handle_remote(const node_advert& advert, const node_id& remote,
                fifo<peer_action>& out);

  /// Somebody here tells of an advert of the remote node, which was checked.
  /// @returns whether there is more to remember.
  bool handle_introduction(const node_advert& advert, fifo<peer_action>& out);

  /// What was remembered before.
  void handle_memory(const address_memory& memory) { memory_ = memory; }

  /// The remote node was met at `address`, but not at others that were `tried`.
  /// @returns whether that is something new.
  bool handle_contact(const transport_address& address,
                      std::span<const transport_address> tried,
                      fifo<peer_action>& out);

  /// See `address_memory`.
  /// @returns whether there may be other addresses to dial now.
  bool handle_call(const std::optional<ip_address>& host,
                   fifo<peer_action>& out);
  void handle_wish(fifo<peer_action>& out);
  void handle_dial(fifo<peer_action>& out);

  // -- state ------------------------------------------------------------------

  /// This node's advert; may be nullptr.
  [[nodiscard]] const node_advert* local() const { return local_.get(); }

  /// The version of the remote node's advert, 0 = none.
  [[nodiscard]] std::uint64_t remote_version() const {
    return remote_ ? remote_->version : 0;
  }

  /// What this node says of both versions.
  [[nodiscard]] node_advert_versions versions() const {
    return {local_ ? local_->version : 0, remote_version()};
  }

  /// The adverts that a node with these versions has in an older one. What it
  /// has of its own in an older version was issued by it and forgotten.
  [[nodiscard]] std::vector<const node_advert*>
  newer_than(const node_advert_versions& versions) const;

  /// Where to dial the remote node, the best address first.
  [[nodiscard]] std::vector<transport_address> best_addresses() const;

  /// See `address_memory`.
  [[nodiscard]] std::optional<dial_obstacle> obstacle() const;

  /// See `address_memory`.
  [[nodiscard]] std::vector<transport_address>
  addresses_of(const dns_addr& name, std::span<const ip_address> found) const {
    return memory_.addresses_of(name, found, scope_);
  }

  /// The host from which the remote node has called last.
  [[nodiscard]] std::optional<ip_address> last_caller() const {
    return memory_.last_caller();
  }

  /// How many times the remote node may be dialled for its own sake.
  [[nodiscard]] std::uint64_t earned() const { return memory_.earned(); }

private:
  template <class F>
  bool change(F f, fifo<peer_action>& out);

  dial_scope scope_;
  std::shared_ptr<const node_advert> local_;
  std::optional<node_advert> remote_;
  address_memory memory_;
};

} // namespace node_proxy::internal
