#include <node_proxy/actors/outcome.hpp>

#include <string>

namespace node_proxy {

errc to_errc(send_error error) {
  auto result = errc::unconfirmed;
  from_string(to_string(error), result);
  return result;
}

caf::error to_error(const send_failure& failure) {
  if (failure.error == send_error::unconfirmed)
    return make_error(errc::unconfirmed, std::string{to_string(failure.cause)});
  return make_error(to_errc(failure.error));
}

} // namespace node_proxy
