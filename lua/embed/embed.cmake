# embed.cmake: writes Lua files into a C source as the list siem_embedded_modules.
# cmake -D OUT=file.c -D FILES="path=module;..." [-D COMPILED=folder] -P embed.cmake
# The folder has what compile.c made of each file; without it there is the text alone.
set(arrays "")
set(entries "")
set(number 0)

# Sets `bytes` to what stands between the braces of an array.
function(read_bytes path)
  file(READ "${path}" hex HEX)
  string(REGEX REPLACE "(..)" "0x\\1," hex "${hex}")
  set(bytes "${hex}" PARENT_SCOPE)
endfunction()

foreach(pair IN LISTS FILES)
  string(REGEX MATCH "^(.*)=([^=]*)$" matched "${pair}")
  set(path "${CMAKE_MATCH_1}")
  set(module "${CMAKE_MATCH_2}")
  string(REPLACE "." "/" file "${module}")
  read_bytes("${path}")
  string(APPEND arrays "static const unsigned char text_${number}[] = {${bytes}};\n")
  set(code "NULL, 0")
  if(COMPILED)
    read_bytes("${COMPILED}/${module}")
    string(APPEND arrays "static const unsigned char code_${number}[] = {${bytes}};\n")
    set(code "code_${number}, sizeof code_${number}")
  endif()
  string(APPEND entries "    {\"${module}\", \"${file}.lua\", text_${number}, sizeof text_${number}, ${code}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE "${OUT}" "#include \"host/embedded.h\"\n\n${arrays}\n"
     "const siem_embedded siem_embedded_modules[] = {\n${entries}    {NULL, NULL, NULL, 0, NULL, 0}};\n")
