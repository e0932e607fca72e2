/* misuse.h: what a caller of the library must not give, and the messages for it. */
#ifndef SIEM_MISUSE_H
#define SIEM_MISUSE_H

#include <oversight/siem.h>

/* A pointer that must be given is NULL. `function` is the public function's name: __func__ there.
 * Returns SIEM_INVALID. */
siem_code siem_misuse_null(const char *function, const char *argument, siem_error *err);

/* Checks that a list of `size` items or bytes is there, and that the size is not a negative number
 * in disguise. Errors: SIEM_INVALID. */
siem_code siem_misuse_list(const char *function, const char *argument, const void *list,
                           size_t size, siem_error *err);

/* Checks that all options have a name and a value. Errors: SIEM_INVALID. */
siem_code siem_misuse_options(const char *function, const siem_option *options, size_t count,
                              siem_error *err);

/* Checks that the type of a value is one, and that its bytes are there. What SIEM_JSON holds is not
 * checked. Errors: SIEM_INVALID, naming neither the function nor the value. */
siem_code siem_misuse_value(const siem_value *value, siem_error *err);

/* Passes on what a function of the caller gave. It was called with `left`, which was all zero, and
 * is all zero again when this returns. A failure always has a message then. A code that is not one
 * of a failure becomes SIEM_INVALID. `name`: the function's, as the caller knows it ("send"). */
siem_code siem_misuse_function(siem_code code, const char *name, siem_error *left, siem_error *err);

#endif
