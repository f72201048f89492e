#include <node_proxy/actors/router/worker_events.hpp>

#include <utility>

namespace node_proxy::internal {

namespace {

using told_form = decltype(told_event::what);
using said = decltype(proxy_event::what);

struct teller {
  std::optional<told_form> operator()(const peer_event& x) const {
    return std::visit(*this, x);
  }

  std::optional<told_form> operator()(const peer_connected& x) const {
    return told::connected{x.proto_ver, x.role == connection_role::initiator};
  }

  std::optional<told_form> operator()(const peer_resumed& x) const {
    return told::resumed{x.resent};
  }

  std::optional<told_form> operator()(const peer_disconnected& x) const {
    return told::disconnected{x.reason};
  }

  std::optional<told_form> operator()(const peer_refused& x) const {
    return told::refused{x.reason};
  }

  std::optional<told_form> operator()(const peer_key_shared& x) const {
    return told::key_shared{x.is_own};
  }

  std::optional<told_form> operator()(const peer_unreachable& x) const {
    told::unreachable result{x.reason, {}, {}};
    if (x.place) {
      result.address = x.place->address;
      result.name = x.place->name;
    }
    return result;
  }

  std::optional<told_form> operator()(const peer_connect_failed& x) const {
    return told::connect_failed{x.address, x.reason};
  }

  std::optional<told_form> operator()(const learned_advert& x) const {
    return x.advert;
  }

  std::optional<told_form> operator()(const learned_addresses& x) const {
    return x.memory;
  }

  std::optional<told_form> operator()(const overtaken_advert& x) const {
    return told::overtaken{x.version};
  }

  std::optional<told_form> operator()(connection_permanence x) const {
    return x;
  }

  std::optional<told_form> operator()(const proxy_metrics&) const {
    return std::nullopt;
  }

  std::optional<told_form> operator()(const peer_record&) const {
    return std::nullopt;
  }
};

struct hearer {
  said operator()(const told::connected& x) const {
    return peer_event{
      peer_connected{x.proto_ver, x.dialled ? connection_role::initiator
                                            : connection_role::responder}};
  }

  said operator()(const told::resumed& x) const {
    return peer_event{peer_resumed{x.resent}};
  }

  said operator()(const told::disconnected& x) const {
    return peer_event{peer_disconnected{x.reason}};
  }

  said operator()(const told::refused& x) const {
    return peer_event{peer_refused{x.reason}};
  }

  said operator()(const told::key_shared& x) const {
    return peer_event{peer_key_shared{x.is_own}};
  }

  said operator()(const told::unreachable& x) const {
    peer_unreachable result{x.reason};
    if (x.address)
      result.place = destination{*x.address, x.name};
    return peer_event{std::move(result)};
  }

  said operator()(const told::connect_failed& x) const {
    return peer_event{peer_connect_failed{x.address, x.reason}};
  }

  said operator()(const told::overtaken& x) const {
    return overtaken_advert{x.version};
  }

  said operator()(node_advert& x) const { return learned_advert{std::move(x)}; }

  said operator()(const address_memory& x) const {
    return learned_addresses{x};
  }

  said operator()(connection_permanence x) const { return x; }
};

} // namespace

std::optional<told_event> event_to_tell(const proxy_event& x) {
  auto what = std::visit(teller{}, x.what);
  if (!what)
    return std::nullopt;
  return told_event{x.remote, std::move(*what)};
}

proxy_event event_told(told_event x) {
  return {x.id, std::visit(hearer{}, x.what)};
}

} // namespace node_proxy::internal
