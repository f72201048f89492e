#include <node_proxy/protocol/node/policy.hpp>

#include <node_proxy/protocol/crypto/identity.hpp>

namespace node_proxy {

void policy::allow(const node_id& id) {
  allowed_.insert(without_sign_bit(id));
}

void policy::deny(const node_id& id) {
  denied_.insert(without_sign_bit(id));
}

bool policy::allows(const node_id& id) const {
  auto key = without_sign_bit(id);
  if (denied_.contains(key))
    return false;
  return allowed_.empty() || allowed_.contains(key);
}

bool policy::names(const node_id& id) const {
  auto key = without_sign_bit(id);
  return denied_.contains(key) || allowed_.contains(key);
}

} // namespace node_proxy
