/* embedded.c: the Lua files that are part of the program. */
#include "host/embedded.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

const siem_embedded *siem_embedded_find(const char *name) {
    for (const siem_embedded *module = siem_embedded_modules; module->name != NULL; module++) {
        if (strcmp(module->name, name) == 0) return module;
    }
    return NULL;
}

bool siem_embedded_is_text_of(const siem_embedded *module, const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) return false;
    unsigned char piece[BUFSIZ];
    size_t at = 0, size = 0;
    bool is_same = true;
    do {
        size = fread(piece, 1, sizeof piece, file);
        is_same = size <= module->size - at && memcmp(piece, module->text + at, size) == 0;
        at += size;
    } while (is_same && size == sizeof piece);
    is_same = is_same && at == module->size && !ferror(file);
    (void)fclose(file);
    return is_same;
}

int siem_embedded_load(lua_State *L, const siem_embedded *module) {
    const char *chunk = lua_pushfstring(L, "@%s", module->file);
    int status = LUA_ERRSYNTAX;
    if (module->code != NULL) {
        status = luaL_loadbufferx(L, (const char *)module->code, module->code_size, chunk, "b");
        if (status != LUA_OK) lua_pop(L, 1);
    }
    if (status != LUA_OK) {
        status = luaL_loadbufferx(L, (const char *)module->text, module->size, chunk, "t");
    }
    lua_remove(L, -2);
    return status;
}

int siem_embedded_open(lua_State *L) {
    lua_newtable(L);
    for (lua_Integer i = 0; siem_embedded_modules[i].name != NULL; i++) {
        const siem_embedded *module = &siem_embedded_modules[i];
        lua_createtable(L, 0, 3);
        lua_pushstring(L, module->name);
        lua_setfield(L, -2, "name");
        lua_pushstring(L, module->file);
        lua_setfield(L, -2, "file");
        lua_pushlstring(L, (const char *)module->text, module->size);
        lua_setfield(L, -2, "text");
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}
