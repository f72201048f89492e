#include "wakeup.hpp"

#include <system_error>
#include <utility>

namespace node_proxy::tools {

wakeup::wakeup() {
  auto waker = internal::open_waker();
  if (!waker)
    throw std::system_error{waker.error().number, std::generic_category(),
                            "eventfd"};
  fd_ = std::move(*waker);
}

} // namespace node_proxy::tools
