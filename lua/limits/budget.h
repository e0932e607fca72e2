/* budget.h: what a script may cost: instructions and time for one event, memory in all.
 *
 * Only states that the program or the library made have a budget; a host's state is never touched.
 */
#ifndef SIEM_BUDGET_H
#define SIEM_BUDGET_H

#include <lua.h>
#include <oversight/siem.h>
#include <stdatomic.h>

typedef struct siem_budget siem_budget;

/* Makes a state with the default budget, or NULL without memory. siem_budget_close closes any
 * state. */
lua_State *siem_budget_open(void);
void siem_budget_close(lua_State *L);

/* The budget of a state, or NULL for a host's. */
siem_budget *siem_budget_of(lua_State *L);

/* Sets how many instructions a callback may run, and how many bytes the state may hold. */
void siem_budget_set(siem_budget *budget, int64_t instructions, size_t memory);

/* Sets both as another budget has them. Either may be NULL. */
void siem_budget_copy(siem_budget *to, const siem_budget *from);

/* Makes the state one for scripts from elsewhere: after a breach every later callback fails.
 * `running_since`, which must outlive the state, holds the time of a monotonic clock in ms while a
 * callback or a finalizer at the end runs, for a watchdog of what no hook can stop; else 0.
 */
void siem_budget_restrict(siem_budget *budget, atomic_llong *running_since);

/* True after that. NULL is allowed. */
bool siem_budget_is_restricted(const siem_budget *budget);

/* Begins and ends the guard of one callback, whose `status` is lua_pcall's. NULL is allowed. False
 * when an earlier breach has discarded the state. */
bool siem_budget_begin(siem_budget *budget, lua_State *L);
void siem_budget_end(siem_budget *budget, lua_State *L, int status);

/* Begins the guard of a call that is not a callback: it may run for so many seconds, however
 * many instructions, unless `stop` is set before. */
void siem_budget_begin_long(siem_budget *budget, lua_State *L, int seconds, const atomic_int *stop);

/* True after a breach. */
bool siem_budget_is_discarded(const siem_budget *budget);

/* Counts memory that Lua holds through a userdata, after it collected garbage where that makes
 * room; raises "not enough memory" beyond the cap. The budget may be NULL. */
void siem_budget_charge(siem_budget *budget, lua_State *L, size_t size);
void siem_budget_discharge(siem_budget *budget, size_t size);

/* Raises Lua's own error for a lack of memory, by which the budget knows that its cap was reached.
 */
int siem_budget_no_memory(lua_State *L);

/* ---- within a callback; outside of one they do nothing ---- */

/* Counts what a coroutine does, from its making on or before it is resumed. */
void siem_budget_watch(siem_budget *budget, lua_State *coroutine);

/* True when the callback went over a limit, so that the error on top must be passed on. */
bool siem_budget_is_breached(siem_budget *budget, lua_State *L);

/* Calls the function below its `arguments`, protected, as lua_pcall does, with a time of its own
 * instead of the callback's budget: what the callback waits for without being at fault. No
 * failure of it is a breach. The budget may be NULL. */
int siem_budget_call_apart(siem_budget *budget, lua_State *L, int arguments, int results);

/* True when the last callback failed for lack of memory under the cap, and not of the machine's;
 * gives the cap in bytes. */
bool siem_budget_hit_memory(const siem_budget *budget, size_t *cap);

#endif
