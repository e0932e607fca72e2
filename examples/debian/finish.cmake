# finish.cmake: what a package's files need beyond an installation. Pages are compressed, with no time in them, and the
# static library has no symbols for a debugger.
set(FILES ${CPACK_TEMPORARY_INSTALL_DIRECTORY})
file(GLOB_RECURSE pages LIST_DIRECTORIES false ${FILES}/*)
list(FILTER pages INCLUDE REGEX "/man/man[0-9]/|/changelog$")
foreach(page IN LISTS pages)
  execute_process(COMMAND gzip -9n ${page} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
file(GLOB_RECURSE archives ${FILES}/*.a)
foreach(archive IN LISTS archives)
  execute_process(COMMAND strip --strip-debug --enable-deterministic-archives ${archive} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
