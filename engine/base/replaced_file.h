/* replaced_file.h: a file that is replaced as a whole: a reader sees the old bytes or the new ones.
 */
#ifndef SIEM_REPLACED_FILE_H
#define SIEM_REPLACED_FILE_H

#include <oversight/siem.h>
#include <sys/types.h>

/* Writes `path`.new, with that mode, and renames it. `is_durable`: when it returns, the bytes and
 * the name are on the disk. Errors: SIEM_HELD when something that is not a regular file, or is
 * another user's, has the name; SIEM_IO, SIEM_NOT_FOUND for the folder,
 * SIEM_NO_MEMORY. */
siem_code siem_replaced_file_write(const char *path, const char *bytes, size_t size, mode_t mode,
                                   bool is_durable, siem_error *err);

/* Forces the names in the folder of a path to the disk. Errors: SIEM_NOT_FOUND when the folder
 * cannot be opened, SIEM_IO, SIEM_NO_MEMORY. */
siem_code siem_folder_sync(const char *path, siem_error *err);

#endif
