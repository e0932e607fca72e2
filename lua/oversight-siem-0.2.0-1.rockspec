-- Builds and installs with CMake; from the top of the checkout:
-- luarocks make lua/oversight-siem-0.2.0-1.rockspec
rockspec_format = "3.0"
package = "oversight-siem"
version = "0.2.0-1"
source = { url = "." }
description = {
  summary = "Exports Oversight registry events to Splunk, Elastic and Microsoft Sentinel",
  license = "none granted: all rights are its authors'",
}
dependencies = { "lua == 5.4" }
build = {
  type = "cmake",
  variables = {
    OVERSIGHT_LIBRARY    = "OFF", -- luarocks loses its symbolic links
    OVERSIGHT_SERVICE    = "OFF",
    CMAKE_INSTALL_PREFIX = "$(PREFIX)",
    LUA_FOLDER           = "$(LUADIR)",
    LUA_MODULE_FOLDER    = "$(LIBDIR)/oversight",
  },
}
