/* server.h: an HTTP server on a thread, which answers by a script and keeps what it was sent. */
#ifndef SIEM_TEST_SERVER_H
#define SIEM_TEST_SERVER_H

#include <stddef.h>

typedef struct test_server test_server;

/* Listens on a free port of 127.0.0.1. Request number i gets the bytes answers[i], the last one all
 * later ones; "" closes the connection instead, and test_server_holds never answers. The list ends
 * with NULL, and outlives the server. */
test_server *test_server_open(const char *const *answers);
void test_server_close(test_server *server);

extern const char test_server_holds[];

/* "http://127.0.0.1:PORT" and a path, in one of a few buffers that take turns. */
const char *test_server_url(const test_server *server, const char *path);

/* Request number `index`, head and body as they came. Waits for it, and fails the test after a
 * time that no machine needs. Borrowed until the server is closed. */
const char *test_server_request(test_server *server, size_t index);

/* How many requests have come. */
size_t test_server_count(test_server *server);

/* Waits until a client has closed its connection before it was answered. */
void test_server_await_break(test_server *server);

#endif
