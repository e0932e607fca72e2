/* metrics_server.c: a small server over libmicrohttpd, in a thread that bounds its clients as well.
 */
#include "program/metrics_server.h"

#include "base/thread.h"
#include "program/metrics_clients.h"
#include "program/microhttpd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <lauxlib.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MOST_CONNECTIONS (SIEM_CLIENTS + 16u) /* among them those that are about to be closed */
#define MEMORY_LIMIT     ((size_t)16 << 10)   /* of a connection's request */
#define PAUSE_MS         1000                 /* when the system refuses to wait */

static struct MHD_Daemon *server;
static char *text; /* guarded by `lock` */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static enum MHD_Result queue(struct MHD_Connection *connection, unsigned status,
                             struct MHD_Response *response, const char *type) {
    if (response == NULL) return MHD_NO;
    (void)siem_microhttpd.add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    /* A client's time is that of one request. */
    (void)siem_microhttpd.add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    enum MHD_Result queued = siem_microhttpd.queue_response(connection, status, response);
    siem_microhttpd.destroy_response(response);
    return queued;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned status, char *reason) {
    return queue(
        connection, status,
        siem_microhttpd.create_response_from_buffer(strlen(reason), reason, MHD_RESPMEM_PERSISTENT),
        "text/plain");
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **state) {
    static char not_here[] = "the numbers are at /metrics\n", only_get[] = "only GET is served\n";
    (void)context, (void)version, (void)upload, (void)upload_size, (void)state;
    if (strcmp(url, "/metrics") != 0) return refuse(connection, MHD_HTTP_NOT_FOUND, not_here);
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, only_get);
    }
    (void)pthread_mutex_lock(&lock);
    const char *now = text != NULL ? text : "";
    struct MHD_Response *response = siem_microhttpd.create_response_from_buffer(
        strlen(now), (char *)now, MHD_RESPMEM_MUST_COPY);
    (void)pthread_mutex_unlock(&lock);
    return queue(connection, MHD_HTTP_OK, response, "text/plain; version=0.0.4; charset=utf-8");
}

/* libmicrohttpd reports each client that disconnects early. */
static void ignore_message(void *context, const char *format, va_list arguments) {
    (void)context, (void)format, (void)arguments;
}

/* Serves for as long as the process lives. */
_Noreturn static void *run(void *daemon) {
    for (;;) {
        if (siem_microhttpd.run_wait(daemon, siem_metrics_clients_trim()) != MHD_YES)
            (void)poll(NULL, 0, PAUSE_MS);
    }
}

static struct MHD_Daemon *start(const struct sockaddr *address, unsigned flags) {
    pthread_t thread;
    struct MHD_Daemon *daemon = siem_microhttpd.start_daemon(
        flags | MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL, answer, NULL,
        MHD_OPTION_EXTERNAL_LOGGER, ignore_message, NULL, MHD_OPTION_SOCK_ADDR, address,
        MHD_OPTION_CONNECTION_LIMIT, MOST_CONNECTIONS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        MEMORY_LIMIT, MHD_OPTION_NOTIFY_CONNECTION, siem_metrics_clients_notify, NULL,
        MHD_OPTION_END);
    if (daemon == NULL) return NULL;
    errno = siem_thread_start(&thread, run, daemon);
    if (errno != 0) {
        siem_microhttpd.stop_daemon(daemon);
        return NULL;
    }
    (void)pthread_detach(thread);
    return daemon;
}

/* program.listen(host, port) -> true; or nil, message and perhaps "usage" */
static int listen_at(lua_State *L) {
    const char *host = luaL_checkstring(L, 1);
    lua_Integer port = luaL_checkinteger(L, 2);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 address6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    luaL_argcheck(L, port >= 0 && port <= UINT16_MAX, 2, "is not a port");
    siem_error err;
    if (siem_microhttpd_load(&err) != SIEM_OK) {
        lua_pushnil(L);
        lua_pushstring(L, err.message);
        return 2;
    }
    errno = 0;
    if (inet_pton(AF_INET, host, &address.sin_addr) == 1) {
        server = start((const struct sockaddr *)&address, 0);
    } else if (inet_pton(AF_INET6, host, &address6.sin6_addr) == 1) {
        server = start((const struct sockaddr *)&address6, MHD_USE_IPv6);
    } else {
        lua_pushnil(L);
        lua_pushfstring(L, "'%s' is not an address", host);
        lua_pushliteral(L, "usage");
        return 3;
    }
    if (server == NULL) {
        lua_pushnil(L);
        lua_pushfstring(L, "cannot listen on %s port %d: %s", host, (int)port,
                        errno != 0 ? strerror(errno) : "libmicrohttpd does not say why");
        return 2;
    }
    lua_pushboolean(L, true);
    return 1;
}

static int serve(lua_State *L) {
    char *copy = strdup(luaL_checkstring(L, 1));
    (void)pthread_mutex_lock(&lock);
    char *old = text;
    text = copy;
    (void)pthread_mutex_unlock(&lock);
    free(old);
    return 0;
}

static int listening(lua_State *L) {
    if (server == NULL) return 0;
    const union MHD_DaemonInfo *info =
        siem_microhttpd.get_daemon_info(server, MHD_DAEMON_INFO_BIND_PORT);
    if (info == NULL) return 0;
    lua_pushinteger(L, info->port);
    return 1;
}

void siem_metrics_server_bind(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"listen", listen_at}, {"serve", serve}, {"listening", listening}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
