#include "process_usage.hpp"

#include <filesystem>
#include <fstream>
#include <system_error>

#include <sys/resource.h>
#include <unistd.h>

namespace node_proxy::tools {

namespace {

std::uint64_t to_us(const timeval& x) {
  return static_cast<std::uint64_t>(x.tv_sec) * 1'000'000
         + static_cast<std::uint64_t>(x.tv_usec);
}

/// proc(5), /proc/pid/statm: the whole size in pages, then what is resident.
std::uint64_t resident_bytes() {
  std::uint64_t whole = 0;
  std::uint64_t resident = 0;
  std::ifstream{"/proc/self/statm"} >> whole >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t open_descriptors() {
  namespace fs = std::filesystem;
  std::error_code failed;
  std::uint64_t result = 0;
  for (fs::directory_iterator i{"/proc/self/fd", failed}, end;
       !failed && i != end; i.increment(failed))
    ++result;
  return result;
}

} // namespace

process_usage measure_process() {
  process_usage result;
  result.resident_bytes = resident_bytes();
  result.open_descriptors = open_descriptors();
  rusage used{};
  if (::getrusage(RUSAGE_SELF, &used) == 0)
    result.cpu_us = to_us(used.ru_utime) + to_us(used.ru_stime);
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
    result.max_descriptors = limit.rlim_cur;
  return result;
}

} // namespace node_proxy::tools
