/* fuzz_checkpoint.c: whatever a checkpoint holds, it is read whole or refused, never half believed.
 */
#include <oversight/siem.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A file in memory, and a path to it. */
static const char *make_file(int *fd) {
    static char path[64];
    *fd = memfd_create("checkpoint", MFD_CLOEXEC);
    if (*fd < 0) abort();
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", *fd);
    return path;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int fd = -1;
    static const char *path;
    siem_error err = {0};
    char *json;
    if (fd < 0) path = make_file(&fd);
    if (ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size) abort();
    siem_code rc = siem_checkpoint_read(&json, path, &err);
    if (rc == SIEM_OK) {
        /* It says at least up to where, and its text is that of one object. */
        if (json == NULL || json[0] != '{' || json[strlen(json) - 1] != '}') abort();
        if (strstr(json, "\"last_id\":") == NULL) abort();
    } else if (rc != SIEM_HELD || json != NULL || err.message[0] == '\0') {
        abort();
    }
    free(json);
    return 0;
}
