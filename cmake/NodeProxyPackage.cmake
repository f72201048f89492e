# Debian packages: the program, what it takes to compile against the library,
# and the library if it is a shared one:
#
#     cmake --preset package && cmake --build --preset package
#     cd build/package && cpack

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME node-proxy)
set(CPACK_PACKAGE_CONTACT
  "The Node Proxy developers <maintainers@node-proxy.invalid>")
set(CPACK_PACKAGING_INSTALL_PREFIX "${CMAKE_INSTALL_PREFIX}")
set(CPACK_STRIP_FILES ON)
# Or each directory has the mask of whoever makes the package.
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE
  GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_COMPONENTS_ALL development tool)
if(BUILD_SHARED_LIBS)
  list(APPEND CPACK_COMPONENTS_ALL library)
endif()
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)

# Libraries of one minor version belong together, see actors/CMakeLists.txt.
set(soversion "${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME "libnode-proxy${soversion}")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libnode-proxy-dev)
set(CPACK_DEBIAN_TOOL_PACKAGE_NAME node-proxy)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_TOOL_PACKAGE_SECTION net)

set(what_it_is "Engines, which are actors of the C++ Actor Framework (CAF), \
send messages to engines on other nodes, which are known by their keys. All is \
encrypted, and each message arrives once or is reported as not delivered.")
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION
  "messages between CAF actors over untrusted networks\n${what_it_is}")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION
  "messages between CAF actors over untrusted networks, for developers\n\
${what_it_is} These are headers and libraries to build with.")
set(CPACK_COMPONENT_TOOL_DESCRIPTION
  "messages between nodes that know each other by keys\n${what_it_is} The \
program runs a node, makes keys, and sends and shows messages.")

# What a package was linked with is what it needs.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS
  "${PROJECT_BINARY_DIR}/actors")
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY "=")
file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/triggers"
  CONTENT "activate-noawait ldconfig\n")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA "${PROJECT_BINARY_DIR}/triggers")
string(CONCAT build_needs "libcaf-dev, libcereal-dev, libexpected-dev, "
  "libsodium-dev, libspdlog-dev, libsqlitecpp-dev, pkg-config")
if(OPENSSL_FOUND)
  string(APPEND build_needs ", libssl-dev")
endif()
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "${build_needs}")
if(BUILD_SHARED_LIBS)
  set(same "(= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})")
  string(PREPEND CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
    "${CPACK_DEBIAN_LIBRARY_PACKAGE_NAME} ${same}, ")
endif()

# What each package has to have besides.
find_program(NODE_PROXY_GZIP gzip)
mark_as_advanced(NODE_PROXY_GZIP)
if(NOT NODE_PROXY_GZIP)
  return()
endif()
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/changelog.Debian" CONTENT
"node-proxy (${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}) \
unstable; urgency=medium

  * Made from the sources of version ${PROJECT_VERSION}.

 -- ${CPACK_PACKAGE_CONTACT}  ${date}
")
execute_process(COMMAND "${NODE_PROXY_GZIP}" -9nkf changelog.Debian
  WORKING_DIRECTORY "${PROJECT_BINARY_DIR}")
file(READ "${PROJECT_SOURCE_DIR}/LICENSE" license)
file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/copyright" CONTENT "${license}")
foreach(component IN LISTS CPACK_COMPONENTS_ALL)
  string(TOUPPER "${component}" name)
  set(name "${CPACK_DEBIAN_${name}_PACKAGE_NAME}")
  install(FILES "${PROJECT_BINARY_DIR}/changelog.Debian.gz"
    "${PROJECT_BINARY_DIR}/copyright"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/${name}"
    COMPONENT "${component}")
endforeach()

include(CPack)
