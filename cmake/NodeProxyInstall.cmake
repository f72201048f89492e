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
# The list is also what scripts/rules/includes goes by.
file(STRINGS "${PROJECT_SOURCE_DIR}/cmake/public_headers.txt" headers)
foreach(header IN LISTS headers)
  cmake_path(GET header PARENT_PATH folder)
  install(FILES "${PROJECT_SOURCE_DIR}/${header}"
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

# A shared library has linked what it needs itself; those who link static ones
# have to.
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
configure_file("${PROJECT_SOURCE_DIR}/cmake/node_proxy.pc.in"
  "${PROJECT_BINARY_DIR}/node_proxy.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/node_proxy.pc"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT development)
