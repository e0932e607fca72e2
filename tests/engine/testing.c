/* testing.c: folders, databases and files of tests. */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];

static void remove_folder(void) {
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0) (void)fprintf(stderr, "cannot remove %s\n", folder);
}

const char *test_folder(void) {
    if (folder[0] == '\0') {
        strcpy(folder, "/tmp/oversight-test-XXXXXX");
        assert_non_null(mkdtemp(folder));
        atexit(remove_folder);
    }
    return folder;
}

const char *test_path(const char *name) {
    static char paths[8][160];
    static size_t turn;
    char *path = paths[turn++ % 8];
    (void)snprintf(path, sizeof paths[0], "%s/%s", test_folder(), name);
    return path;
}

void test_sql(const char *name, const char *sql) {
    sqlite3 *connection;
    char *message = NULL;
    assert_int_equal(sqlite3_open(test_path(name), &connection), SQLITE_OK);
    if (sqlite3_exec(connection, sql, NULL, NULL, &message) != SQLITE_OK) fail_msg("%s", message);
    sqlite3_close(connection);
}

char *test_read(const char *path) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = NULL;
    size_t size = 0;
    ssize_t read = getdelim(&text, &size, '\0', file);
    fclose(file);
    if (read <= 0) {
        free(text);
        return strdup("");
    }
    return text;
}

siem_value test_text(const char *text) {
    return (siem_value){.type = SIEM_TEXT, .bytes = text, .size = strlen(text)};
}
