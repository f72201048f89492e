# What is common to all targets of ours: position independence, warnings,
# sources of a folder, ccache and precompiled headers.

# Also static libraries may become a part of somebody's shared library. Programs
# are compiled in the same way, or could not use the same precompiled header.
# Calls inside of a library stay as direct as without: nobody replaces functions
# of ours when a program is loaded.
add_compile_options(-fPIC -fno-semantic-interposition)

# A folder is a target, so its list of sources is the folder. CONFIGURE_DEPENDS
# has the build look again each time it runs, which costs milliseconds at this
# size and removes the usual trap of globbing, a new file that is not built.
function(node_proxy_glob variable)
  set(patterns ${ARGN})
  list(TRANSFORM patterns PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/")
  file(GLOB sources CONFIGURE_DEPENDS LIST_DIRECTORIES FALSE ${patterns})
  set(${variable} "${sources}" PARENT_SCOPE)
endfunction()

# Warnings for our own code; headers of others come in as system headers.
# Presets turn them into errors by CMAKE_COMPILE_WARNING_AS_ERROR.
function(node_proxy_warnings target)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wconversion
    # g++'s plain -Wshadow also rejects a constructor's parameter that is named
    # like the member it initializes, and one named like any type.
    $<IF:$<CXX_COMPILER_ID:GNU>,-Wshadow=local,-Wshadow>
    # With optimization or sanitizers, g++ 12 reports these inside its own
    # library's headers for correct code. clang-tidy and AddressSanitizer look for
    # such faults, too.
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized -Wno-stringop-overflow
      -Wno-restrict -Wno-array-bounds>
    # With CMAKE_UNITY_BUILD g++ takes sources for headers, where a class had
    # better not use what is local to a file.
    $<$<AND:$<CXX_COMPILER_ID:GNU>,$<BOOL:${CMAKE_UNITY_BUILD}>>:-Wno-subobject-linkage>)
endfunction()

# A static library of a folder: include path in the build and after
# installation.
function(node_proxy_library target export_name)
  node_proxy_warnings(${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${export_name})
  target_include_directories(${target} PUBLIC
    "$<BUILD_INTERFACE:${NODE_PROXY_INCLUDE_DIR}>")
endfunction()

# The checks of libstdc++, for targets without CAF only: CAF 0.17 binds `*p` of
# an empty shared_ptr<tuple<>> to a reference, harmless but caught.
function(node_proxy_library_assertions target)
  target_compile_definitions(${target} PRIVATE
    $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)
endfunction()

# For what has to be quick in debug builds, too: the simulation plays thousands
# of histories. Assertions stay.
function(node_proxy_optimized target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Debug>:-O1>)
endfunction()

# For targets whose sources include CAF. A small file that does takes 10 seconds
# to compile, most of it for CAF's headers; one precompiled header, shared by
# all, takes that out. `-DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON` shows includes
# that are missing.
function(node_proxy_uses_caf target)
  if(NOT target STREQUAL node_proxy_caf_headers)
    target_precompile_headers(${target} REUSE_FROM node_proxy_caf_headers)
  endif()
endfunction()

# For targets of many sources without CAF: what nearly all of them include, by
# headers of ours, is a third of what they take to compile. What is behind
# `target` is included as well.
function(node_proxy_precompile_common target)
  target_precompile_headers(${target} PRIVATE
    <algorithm> <array> <chrono> <functional> <list> <map> <memory> <optional>
    <set> <string> <string_view> <unordered_map> <unordered_set> <variant>
    <vector> <cereal/cereal.hpp> <tl/expected.hpp> <sodium.h> ${ARGN})
endfunction()

# For folders whose programs talk to nodes by what both versions of CAF have in
# common (`request`, `send`), which 1.x deprecates.
macro(node_proxy_allow_deprecated_caf)
  if(CAF_VERSION VERSION_GREATER_EQUAL 1)
    add_compile_options(-Wno-deprecated-declarations)
  endif()
endmacro()

# The programs of the tests are many, and lld links each in a fraction of the
# time.
if(PROJECT_IS_TOP_LEVEL)
  find_program(NODE_PROXY_LLD ld.lld)
  mark_as_advanced(NODE_PROXY_LLD)
  if(NODE_PROXY_LLD)
    add_link_options(-fuse-ld=lld)
  endif()
endif()

# ccache handles precompiled headers only when told that their time stamps and
# macros may be trusted, which depending on their content makes sound.
if(NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(NODE_PROXY_CCACHE ccache)
  mark_as_advanced(NODE_PROXY_CCACHE)
  if(NODE_PROXY_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
      "CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime"
      "${NODE_PROXY_CCACHE}")
  endif()
endif()
