#include "peer_file.hpp"

namespace node_proxy::tools {

tl::expected<node_advert, file_error> load_peer(const std::string& path,
                                                const node_id& self) {
  auto advert = load_advert(path);
  if (advert && advert->id == self)
    return tl::unexpected{
      file_error{file_errc::damaged,
                 "advert file " + path
                   + " is that of this node itself; expected a peer's"}};
  return advert;
}

} // namespace node_proxy::tools
