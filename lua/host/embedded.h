/* embedded.h: the Lua files that are part of the program. */
#ifndef SIEM_EMBEDDED_H
#define SIEM_EMBEDDED_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct siem_embedded {
    const char *name; /* of the module, "oversight.siem" */
    const char *file; /* for messages */
    const unsigned char *text;
    size_t size;
    const unsigned char *code; /* the text compiled; NULL where the build can run nothing */
    size_t code_size;
} siem_embedded;

/* The build makes the list. It ends with a NULL name. */
extern const siem_embedded siem_embedded_modules[];

/* NULL when there is none of this name. */
const siem_embedded *siem_embedded_find(const char *name);

/* Whether a file, of any path, has the module's text. */
bool siem_embedded_is_text_of(const siem_embedded *module, const char *path);

/* Pushes the module's chunk, or a message. It is compiled code if this Lua reads it: Lua refuses
 * code of another version or of other sizes of numbers, and then the text is loaded. Releases of
 * one version have the same virtual machine (https://www.lua.org/versions.html). Returns a status
 * of Lua. */
int siem_embedded_load(lua_State *L, const siem_embedded *module);

/* The module oversight.embedded: a list of {name=, file=, text=}. */
int siem_embedded_open(lua_State *L);

#endif
