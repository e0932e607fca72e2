/* budget.h: what a script may cost: instructions and time for one event, memory in all.
 *
 * Only states that the program or the library made have budget; a host's state is never touched. */
#ifndef SIEM_BUDGET_H
#define SIEM_BUDGET_H

#include <lua.h>
#include <oversight/siem.h>

typedef struct siem_budget siem_budget;

/* Makes a state with the default budget, or NULL without memory. siem_budget_close closes it. */
lua_State *siem_budget_open(void);
void siem_budget_close(lua_State *L);

/* The budget of a state, or NULL for a host's. */
siem_budget *siem_budget_of(lua_State *L);

/* Sets how many instructions a callback may run, and how many bytes the state may hold. */
void siem_budget_set(siem_budget *budget, int64_t instructions, size_t memory);

/* Makes the state one for scripts from elsewhere: after a breach every later callback fails, and
 * siem_budget_running tells a watchdog what the hook cannot stop. */
void siem_budget_restrict(siem_budget *budget);

/* How many seconds the present callback has run; 0 between callbacks. May be called on any thread
 * for a restricted state. */
double siem_budget_running(siem_budget *budget);

/* Begins and ends the guard of one callback. NULL is allowed. False when an earlier breach has
 * discarded the state. */
bool siem_budget_begin(siem_budget *budget, lua_State *L);
void siem_budget_end(siem_budget *budget, lua_State *L);

/* True when the last failure was a lack of memory under the cap, and not of the machine's; gives
 * the cap in bytes. */
bool siem_budget_hit_memory(siem_budget *budget, size_t *cap);

#endif
