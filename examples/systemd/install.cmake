# install.cmake: installs what depends on the prefix that is in use. Variables: EXAMPLES, the folder of examples; WORK, one to
# write into; PROGRAM_FOLDER, below the prefix. The units name the program there. What belongs to /usr has its configuration
# in /etc.
foreach(unit IN ITEMS oversight-siem.service oversight-siem@.service)
  file(READ ${EXAMPLES}/systemd/${unit} text)
  string(REPLACE "/usr/local/bin/" "${CMAKE_INSTALL_PREFIX}/${PROGRAM_FOLDER}/" text "${text}")
  file(WRITE ${WORK}/${unit} "${text}")
  file(INSTALL ${WORK}/${unit} DESTINATION ${CMAKE_INSTALL_PREFIX}/lib/systemd/system)
endforeach()
string(REGEX REPLACE "^/usr$" "" configuration "${CMAKE_INSTALL_PREFIX}")
file(INSTALL ${EXAMPLES}/logrotate/oversight-siem DESTINATION ${configuration}/etc/logrotate.d)
