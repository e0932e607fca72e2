/* sink.h: what the files that bind sinks share. */
#ifndef SIEM_BIND_SINK_H
#define SIEM_BIND_SINK_H

#include "bind/bind.h"

typedef struct siem_lua_sink {
    siem_sink *sink; /* NULL: closed */
    siem_lua_caller caller;
    int table;   /* reference of a sink in Lua, or LUA_NOREF */
    int batch;   /* reference of the batch that is lent to the table, or LUA_NOREF */
    int preview; /* reference of a function that is given requests, or LUA_NOREF */
    int go_on;   /* reference of a function that says whether to go on, or LUA_NOREF */
    int notice;  /* reference of a function that is called for attempts that fail, or LUA_NOREF */
} siem_lua_sink;

/* Pushes a sink that is still closed. */
siem_lua_sink *siem_lua_new_sink(lua_State *L);

/* The verdict of a name ("delivered", "retry", "reject", "hold"), or SIEM_UNDECIDED. */
siem_verdict siem_lua_verdict(const char *name);
const char *siem_lua_verdict_name(siem_verdict verdict);

/* Reads the list of {name, value} pairs at `index` into memory that is left on the stack; the list
 * keeps the texts. */
const siem_option *siem_lua_check_options(lua_State *L, int index, size_t *count);

/* Pushes a list of a kind's options, a table each. */
void siem_lua_push_kind_options(lua_State *L, const siem_sink_kind *kind);

/* core.sink_table(table), core.sink_transport(table, options) and core.sink_transport_options(), of
 * sink_table.c. */
int siem_lua_sink_table(lua_State *L);
int siem_lua_sink_transport_options(lua_State *L);
int siem_lua_sink_transport(lua_State *L);

#endif
