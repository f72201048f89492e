# Makes it harder to turn a fault of ours into control of the process. All this
# is for our own targets: whoever links the libraries need not do the same. What
# the compiler does is for release builds.
# tests/scripts/test_hardening.sh looks for it in what was built.

include(CheckCXXCompilerFlag)
include(CheckCXXSourceCompiles)

set(node_proxy_is_release "$<CONFIG:Release,RelWithDebInfo,MinSizeRel>")

# What not every compiler knows for every processor: an overwritten return
# address is noticed, a stack does not grow past its guard page, and calls and
# returns go nowhere else than where they may (x86, ARM).
foreach(flag IN ITEMS -fstack-protector-strong -fstack-clash-protection
    -fcf-protection -mbranch-protection=standard)
  string(MAKE_C_IDENTIFIER "NODE_PROXY_HAS${flag}" known)
  # clang only warns of what it does not know.
  set(CMAKE_REQUIRED_FLAGS -Werror)
  check_cxx_compiler_flag(${flag} ${known})
  unset(CMAKE_REQUIRED_FLAGS)
  if(${known})
    add_compile_options("$<${node_proxy_is_release}:${flag}>")
  endif()
endforeach()

# Sizes of buffers are checked in functions of the C library, which takes an
# optimizer. A level that the compiler or the user has chosen stays, and
# sanitizers look more closely without.
set(CMAKE_REQUIRED_FLAGS -O2)
check_cxx_source_compiles("
#ifdef _FORTIFY_SOURCE
#error chosen already
#endif
int main() {}" NODE_PROXY_FORTIFIES)
unset(CMAKE_REQUIRED_FLAGS)
if(NODE_PROXY_FORTIFIES AND NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize")
  add_compile_definitions("$<${node_proxy_is_release}:_FORTIFY_SOURCE=2>")
endif()

# Programs are loaded anywhere; the addresses of functions in libraries are all
# found at the start, and cannot be written after that; no stack is code.
add_link_options(
  $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie>
  -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
