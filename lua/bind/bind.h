/* bind.h: what the files that bind a C noun to Lua share.
 *
 * A noun is a userdata that is born closed, then opened; __gc and __close are its close method, and
 * using a closed one raises. When the world fails, a function returns nil, message, code; when the
 * caller misuses it, it raises. */
#ifndef SIEM_BIND_H
#define SIEM_BIND_H

#include "bind/memory.h"
#include "limits/budget.h"
#include "limits/exit_guard.h"

#include <lauxlib.h>
#include <lua.h>
#include <oversight/siem.h>

/* They raise, which lauxlib.h does not say: nothing comes after a luaL_argcheck that fails. */
LUALIB_API int luaL_argerror(lua_State *L, int arg, const char *message) __attribute__((noreturn));
LUALIB_API int luaL_typeerror(lua_State *L, int arg, const char *name) __attribute__((noreturn));

#define SIEM_LUA_EVENT      "oversight.event"
#define SIEM_LUA_REGISTRY   "oversight.registry"
#define SIEM_LUA_QUERY      "oversight.query"
#define SIEM_LUA_MAPPING    "oversight.mapping"
#define SIEM_LUA_BATCH      "oversight.batch"
#define SIEM_LUA_SINK       "oversight.sink"
#define SIEM_LUA_DEADLETTER "oversight.deadletter"
#define SIEM_LUA_CHECKPOINT "oversight.checkpoint"
#define SIEM_LUA_EXPORT     "oversight.export"
#define SIEM_LUA_REASONS    "oversight.reasons"
#define SIEM_LUA_NETWORKS   "oversight.networks"
#define SIEM_LUA_GEOIP      "oversight.geoip"
#define SIEM_LUA_NEWS       "oversight.news"
#define SIEM_LUA_SOURCE     "oversight.source"
#define SIEM_LUA_TLOG       "oversight.tlog"
#define SIEM_LUA_DIGEST     "oversight.digest"

/* Each adds one noun to the module table on top of the stack. */
void siem_lua_bind_event(lua_State *L);
void siem_lua_bind_registry(lua_State *L);
void siem_lua_bind_query(lua_State *L);
void siem_lua_bind_mapping(lua_State *L);
void siem_lua_bind_batch(lua_State *L);
void siem_lua_bind_sink(lua_State *L);
void siem_lua_bind_deadletter(lua_State *L);
void siem_lua_bind_checkpoint(lua_State *L);
void siem_lua_bind_export(lua_State *L);
void siem_lua_bind_reasons(lua_State *L);
void siem_lua_bind_sign(lua_State *L);
void siem_lua_bind_networks(lua_State *L);
void siem_lua_bind_geoip(lua_State *L);
void siem_lua_bind_tlog(lua_State *L);
void siem_lua_bind_digest(lua_State *L);
void siem_lua_bind_text(lua_State *L);
void siem_lua_bind_json(lua_State *L);
void siem_lua_bind_entry(lua_State *L);
void siem_lua_bind_news(lua_State *L);
void siem_lua_bind_source(lua_State *L);
void siem_lua_bind_system(lua_State *L);
void siem_lua_bind_rights(lua_State *L);

/* Pushes why an export refused events: a list of {reason=, events=, first={id, ...}}. */
void siem_lua_push_reasons(lua_State *L, const siem_export *export_);

/* Makes the metatable of a noun with its methods; `close` serves close, __gc and __close. */
void siem_lua_new_class(lua_State *L, const char *name, const luaL_Reg *methods,
                        lua_CFunction close);

/* Gives a class its tostring: "registry FILE", or "registry (closed)". `describe` pushes what is
 * after the noun, never a credential, and returns 1; or 0 when its argument is closed. */
void siem_lua_set_tostring(lua_State *L, const char *name, lua_CFunction describe);

/* Returns nil, message, code; and a table of what is at fault, if anything is known to be:
 * {options=, option_at=, event_id=, row=, file=, line=}. */
int siem_lua_fail(lua_State *L, const siem_error *err);

/* How many calls of the engine use a noun at the moment. Callbacks run Lua in the middle of such
 * calls, and must not pull the noun away from under them. */
typedef struct siem_lua_use {
    int count;
} siem_lua_use;

/* Raises, naming the noun, when a call uses it. */
void siem_lua_check_unused(lua_State *L, const siem_lua_use *use, const char *class_name);

/* Pushes the number at `index` as text: as tostring writes it in the locale "C". */
void siem_lua_push_number_text(lua_State *L, int index);

/* Text without NUL at `index`, as the engine takes it; raises for anything else. */
const char *siem_lua_check_text(lua_State *L, int index);

/* How many values the list at `index` has; raises for more than memory can hold, which keys alone
 * can claim. */
size_t siem_lua_list_size(lua_State *L, int index);

/* Raises, naming the noun, unless it is open. */
void siem_lua_check_open(lua_State *L, bool open, const char *class_name);

/* Fields of an option table at `index`; absent ones give the default. Wrong types raise. */
const char *siem_lua_option_text(lua_State *L, int index, const char *key);
bool siem_lua_option_flag(lua_State *L, int index, const char *key);
int64_t siem_lua_option_integer(lua_State *L, int index, const char *key, int64_t absent);

/* ---- calls from the engine back into Lua ---- */

/* The Lua function that called the engine. A callback leaves its result in the one slot above
 * `base`, where the next callback overwrites it; so results stay valid and the stack flat. */
typedef struct siem_lua_caller {
    lua_State *L; /* NULL outside a call */
    int base;
    siem_budget *budget; /* NULL in a host's state */
    siem_exit_guard *exit_guard;
    siem_error failure; /* of a hook, which ends the call; SIEM_OK: none */
} siem_lua_caller;

/* Pushes what a raised value says, which may be any value: its text, or of which type it is. */
void siem_lua_push_error_text(lua_State *L, int index);

/* Begins a call; raises when the noun is in use by a call further out. */
void siem_lua_enter(siem_lua_caller *caller, lua_State *L, const char *what);
void siem_lua_leave(siem_lua_caller *caller);

/* Calls `function` with `argument` as light userdata, protected, with `results` results in the
 * slots above the caller's base. On failure puts the message into `err` with SIEM_REFUSED. */
siem_code siem_lua_call_back(siem_lua_caller *caller, lua_CFunction function, void *argument,
                             int results, siem_error *err);

/* Calls a hook: a function whose error the engine has no place for. The first one stays in the
 * caller, and no hook of it is called again: whether to continue is then answered with no.
 * False after a failure. */
bool siem_lua_call_hook(siem_lua_caller *caller, const char *name, lua_CFunction function,
                        void *argument);

/* What a call ends with: `rc`, or the failure of a hook where that is what ended it. */
siem_code siem_lua_result(const siem_lua_caller *caller, siem_code rc, siem_error *err);

/* ---- values ---- */

/* Pushes a value: null is nil; JSON is decoded. */
void siem_lua_push_value(lua_State *L, const siem_value *value);

/* Reads the value at `index`; text is borrowed from Lua, JSON is written into `json`. False with a
 * message that names the path, for what has no JSON form. */
bool siem_lua_to_value(lua_State *L, int index, siem_buffer *json, siem_value *value,
                       siem_error *err);

/* Pushes decoded canonical JSON. `ordered` keeps the order of keys in __jsonorder. */
void siem_lua_push_json(lua_State *L, const char *json, size_t size, bool ordered);

/* Pushes a value that is encoded as that JSON text. */
void siem_lua_push_raw_json(lua_State *L, const char *json, size_t size);

/* ---- nouns of one another ---- */

/* Pushes an event that owns `event`, or a borrowed one that siem_lua_lend_event fills. */
void siem_lua_push_event(lua_State *L, siem_event *event);
void siem_lua_push_lent_event(lua_State *L);
void siem_lua_lend_event(lua_State *L, int index, siem_event *event);

/* Each gives the noun's use as well; NULL where the caller runs no callback. */
siem_event *siem_lua_check_event(lua_State *L, int index, siem_lua_use **use);
siem_registry *siem_lua_check_registry(lua_State *L, int index, siem_lua_use **use);
siem_source *siem_lua_check_source(lua_State *L, int index, siem_lua_use **use);
siem_batch *siem_lua_check_batch(lua_State *L, int index, siem_lua_use **use);
siem_digest *siem_lua_check_digest(lua_State *L, int index, siem_lua_use **use);
siem_tlog *siem_lua_check_tlog(lua_State *L, int index, siem_lua_use **use);
siem_deadletter *siem_lua_check_deadletter(lua_State *L, int index, siem_lua_use **use);
siem_checkpoint *siem_lua_check_checkpoint(lua_State *L, int index, siem_lua_use **use);
siem_mapping *siem_lua_check_mapping(lua_State *L, int index, siem_lua_caller **caller);
siem_sink *siem_lua_check_sink(lua_State *L, int index, siem_lua_caller **caller);

/* A call of the engine that reads the registry at `index`, in which its go_on function may be
 * called. Raises when that function makes the call. */
typedef struct siem_lua_reading siem_lua_reading;
siem_lua_reading *siem_lua_begin_reading(lua_State *L, int index);

/* Ends it: `rc`, or the failure of the function where that is what ended it. */
siem_code siem_lua_end_reading(siem_lua_reading *reading, siem_code rc, siem_error *err);

/* Pushes a mapping that `owner` holds; `release` frees the owner when the mapping is closed. */
void siem_lua_push_mapping(lua_State *L, siem_mapping *mapping, void (*release)(void *owner),
                           void *owner);

/* Pushes a batch that siem_lua_lend_batch fills, and with NULL takes back. */
void siem_lua_push_lent_batch(lua_State *L);
void siem_lua_lend_batch(lua_State *L, int index, const siem_batch *batch);

/* Pushes a query on the registry at `index`, or nil, message, code. Returns how many. */
int siem_lua_open_query(lua_State *L, int index, const char *sql);

#endif
