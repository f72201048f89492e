# Installation: headers, libraries, the tool, and a package configuration, so
# that a user writes
#
#     find_package(node_proxy REQUIRED)
#     target_link_libraries(mine PRIVATE node_proxy::node_proxy)

include(CMakePackageConfigHelpers)

set(destination "${CMAKE_INSTALL_LIBDIR}/cmake/node_proxy")
set(libraries node_proxy)
if(NOT BUILD_SHARED_LIBS)
  list(APPEND libraries
    node_proxy_actors node_proxy_protocol node_proxy_messages node_proxy_base)
endif()
install(TARGETS ${libraries} EXPORT node_proxy
  INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT node_proxy NAMESPACE node_proxy::
  FILE node_proxyTargets.cmake DESTINATION "${destination}")
# The list is also what scripts/rules/includes goes by.
file(STRINGS "${PROJECT_SOURCE_DIR}/cmake/public_headers.txt" headers)
foreach(header IN LISTS headers)
  cmake_path(GET header PARENT_PATH folder)
  install(FILES "${PROJECT_SOURCE_DIR}/${header}"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/node_proxy/${folder}")
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
