/* twin.h: a mapping like another one, in a Lua state of its own: for a thread that renders. */
#ifndef SIEM_BIND_TWIN_H
#define SIEM_BIND_TWIN_H

#include <lua.h>
#include <oversight/siem.h>

/* What a mapping is loaded again from: the search paths of its state, and what oversight.twin
 * reads. The mapping keeps the texts. */
typedef struct siem_lua_recipe {
    const char *name;                /* of the mapping */
    const char *path, *cpath, *text; /* NULL: it cannot be loaded again, */
    const char *obstacle;            /* for this reason */
    bool is_parallel;                /* its functions keep no state from event to event */
} siem_lua_recipe;

/* That of the mapping at `index`. Borrowed from it. */
siem_lua_recipe siem_lua_mapping_recipe(lua_State *L, int index);

/* Makes a state as the host of another one makes them. */
typedef siem_code (*siem_lua_state_opener)(lua_State **out, siem_error *err);

/* Sets what makes the states of twins. Without it, they are those of stock Lua. Raises Lua errors.
 */
void siem_lua_set_state_opener(lua_State *L, siem_lua_state_opener opener);

typedef struct siem_lua_twin siem_lua_twin;

/* Loads a mapping again, in a state with the limits of `L`. It is used by one thread at a time.
 * Errors: SIEM_INVALID, also for one that is another one by now; SIEM_NO_MEMORY. */
siem_code siem_lua_twin_open(siem_lua_twin **out, lua_State *L, const siem_lua_recipe *recipe,
                             siem_error *err);

/* Borrowed until the twin is closed. */
siem_mapping *siem_lua_twin_mapping(const siem_lua_twin *twin);

/* NULL is allowed. */
void siem_lua_twin_close(siem_lua_twin *twin);

#endif
