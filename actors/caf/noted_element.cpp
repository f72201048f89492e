#include <node_proxy/actors/caf/noted_element.hpp>

#if CAF_MAJOR_VERSION >= 1

#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace node_proxy::internal {

const caf::type_id_t* types_with(caf::type_id_list types, caf::type_id_t last) {
  static std::mutex mutex;
  // Messages may outlive what is destroyed when the process ends.
  static auto& known =
    *new std::map<const caf::type_id_t*, std::vector<caf::type_id_t>>;
  std::lock_guard guard{mutex};
  auto& result = known[types.data()];
  if (result.empty()) {
    result.assign(types.data(), types.data() + types.size() + 1);
    result.push_back(last);
  }
  return result.data();
}

} // namespace node_proxy::internal

#endif
