/* server.c: one thread, and a buffer for each connection. */
#include "server.h"

#include "testing.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST_CLIENTS  16
#define MOST_REQUESTS 256
#define REQUEST_BYTES ((size_t)64 << 10)
#define PATIENCE      120 /* seconds */

const char test_server_holds[] = "never";

typedef struct client {
    int fd; /* -1: none */
    char *bytes;
    size_t size;
    bool is_held;
} client;

struct test_server {
    const char *const *answers;
    int listener, port, wake[2];
    client clients[MOST_CLIENTS];
    pthread_t thread;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t changed;
    char *requests[MOST_REQUESTS];
    size_t count, breaks;
};

static void drop(test_server *server, client *from) {
    (void)pthread_mutex_lock(&server->lock);
    if (from->is_held) server->breaks++;
    (void)pthread_cond_broadcast(&server->changed);
    (void)pthread_mutex_unlock(&server->lock);
    (void)close(from->fd);
    free(from->bytes);
    *from = (client){.fd = -1};
}

/* How many bytes the first request has, or 0 when it is not complete. */
static size_t request_size(const client *from) {
    const char *end = strstr(from->bytes, "\r\n\r\n");
    if (end == NULL) return 0;
    const char *length = strcasestr(from->bytes, "\r\ncontent-length: ");
    size_t size = (size_t)(end + 4 - from->bytes);
    if (length != NULL && length < end) size += strtoul(length + 18, NULL, 10);
    return size <= from->size ? size : 0;
}

/* Keeps a request, and gives its answer. */
static const char *keep(test_server *server, const client *from, size_t size) {
    size_t at = 0;
    (void)pthread_mutex_lock(&server->lock);
    size_t number = server->count;
    if (number < MOST_REQUESTS) server->requests[server->count++] = strndup(from->bytes, size);
    (void)pthread_cond_broadcast(&server->changed);
    (void)pthread_mutex_unlock(&server->lock);
    while (at < number && server->answers[at + 1] != NULL) at++;
    return server->answers[at];
}

static void send_all(int fd, const char *bytes) {
    size_t left = strlen(bytes);
    while (left > 0) {
        ssize_t sent = send(fd, bytes, left, MSG_NOSIGNAL);
        if (sent < 0) return;
        bytes += sent;
        left -= (size_t)sent;
    }
}

/* Answers what is complete. */
static void serve(test_server *server, client *from) {
    size_t size;
    while (from->fd >= 0 && (size = request_size(from)) > 0) {
        const char *answer = keep(server, from, size);
        from->size -= size;
        memmove(from->bytes, from->bytes + size, from->size + 1);
        from->is_held = answer == test_server_holds;
        if (answer[0] == '\0') drop(server, from);
        else if (!from->is_held) send_all(from->fd, answer);
    }
}

static void receive(test_server *server, client *from) {
    ssize_t got = recv(from->fd, from->bytes + from->size, REQUEST_BYTES - from->size, 0);
    if (got <= 0) {
        drop(server, from);
        return;
    }
    from->size += (size_t)got;
    from->bytes[from->size] = '\0';
    serve(server, from);
}

static void take_client(test_server *server) {
    int fd = accept(server->listener, NULL, NULL);
    for (size_t i = 0; fd >= 0 && i < MOST_CLIENTS; i++) {
        if (server->clients[i].fd >= 0) continue;
        server->clients[i] = (client){.fd = fd, .bytes = calloc(1, REQUEST_BYTES + 1)};
        return;
    }
    if (fd >= 0) (void)close(fd);
}

static void *work(void *context) {
    test_server *server = context;
    for (;;) {
        struct pollfd fds[MOST_CLIENTS + 2] = {{.fd = server->wake[0], .events = POLLIN},
                                               {.fd = server->listener, .events = POLLIN}};
        for (size_t i = 0; i < MOST_CLIENTS; i++) {
            fds[i + 2] = (struct pollfd){.fd = server->clients[i].fd, .events = POLLIN};
        }
        if (poll(fds, MOST_CLIENTS + 2, -1) < 0 && errno == EINTR) continue;
        if (fds[0].revents != 0) return NULL;
        for (size_t i = 0; i < MOST_CLIENTS; i++) {
            if (fds[i + 2].revents != 0) receive(server, &server->clients[i]);
        }
        if (fds[1].revents != 0) take_client(server);
    }
}

test_server *test_server_open(const char *const *answers) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    test_server *server = calloc(1, sizeof *server);
    assert_non_null(server);
    server->answers = answers;
    for (size_t i = 0; i < MOST_CLIENTS; i++) server->clients[i].fd = -1;
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(server->listener, MOST_CLIENTS), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &size), 0);
    server->port = ntohs(address.sin_port);
    assert_int_equal(pipe(server->wake), 0);
    (void)pthread_mutex_init(&server->lock, NULL);
    (void)pthread_cond_init(&server->changed, NULL);
    assert_int_equal(pthread_create(&server->thread, NULL, work, server), 0);
    return server;
}

void test_server_close(test_server *server) {
    assert_int_equal(write(server->wake[1], "", 1), 1);
    (void)pthread_join(server->thread, NULL);
    for (size_t i = 0; i < MOST_CLIENTS; i++) {
        if (server->clients[i].fd >= 0) drop(server, &server->clients[i]);
    }
    for (size_t i = 0; i < server->count; i++) free(server->requests[i]);
    (void)close(server->listener);
    (void)close(server->wake[0]);
    (void)close(server->wake[1]);
    (void)pthread_cond_destroy(&server->changed);
    (void)pthread_mutex_destroy(&server->lock);
    free(server);
}

const char *test_server_url(const test_server *server, const char *path) {
    static char urls[4][128];
    static unsigned turn;
    char *url = urls[turn++ % 4];
    (void)snprintf(url, sizeof urls[0], "http://127.0.0.1:%d%s", server->port, path);
    return url;
}

/* Waits until a number is as large as that. */
static void await(test_server *server, const size_t *number, size_t least) {
    struct timespec until;
    int rc = 0;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE;
    (void)pthread_mutex_lock(&server->lock);
    while (*number < least && rc == 0) {
        rc = pthread_cond_timedwait(&server->changed, &server->lock, &until);
    }
    bool is_there = *number >= least;
    (void)pthread_mutex_unlock(&server->lock);
    assert_true(is_there);
}

const char *test_server_request(test_server *server, size_t index) {
    await(server, &server->count, index + 1);
    return server->requests[index];
}

size_t test_server_count(test_server *server) {
    (void)pthread_mutex_lock(&server->lock);
    size_t count = server->count;
    (void)pthread_mutex_unlock(&server->lock);
    return count;
}

void test_server_await_break(test_server *server) {
    await(server, &server->breaks, 1);
}
