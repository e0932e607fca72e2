/* installed.h: the Lua files that were installed together with the program, or with the library. */
#ifndef SIEM_INSTALLED_H
#define SIEM_INSTALLED_H

#include <limits.h>

/* Writes their folder to `folder`. It is found from where the running program or library lies, so
 * that an installed tree can be moved. Without files there it is the folder that was configured. */
void siem_installed_folder(char folder[PATH_MAX]);

#endif
