/* exit_guard.h: os.exit within a function that the engine calls is an error of that function.
 *
 * Elsewhere it ends the process as usual: in a host's state whenever no such function runs; in a
 * state that the program or the library made, only where that is permitted. */
#ifndef SIEM_EXIT_GUARD_H
#define SIEM_EXIT_GUARD_H

#include <lua.h>
#include <stdbool.h>

typedef struct siem_exit_guard {
    int depth;   /* above 0 os.exit is refused */
    bool called; /* it was, since the flag was cleared last: a pcall may have hidden the error */
} siem_exit_guard;

/* Puts the guard into os.exit, and its functions into the module table on top of the stack. */
void siem_exit_guard_bind(lua_State *L);

/* The guard of a state. */
siem_exit_guard *siem_exit_guard_of(lua_State *L);

/* Begins the guard of a call; what it returns is for the end. True from the end: os.exit was
 * called. */
bool siem_exit_guard_begin(siem_exit_guard *guard);
bool siem_exit_guard_end(siem_exit_guard *guard, bool begun);

#endif
