/* main.c: the program: makes a state, runs oversight.cli, and gives the shell its exit status. */
#include "program.h"
#include "state.h"

#include <errno.h>
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#define FAILED 1

/* require("oversight.cli").main(arguments) -> exit status */
static int run(lua_State *L) {
    int count = (int)lua_tointeger(L, 1);
    char **arguments = lua_touserdata(L, 2);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, siem_program_open);
    lua_setfield(L, -2, "oversight.program");
    lua_getglobal(L, "require");
    lua_pushliteral(L, "oversight.cli");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "main");
    lua_createtable(L, count, 0);
    for (int i = 0; i < count; i++) {
        lua_pushstring(L, arguments[i]);
        lua_rawseti(L, -2, i);
    }
    lua_call(L, 1, 1);
    return 1;
}

/* What was printed may still be in the buffer; a closed pipe is the reader's choice. */
static bool flush_output(void) {
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout)) return true;
    if (errno == EPIPE) return true;
    (void)fprintf(stderr, "oversight-siem: cannot write to standard output: %s\n",
                  errno != 0 ? strerror(errno) : "a write failed before");
    return false;
}

int main(int count, char **arguments) {
    siem_error err;
    lua_State *L;
    int status = FAILED;
    siem_program_set_signals();
    siem_program_set_arguments(count, arguments);
    if (siem_state_open(&L, &err) != SIEM_OK) {
        (void)fprintf(stderr, "oversight-siem: %s\n", err.message);
        return FAILED;
    }
    lua_pushcfunction(L, run);
    lua_pushinteger(L, count);
    lua_pushlightuserdata(L, arguments);
    if (siem_state_call(L, 2, 1, &err) == SIEM_OK) {
        status = (int)lua_tointeger(L, -1);
    } else {
        (void)fprintf(stderr, "oversight-siem: %s\n", lua_tostring(L, -1));
    }
    siem_state_close(L);
    if (!flush_output() && status == 0) status = FAILED;
    return status;
}
