# embed.cmake: writes Lua files into a C source as the list siem_embedded_modules.
# cmake -D OUT=file.c -D FILES="path=module;..." -P embed.cmake
set(arrays "")
set(entries "")
set(number 0)
foreach(pair IN LISTS FILES)
  string(REGEX MATCH "^(.*)=([^=]*)$" matched "${pair}")
  set(path "${CMAKE_MATCH_1}")
  set(module "${CMAKE_MATCH_2}")
  string(REPLACE "." "/" file "${module}")
  file(READ "${path}" hex HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(APPEND arrays "static const unsigned char text_${number}[] = {${bytes}};\n")
  string(APPEND entries
         "    {\"${module}\", \"${file}.lua\", text_${number}, sizeof text_${number}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE "${OUT}" "#include \"host/state.h\"\n\n${arrays}\n"
     "const siem_embedded siem_embedded_modules[] = {\n${entries}    {NULL, NULL, NULL, 0}};\n")
