// A folder that is gone after the test.

#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

namespace node_proxy::testing {

/// An empty folder of its own; removed with all that is in it.
class temporary_folder {
public:
  temporary_folder() {
    auto path =
      (std::filesystem::temp_directory_path() / "node-proxy-test-XXXXXX")
        .string();
    if (::mkdtemp(path.data()) == nullptr)
      throw std::runtime_error{"no temporary folder"};
    path_ = path;
  }

  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;

  ~temporary_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  /// The path of the file `name` in the folder.
  [[nodiscard]] std::string operator/(std::string_view name) const {
    return (path_ / name).string();
  }

private:
  std::filesystem::path path_;
};

/// The content of a file; empty if there is none.
inline std::string read_text(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// Makes `content` the content of a file, which only its owner may read.
inline void write_text(const std::string& path, std::string_view content) {
  using std::filesystem::perms;
  std::ofstream{path, std::ios::binary | std::ios::trunc} << content;
  std::filesystem::permissions(path, perms::owner_read | perms::owner_write);
}

} // namespace node_proxy::testing
