/* format.h: what the program needs of formats beyond the public functions. */
#ifndef SIEM_LUA_FORMAT_H
#define SIEM_LUA_FORMAT_H

#include "limits/budget.h"

#include <oversight/siem.h>

/* Makes an empty format in a state of its own that siem_format_load_restricted fills. Between the
 * two, its state can be prepared; `running_since` as in siem_budget_restrict. */
siem_code siem_format_new_restricted(siem_format **out, atomic_llong *running_since,
                                     siem_error *err);

lua_State *siem_format_state(siem_format *format);

/* Runs a file from elsewhere, in an environment that reaches neither files nor the system
 * (oversight.restricted). A script sees its arguments and may print. Gives the JSON text of the
 * file's description, owned by the format; siem_format_mapping is NULL for a script that returned
 * nothing to export with. Errors: as siem_format_open. */
siem_code siem_format_load_restricted(siem_format *format, const char *file, bool is_script,
                                      const char *const *arguments, size_t argument_count,
                                      const char **description, siem_error *err);

#endif
