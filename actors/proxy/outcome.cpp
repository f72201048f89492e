#include <node_proxy/actors/proxy/outcome.hpp>

#include <string>

namespace node_proxy::internal {

errc to_errc(send_error error) {
  switch (error) {
  case send_error::expired:
    return errc::expired;
  case send_error::outbox_full:
    return errc::outbox_full;
  case send_error::over_capacity:
    return errc::over_capacity;
  case send_error::denied:
    return errc::denied;
  case send_error::incompatible:
    return errc::incompatible;
  case send_error::too_large:
    return errc::too_large;
  case send_error::unknown_node:
    return errc::unknown_node;
  case send_error::bad_expiry:
    return errc::bad_expiry;
  case send_error::shutting_down:
    return errc::shutting_down;
  case send_error::unknown_engine:
    return errc::unknown_engine;
  case send_error::wrong_sender:
    return errc::wrong_sender;
  case send_error::wrong_target:
    return errc::wrong_target;
  case send_error::malformed:
    return errc::malformed;
  case send_error::engine_gone:
    return errc::engine_gone;
  case send_error::engine_failed:
    return errc::engine_failed;
  case send_error::unconfirmed:
    return errc::unconfirmed;
  }
  return errc::unconfirmed; // a value without a name
}

caf::error to_error(const send_failure& failure) {
  if (failure.error == send_error::unconfirmed)
    return make_error(errc::unconfirmed, std::string{to_string(failure.cause)});
  if (failure.error == send_error::denied)
    return make_error(errc::denied, failure.here
                                      ? "this node refuses the peer"
                                      : "the peer refuses this node");
  if (failure.error == send_error::unknown_node)
    return make_error(errc::unknown_node,
                      failure.here
                        ? "no advert of it is known"
                        : "no address of it is known, or none is dialled");
  if (failure.error == send_error::too_large)
    return make_error(errc::too_large,
                      "the message has more octets than the peer takes");
  return make_error(to_errc(failure.error));
}

} // namespace node_proxy::internal
