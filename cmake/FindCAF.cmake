# Finds the C++ Actor Framework and provides the targets CAF::core and CAF::io.
#
# CAF 1.x installs a package configuration of its own, which is preferred:
#
#     cmake -DCMAKE_PREFIX_PATH=/opt/caf ...
#
# Debian's and Ubuntu's libcaf-dev (0.17) has none; then headers and libraries
# are searched for. Sets CAF_FOUND and CAF_VERSION.

# CMake would also look for any /opt/caf*, a choice that a user should make.
find_package(CAF CONFIG QUIET
  PATHS /usr/local NO_CMAKE_SYSTEM_PATH NO_CMAKE_PACKAGE_REGISTRY)

if(TARGET CAF::core AND TARGET CAF::io)
  get_target_property(CAF_INCLUDE_DIR CAF::core INTERFACE_INCLUDE_DIRECTORIES)
  set(_caf_origin "${CAF_DIR}")
else()
  find_path(CAF_INCLUDE_DIR caf/all.hpp)
  find_library(CAF_CORE_LIBRARY caf_core)
  find_library(CAF_IO_LIBRARY caf_io)
  mark_as_advanced(CAF_INCLUDE_DIR CAF_CORE_LIBRARY CAF_IO_LIBRARY)
  set(_caf_origin "${CAF_CORE_LIBRARY}")
  # The version is known only from the headers, as MMmmpp in decimal.
  if(CAF_INCLUDE_DIR)
    file(STRINGS "${CAF_INCLUDE_DIR}/caf/config.hpp" _caf_version
      REGEX "^#define CAF_VERSION [0-9]+$")
    string(REGEX REPLACE "[^0-9]" "" _caf_version "${_caf_version}")
    if(_caf_version)
      math(EXPR _caf_major "${_caf_version} / 10000")
      math(EXPR _caf_minor "${_caf_version} / 100 % 100")
      math(EXPR _caf_patch "${_caf_version} % 100")
      set(CAF_VERSION "${_caf_major}.${_caf_minor}.${_caf_patch}")
    endif()
  endif()
  if(CAF_INCLUDE_DIR AND CAF_CORE_LIBRARY AND CAF_IO_LIBRARY)
    find_package(Threads REQUIRED)
    foreach(_caf_component IN ITEMS core io)
      string(TOUPPER "CAF_${_caf_component}_LIBRARY" _caf_library)
      add_library(CAF::${_caf_component} SHARED IMPORTED)
      set_target_properties(CAF::${_caf_component} PROPERTIES
        IMPORTED_LOCATION "${${_caf_library}}"
        INTERFACE_INCLUDE_DIRECTORIES "${CAF_INCLUDE_DIR}")
    endforeach()
    target_link_libraries(CAF::core INTERFACE Threads::Threads)
    target_link_libraries(CAF::io INTERFACE CAF::core)
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CAF
  REQUIRED_VARS _caf_origin CAF_INCLUDE_DIR
  VERSION_VAR CAF_VERSION
  REASON_FAILURE_MESSAGE
  "Install the Debian package libcaf-dev (apt-get install libcaf-dev), or give \
the prefix of a CAF 1.x installation by -DCMAKE_PREFIX_PATH=PREFIX.")
if(CAF_FOUND AND NOT CAF_FIND_QUIETLY)
  message(STATUS "CAF ${CAF_VERSION}, headers in ${CAF_INCLUDE_DIR}")
endif()
