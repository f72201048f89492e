# Installation: headers, libraries, the tool, and a package configuration, so
# that a user writes
#
#     find_package(node_proxy REQUIRED)
#     target_link_libraries(mine PRIVATE node_proxy::node_proxy)

include(CMakePackageConfigHelpers)

set(destination "${CMAKE_INSTALL_LIBDIR}/cmake/node_proxy")
install(TARGETS node_proxy_base node_proxy_messages node_proxy_protocol
  node_proxy_actors node_proxy EXPORT node_proxy
  INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT node_proxy NAMESPACE node_proxy::
  FILE node_proxyTargets.cmake DESTINATION "${destination}")
foreach(folder IN ITEMS base messages protocol actors)
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/${folder}/"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/node_proxy/${folder}"
    FILES_MATCHING PATTERN "*.hpp")
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
  DESTINATION "${destination}")
