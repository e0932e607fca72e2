/* misuse.h: checks the arguments of the library's callers. */
#ifndef SIEM_MISUSE_H
#define SIEM_MISUSE_H

#include <oversight/siem.h>

/* For a required pointer that is NULL. `function` is the public function's name: __func__ there.
 * Returns SIEM_INVALID. */
siem_code siem_misuse_null(const char *function, const char *argument, siem_error *err);

/* Checks that a list of `size` items or bytes is given, and that the size was not a negative
 * number. Errors: SIEM_INVALID. */
siem_code siem_misuse_list(const char *function, const char *argument, const void *list,
                           size_t size, siem_error *err);

/* Checks that all options have a name and a value. Errors: SIEM_INVALID. */
siem_code siem_misuse_options(const char *function, const siem_option *options, size_t count,
                              siem_error *err);

/* Checks that the type of a value exists, and that its bytes are given. The text of SIEM_JSON is
 * not checked. Errors: SIEM_INVALID, naming neither the function nor the value. */
siem_code siem_misuse_value(const siem_value *value, siem_error *err);

/* Returns the code of a function of the caller, which was called with `left`, all zero. `left` is
 * all zero again afterwards. A failure always gets a message. A code that is not a failure's
 * becomes SIEM_INVALID. `name` is the function's, as the caller knows it ("send"). */
siem_code siem_misuse_function(siem_code code, const char *name, siem_error *left, siem_error *err);

#endif
