#include <node_proxy/protocol/peer/flow.hpp>

#include <algorithm>
#include <utility>

namespace node_proxy::internal {

namespace {

/// The number from which on messages go from `sender` to `receiver`, in
/// `epoch` of the former.
std::uint64_t first_number(const control::resume& sender,
                           const control::resume& receiver,
                           std::uint64_t epoch) {
  auto goes_on = receiver.received && receiver.received->epoch == epoch;
  return goes_on ? receiver.received->next : sender.first;
}

} // namespace

// -- events -------------------------------------------------------------------

expected<flow_start, std::string_view>
flow::handle_resume(const session_terms& terms, const control::resume& said,
                    const control::resume& heard) {
  auto known = remote_epoch() == terms.remote_epoch;
  if (auto ok = inbox_.handle_resume(terms.remote_epoch, heard.first); !ok)
    return unexpected{to_string(ok.error())};
  auto resent = outbox_.handle_resume(
    first_number(said, heard, terms.local_epoch), heard.window);
  if (!resent)
    return unexpected{to_string(resent.error())};
  // The last acknowledgement may have been lost, or have come too late.
  ack_due_ = known;
  settle_due_ = false;
  return flow_start{first_number(heard, said, terms.remote_epoch), *resent};
}

expected<void, std::string_view> flow::handle(const control::ack& frame,
                                              steady_time) {
  if (auto ok = outbox_.handle_ack(frame); !ok)
    return unexpected{to_string(ok.error())};
  settle_due_ = settle_due_ || !frame.rejects.empty();
  return {};
}

expected<void, std::string_view> flow::handle(const control::settled& frame,
                                              steady_time now) {
  if (auto ok = inbox_.handle_settled(frame, now); !ok)
    return unexpected{to_string(ok.error())};
  return {};
}

expected<void, std::string_view> flow::handle(const control::void_range& frame,
                                              steady_time now) {
  if (auto ok = inbox_.handle_void(frame, now); !ok)
    return unexpected{to_string(ok.error())};
  return {};
}

// -- results ------------------------------------------------------------------

std::optional<outgoing> flow::poll_owed(steady_time now) {
  if (ack_is_due(now)) {
    ack_due_ = false;
    return inbox_.take_ack();
  }
  if (std::exchange(settle_due_, false))
    return control::settled{outbox_.first()};
  return std::nullopt;
}

std::optional<outgoing> flow::poll_transmit(std::size_t max_plaintext) {
  auto next = outbox_.poll_transmit(max_plaintext);
  if (!next)
    return std::nullopt;
  if (auto batch = std::get_if<chunk_batch>(&*next))
    return std::move(*batch);
  return std::get<control::void_range>(*next);
}

// -- state --------------------------------------------------------------------

std::optional<std::uint64_t> flow::remote_epoch() const {
  auto received = inbox_.received();
  return received ? std::optional{received->epoch} : std::nullopt;
}

std::optional<steady_time> flow::ack_deadline() const {
  auto since = inbox_.ack_wanted_since();
  return since ? std::optional{*since + ack_delay_} : std::nullopt;
}

// -- private ------------------------------------------------------------------

bool flow::ack_is_due(steady_time now) const {
  if (ack_due_)
    return true;
  auto deadline = ack_deadline();
  return deadline
         && (*deadline <= now
             || inbox_.unacknowledged()
                  > std::min(inbox_.outstanding(), inbox_.window() / 4));
}

} // namespace node_proxy::internal
