# packages.cmake: a Debian package for each component, by CPack. Packages own /usr, so it takes that prefix.
find_program(DPKG_QUERY dpkg-query)
if(NOT CMAKE_INSTALL_PREFIX STREQUAL "/usr" OR NOT DPKG_QUERY OR NOT OVERSIGHT_LIBRARY OR NOT OVERSIGHT_SERVICE)
  return()
endif()
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME oversight-siem)
set(CPACK_PACKAGE_CONTACT "oversight-siem <oversight-siem@packages.invalid>" CACHE STRING "Maintainer of the packages")
set(CPACK_STRIP_FILES ON)
set(CPACK_SET_DESTDIR ON) # files in /etc
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/finish.cmake)
set(CPACK_COMPONENTS_ALL program library dev lua)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

# package(COMPONENT NAME SECTION SUMMARY LINE...): the fields that every package has.
function(package component name section summary)
  string(REPLACE ";" "\n" text "${ARGN}")
  set(CPACK_DEBIAN_${component}_PACKAGE_NAME ${name} PARENT_SCOPE)
  set(CPACK_DEBIAN_${component}_PACKAGE_SECTION ${section} PARENT_SCOPE)
  set(CPACK_DEBIAN_${component}_DESCRIPTION "${summary}\n${text}" PARENT_SCOPE)
  string(TOLOWER ${component} component)
  install(FILES ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/copyright ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/changelog
          DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${name} COMPONENT ${component})
endfunction()

# owners(VARIABLE FILE...): the installed packages that have these libraries, which are loaded by name and not linked.
function(owners variable)
  set(names "")
  foreach(file IN LISTS ARGN)
    execute_process(COMMAND ${DPKG_QUERY} --search */${file} OUTPUT_VARIABLE found COMMAND_ERROR_IS_FATAL ANY)
    string(REGEX REPLACE "[:,].*" "" found "${found}")
    list(APPEND names ${found})
  endforeach()
  list(JOIN names ", " names)
  set(${variable} ${names} PARENT_SCOPE)
endfunction()

set(library liboversight-siem${LIBRARY_INTERFACE})
install(DIRECTORY ${CMAKE_SOURCE_DIR}/examples DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/oversight-siem
        PATTERN debian EXCLUDE PATTERN container EXCLUDE PATTERN quickstart.sh EXCLUDE PATTERN "*.cmake" EXCLUDE)
package(PROGRAM oversight-siem admin "export of Oversight registry events to a SIEM"
        "oversight-siem reads the beacon callbacks of an Oversight registry and delivers"
        "them to Splunk, Elasticsearch, Microsoft Sentinel, Kafka or a file, once or"
        "as they are recorded. What a record looks like is said in Lua.")
package(LIBRARY ${library} libs "export of Oversight registry events (C library)"
        "The engine of oversight-siem as a library for C programs.")
package(DEV liboversight-siem-dev libdevel "export of Oversight registry events (headers)"
        "The headers, the static library and the pkg-config file of the engine of" "oversight-siem.")
package(LUA lua-oversight-siem interpreters "export of Oversight registry events (Lua module)"
        "The module oversight.siem for Lua 5.4: registries, formats, sinks and pipelines"
        "of oversight-siem in programs that have Lua.")

# Depends and Recommends: beside what is linked, which dpkg-shlibdeps finds, what is loaded.
owners(curl libcurl.so.4)
foreach(component PROGRAM LIBRARY LUA)
  set(CPACK_DEBIAN_${component}_PACKAGE_DEPENDS ${curl})
  if(HAS_KAFKA)
    owners(CPACK_DEBIAN_${component}_PACKAGE_RECOMMENDS librdkafka.so.1)
  endif()
endforeach()
string(APPEND CPACK_DEBIAN_PROGRAM_PACKAGE_DEPENDS ", adduser")
if(HAS_METRICS)
  owners(microhttpd libmicrohttpd.so.12)
  list(APPEND CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS ${microhttpd})
  list(JOIN CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS ", " CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS)
endif()
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SUGGESTS "logrotate, lua-oversight-siem")
set(CPACK_DEBIAN_LUA_PACKAGE_SUGGESTS lua5.4)
# The program reads the module's Lua files where they are installed: they must be of its version.
set(CPACK_DEBIAN_PROGRAM_PACKAGE_BREAKS
    "lua-oversight-siem (<< ${PROJECT_VERSION}), lua-oversight-siem (>> ${PROJECT_VERSION})")
list(JOIN DEVELOPMENT_PACKAGES ", " development)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "${library} (= ${PROJECT_VERSION}), ${development}")
set(CPACK_DEBIAN_DEV_PACKAGE_SHLIBDEPS OFF)

# Files of dpkg: what a site may change, which package has the library, and the scripts.
set(control ${CMAKE_BINARY_DIR}/debian)
file(WRITE ${control}/conffiles "/etc/logrotate.d/oversight-siem\n")
file(WRITE ${control}/shlibs "liboversight-siem ${LIBRARY_INTERFACE} ${library} (>= ${PROJECT_VERSION})\n")
file(WRITE ${control}/triggers "activate-noawait ldconfig\n")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${control}/shlibs ${control}/triggers)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_CONTROL_EXTRA ${control}/conffiles)
foreach(script IN ITEMS postinst prerm postrm)
  list(APPEND CPACK_DEBIAN_PROGRAM_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_LIST_DIR}/${script})
endforeach()
include(CPack)
