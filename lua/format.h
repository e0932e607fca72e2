/* format.h: what the program needs of formats beyond the public functions. */
#ifndef SIEM_LUA_FORMAT_H
#define SIEM_LUA_FORMAT_H

#include "budget.h"

#include <oversight/siem.h>

/* Opens the file of a format from elsewhere, in a state that reaches neither files nor the system
 * (oversight.restricted). Errors: as siem_format_open. */
siem_code siem_format_open_restricted(siem_format **out, const char *file, siem_error *err);

siem_budget *siem_format_budget(siem_format *format);

#endif
