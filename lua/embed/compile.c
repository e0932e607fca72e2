/* compile.c: compiles Lua files while the program is built. Lua's parser is more than half of what
 * the program does before its first record.
 *
 * compile FOLDER PATH=MODULE... writes FOLDER/MODULE for each file, with its lines for tracebacks.
 */
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int write_piece(lua_State *L, const void *data, size_t size, void *file) {
    (void)L;
    return fwrite(data, 1, size, file) == size ? 0 : 1;
}

/* The text of a file, on the stack. */
static void read_text(lua_State *L, const char *path) {
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        luaL_error(L, "cannot open %s", path);
        return;
    }
    size_t size = 0;
    do {
        size = fread(luaL_prepbuffer(&text), 1, LUAL_BUFFERSIZE, file);
        luaL_addsize(&text, size);
    } while (size > 0);
    int failed = ferror(file);
    (void)fclose(file);
    if (failed) luaL_error(L, "cannot read %s", path);
    luaL_pushresult(&text);
}

/* FOLDER, PATH=MODULE. The chunk is named as the program names it, oversight/siem.lua. */
static int compile(lua_State *L) {
    const char *pair = luaL_checkstring(L, 2);
    const char *module = strrchr(pair, '=') + 1;
    read_text(L, lua_pushlstring(L, pair, (size_t)(module - 1 - pair)));
    size_t size = 0;
    const char *text = lua_tolstring(L, -1, &size);
    const char *name = lua_pushfstring(L, "@%s.lua", luaL_gsub(L, module, ".", "/"));
    if (luaL_loadbufferx(L, text, size, name, "t") != LUA_OK) return lua_error(L);
    const char *path = lua_pushfstring(L, "%s/%s", lua_tostring(L, 1), module);
    FILE *file = fopen(path, "wb");
    if (file == NULL) return luaL_error(L, "cannot make %s", path);
    lua_pushvalue(L, -2);
    int failed = lua_dump(L, write_piece, file, 0);
    if (fclose(file) != 0 || failed) return luaL_error(L, "cannot write %s", path);
    return 0;
}

int main(int argc, char **argv) {
    lua_State *L = luaL_newstate();
    if (L == NULL) return EXIT_FAILURE;
    int status = LUA_OK;
    for (int i = 2; i < argc && status == LUA_OK; i++) {
        lua_pushcfunction(L, compile);
        lua_pushstring(L, argv[1]);
        lua_pushstring(L, argv[i]);
        status = lua_pcall(L, 2, 0, 0);
    }
    if (status != LUA_OK) (void)fprintf(stderr, "%s\n", lua_tostring(L, -1));
    lua_close(L);
    return status == LUA_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
