/* library.h: a shared library that is loaded when it is first needed: few runs need it, and it
 * brings many others. */
#ifndef SIEM_LIBRARY_H
#define SIEM_LIBRARY_H

#include <oversight/siem.h>

/* A function of the library, and the place of a pointer to it. */
typedef struct siem_symbol {
    const char *name; /* NULL ends a list */
    size_t at;        /* an offsetof in the table of pointers */
} siem_symbol;

typedef struct siem_library {
    const char *file;    /* with the number of its interface, as the loader searches it */
    const char *package; /* Debian's, that has it */
    const siem_symbol *symbols;
    void *table; /* of pointers to functions: valid once it is loaded */
    bool is_loaded;
} siem_library;

/* Loads it, on any thread; later calls do nothing. It stays until the process ends. Errors:
 * SIEM_IO, naming the package. */
siem_code siem_library_load(siem_library *library, siem_error *err);

#endif
