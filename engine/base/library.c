/* library.c: the loader's functions. */
#include "base/library.h"

#include "base/error.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;

static siem_code load(siem_library *library, siem_error *err) {
    void *handle = dlopen(library->file, RTLD_NOW | RTLD_LOCAL);
    const siem_symbol *symbol = library->symbols;
    for (; handle != NULL && symbol->name != NULL; symbol++) {
        void *function = dlsym(handle, symbol->name);
        if (function == NULL) break;
        memcpy((char *)library->table + symbol->at, &function, sizeof function);
    }
    library->is_loaded = handle != NULL && symbol->name == NULL;
    if (library->is_loaded) return SIEM_OK;
    return siem_error_set(err, SIEM_IO, "cannot load %s: install Debian's package %s (%s)",
                          library->file, library->package, dlerror());
}

siem_code siem_library_load(siem_library *library, siem_error *err) {
    (void)pthread_mutex_lock(&loading);
    siem_code rc = library->is_loaded ? SIEM_OK : load(library, err);
    (void)pthread_mutex_unlock(&loading);
    return rc;
}
