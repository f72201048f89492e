# Installation: headers, libraries, the tool, and package configurations, so
# that a user writes
#
#     find_package(node_proxy REQUIRED)
#     target_link_libraries(mine PRIVATE node_proxy::node_proxy)
#
# or asks pkg-config for node_proxy. The components are those of Debian's
# packages: see NodeProxyPackage.cmake.

include(CMakePackageConfigHelpers)

set(destination "${CMAKE_INSTALL_LIBDIR}/cmake/node_proxy")
set(libraries node_proxy)
if(NOT BUILD_SHARED_LIBS)
  list(APPEND libraries
    node_proxy_actors node_proxy_protocol node_proxy_messages node_proxy_base)
endif()
install(TARGETS ${libraries} EXPORT node_proxy
  LIBRARY COMPONENT library NAMELINK_COMPONENT development
  ARCHIVE COMPONENT development
  INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT node_proxy NAMESPACE node_proxy::
  FILE node_proxyTargets.cmake DESTINATION "${destination}"
  COMPONENT development)

# The header that all others include before CAF refuses another version of it,
# whatever users build with.
string(REGEX MATCH "^([0-9]+)\\.([0-9]+)\\.([0-9]+)" caf_number "${CAF_VERSION}")
math(EXPR caf_number
  "${CMAKE_MATCH_1} * 10000 + ${CMAKE_MATCH_2} * 100 + ${CMAKE_MATCH_3}")
set(checking_header "${PROJECT_BINARY_DIR}/installed/version_check.hpp")
configure_file("${PROJECT_SOURCE_DIR}/cmake/caf_version_check.hpp.in"
  "${checking_header}" @ONLY)

# The list is also what scripts/rules/includes goes by.
file(STRINGS "${PROJECT_SOURCE_DIR}/cmake/public_headers.txt" headers)
foreach(header IN LISTS headers)
  cmake_path(GET header PARENT_PATH folder)
  set(origin "${PROJECT_SOURCE_DIR}/${header}")
  if(header STREQUAL actors/caf/version_check.hpp)
    set(origin "${checking_header}")
  endif()
  install(FILES "${origin}"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/node_proxy/${folder}"
    COMPONENT development)
endforeach()

configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/node_proxyConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/node_proxyConfig.cmake"
  INSTALL_DESTINATION "${destination}")
write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/node_proxyConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/node_proxyConfig.cmake"
  "${PROJECT_BINARY_DIR}/node_proxyConfigVersion.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/FindCAF.cmake"
  DESTINATION "${destination}" COMPONENT development)

# node_proxy_folders(INCLUDES LIBRARIES TARGET...): options for where the headers
# and libraries of other projects lie, but for those that compilers find.
function(node_proxy_folders includes libraries)
  set(all_includes "")
  set(all_libraries "")
  foreach(target IN LISTS ARGN)
    get_target_property(folders ${target} INTERFACE_INCLUDE_DIRECTORIES)
    if(folders)
      string(GENEX_STRIP "${folders}" folders)
      list(APPEND all_includes ${folders})
    endif()
    get_target_property(type ${target} TYPE)
    if(NOT type STREQUAL "INTERFACE_LIBRARY")
      get_target_property(file ${target} IMPORTED_LOCATION)
      if(NOT file)
        get_target_property(configurations ${target} IMPORTED_CONFIGURATIONS)
        list(GET configurations 0 configuration)
        get_target_property(file ${target} IMPORTED_LOCATION_${configuration})
      endif()
      cmake_path(GET file PARENT_PATH folder)
      list(APPEND all_libraries "${folder}")
    endif()
  endforeach()
  list(TRANSFORM all_includes REPLACE "/+$" "")
  list(REMOVE_ITEM all_includes ${CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES} "")
  list(REMOVE_ITEM all_libraries ${CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES} "")
  list(REMOVE_DUPLICATES all_includes)
  list(REMOVE_DUPLICATES all_libraries)
  list(TRANSFORM all_includes REPLACE "(.+)" " \"-I\\1\"")
  list(TRANSFORM all_libraries REPLACE "(.+)" "\"-L\\1\" ")
  list(JOIN all_includes "" all_includes)
  list(JOIN all_libraries "" all_libraries)
  set(${includes} "${all_includes}" PARENT_SCOPE)
  set(${libraries} "${all_libraries}" PARENT_SCOPE)
endfunction()

# A shared library has linked what it needs itself; those who link static ones
# have to.
set(needed CAF::core cereal::cereal tl::expected)
if(NOT BUILD_SHARED_LIBS)
  list(APPEND needed SQLiteCpp)
endif()
node_proxy_folders(pkgconfig_includes pkgconfig_folders ${needed})
set(pkgconfig_libraries "-lnode_proxy -lcaf_core")
set(pkgconfig_requires "libsodium spdlog")
if(NOT BUILD_SHARED_LIBS)
  string(CONCAT pkgconfig_libraries
    "-lnode_proxy_actors -lnode_proxy_protocol -lnode_proxy_base "
    "-lSQLiteCpp -lcaf_core -pthread")
  string(APPEND pkgconfig_requires " sqlite3")
  if(OPENSSL_FOUND)
    string(APPEND pkgconfig_requires " libcrypto")
  endif()
endif()
set(pkgconfig_folder "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig")
file(RELATIVE_PATH pkgconfig_prefix
  "${pkgconfig_folder}" "${CMAKE_INSTALL_PREFIX}")
string(PREPEND pkgconfig_libraries "${pkgconfig_folders}")
configure_file("${PROJECT_SOURCE_DIR}/cmake/node_proxy.pc.in"
  "${PROJECT_BINARY_DIR}/node_proxy.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/node_proxy.pc"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT development)
