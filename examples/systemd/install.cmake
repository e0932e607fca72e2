# install.cmake: installs the units, which name the program below the prefix that is in use.
# Variables: UNITS_FROM, the folder of the units; UNITS_TO, one to write into; PROGRAM_FOLDER, below the prefix.
foreach(unit IN ITEMS oversight-siem.service oversight-siem@.service)
  file(READ ${UNITS_FROM}/${unit} text)
  string(REPLACE "/usr/local/bin/" "${CMAKE_INSTALL_PREFIX}/${PROGRAM_FOLDER}/" text "${text}")
  file(WRITE ${UNITS_TO}/${unit} "${text}")
  file(INSTALL DESTINATION ${CMAKE_INSTALL_PREFIX}/lib/systemd/system TYPE FILE FILES ${UNITS_TO}/${unit})
endforeach()
