/* command.c: makes a state, and runs oversight.cli in it. */
#include "program/command.h"

#include "bind/twin.h"
#include "host/state.h"
#include "program/program.h"
#include "program/streams.h"

#include "base/error.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <stdio.h>

#define FAILED 1

typedef struct call {
    int count;
    char *const *arguments;
    int worker;
} call;

static int prepare_twin(lua_State *L) {
    siem_streams_install(L);
    return 0;
}

/* What a format prints on another thread goes where it goes here. */
static siem_code open_twin_state(lua_State **out, siem_error *err) {
    siem_code rc = siem_state_open(out, err);
    if (rc != SIEM_OK) return rc;
    lua_pushcfunction(*out, prepare_twin);
    return lua_pcall(*out, 0, 0, 0) == LUA_OK ? SIEM_OK : siem_error_no_memory(err);
}

/* require("oversight.cli").main(arguments) -> exit status */
static int run(lua_State *L) {
    const call *c = lua_touserdata(L, 1);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushinteger(L, c->worker);
    lua_pushcclosure(L, siem_program_open, 1);
    lua_setfield(L, -2, "oversight.program");
    siem_streams_prepare(L);
    siem_lua_set_state_opener(L, open_twin_state);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "oversight.cli");
    lua_call(L, 1, 1);
    siem_streams_install(L); /* scripts are loaded later */
    lua_getfield(L, -1, "main");
    lua_createtable(L, c->count, 0);
    for (int i = 0; i < c->count; i++) {
        lua_pushstring(L, c->arguments[i]);
        lua_rawseti(L, -2, i);
    }
    lua_call(L, 1, 1);
    return 1;
}

static int fail(const siem_error *err) {
    (void)fprintf(stderr, "oversight-siem: %s\n", err->message);
    return FAILED;
}

int siem_command_run(int count, char *const *arguments, int worker) {
    siem_error err;
    lua_State *L;
    call c = {count, arguments, worker};
    if (siem_state_open(&L, &err) != SIEM_OK) return fail(&err);
    lua_pushcfunction(L, run);
    lua_pushlightuserdata(L, &c);
    bool ended = siem_state_call(L, 1, 1, &err) == SIEM_OK;
    int status = ended ? (int)lua_tointeger(L, -1) : fail(&err);
    siem_state_close(L);
    return status;
}
