/* program.c: signals, the service manager, and the watchdog of restricted formats. */
#include "program/program.h"

#include "base/checked_file.h"
#include "base/clock.h"
#include "base/error.h"
#include "bind/bind.h"
#include "host/format.h"
#include "program/metrics_server.h"
#include "program/streams.h"
#include "program/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define FAILED 1

static atomic_int stop_signal, reload_signals, reload_count;

/* What the engine waits for by itself ends within 5 seconds; this is for what it cannot interrupt,
 * such as a pipe that nobody reads. */
#define LAST_SECONDS 15

/* The first signal asks the current work to end between two batches, the second one, or the alarm,
 * ends it. */
static void request_stop(int number) {
    atomic_store(&stop_signal, number);
    (void)signal(number, SIG_DFL);
    (void)alarm(LAST_SECONDS);
}

static void give_up(int number) {
    static const char message[] =
        "oversight-siem: it did not end in time after a request to stop\n";
    (void)number;
    (void)!write(STDERR_FILENO, message, sizeof message - 1);
    _exit(FAILED);
}

static void request_reload(int number) {
    (void)number;
    atomic_fetch_add(&reload_signals, 1);
}

void siem_program_set_signals(void) {
    (void)signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of one write */
    (void)signal(SIGXFSZ, SIG_IGN); /* so is a file size limit */
    (void)signal(SIGINT, request_stop);
    (void)signal(SIGTERM, request_stop);
    (void)signal(SIGALRM, give_up);
}

/* program.handle_reload(): from here on SIGHUP is counted, and does not end the process. */
static int handle_reload(lua_State *L) {
    (void)L;
    (void)signal(SIGHUP, request_reload);
    return 0;
}

/* program.hangups() -> how often SIGHUP came */
static int hangups(lua_State *L) {
    lua_pushinteger(L, atomic_load(&reload_signals));
    return 1;
}

/* program.permit_reload(): what was tried can be loaded by all pipelines */
static int permit_reload(lua_State *L) {
    (void)L;
    atomic_fetch_add(&reload_count, 1);
    return 0;
}

/* program.reloads() -> how often that was permitted */
static int reloads(lua_State *L) {
    lua_pushinteger(L, atomic_load(&reload_count));
    return 1;
}

/* program.limited(seconds, function) -> true and what it returns; or false and its error, also when
 * it runs for longer, or when the process is to stop */
static int limited(lua_State *L) {
    int seconds = (int)luaL_checkinteger(L, 1);
    siem_budget *budget = siem_budget_of(L);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    siem_budget_begin_long(budget, L, seconds, &stop_signal);
    int status = lua_pcall(L, 0, LUA_MULTRET, 0);
    siem_budget_end(budget, L, status);
    lua_pushboolean(L, status == LUA_OK);
    lua_replace(L, 1);
    return lua_gettop(L);
}

/* program.worker() -> the number of the pipeline that this state was started for, or nil */
static int worker(lua_State *L) {
    lua_Integer number = lua_tointeger(L, lua_upvalueindex(1));
    if (number <= 0) return 0;
    lua_pushinteger(L, number);
    return 1;
}

/* program.is_trial() -> true in a state that tries what is to be reloaded, and runs nothing */
static int is_trial(lua_State *L) {
    lua_pushboolean(L, lua_tointeger(L, lua_upvalueindex(1)) == SIEM_TRIAL);
    return 1;
}

/* program.notify(text): reports to the service manager, where there is one: one datagram to the
 * socket that NOTIFY_SOCKET names, "@" for NUL in front of an abstract one; sd_notify(3) describes
 * it for programs that do not want libsystemd for this alone. */
static int notify(lua_State *L) {
    size_t size;
    const char *text = luaL_checklstring(L, 1, &size), *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path == NULL || strlen(path) >= sizeof address.sun_path) return 0;
    memcpy(address.sun_path, path, strlen(path));
    if (path[0] == '@') address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return 0;
    (void)sendto(fd, text, size, MSG_NOSIGNAL, (const struct sockaddr *)&address,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path)));
    (void)close(fd);
    return 0;
}

/* program.allow_files(count) -> true; or nil, message when the system lets the process open fewer
 */
static int allow_files(lua_State *L) {
    rlim_t wanted = (rlim_t)luaL_checkinteger(L, 1);
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < wanted) {
        bool possible = limit.rlim_max >= wanted;
        if (possible) limit.rlim_cur = wanted;
        if (!possible || setrlimit(RLIMIT_NOFILE, &limit) != 0) {
            lua_pushnil(L);
            lua_pushfstring(L,
                            "they may need %I open files, and the limit is %I: raise it "
                            "(LimitNOFILE= of systemd, ulimit -n)",
                            (lua_Integer)wanted, (lua_Integer)limit.rlim_max);
            return 2;
        }
    }
    lua_pushboolean(L, true);
    return 1;
}

static int close_stream(lua_State *L) {
    luaL_Stream *stream = luaL_checkudata(L, 1, LUA_FILEHANDLE);
    return luaL_fileresult(L, fclose(stream->f) == 0, NULL);
}

/* program.claim(path) -> a file of Lua's to read, claimed until it is closed; or nil, message,
 * code, which is "held" when another process has claimed it. The byte that is locked is another one
 * than that of its writers. */
static int claim(lua_State *L) {
    siem_error err;
    struct flock first_byte = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
    const char *path = siem_lua_check_text(L, 1);
    luaL_Stream *stream = lua_newuserdatauv(L, sizeof *stream, 0);
    int fd;
    stream->closef = NULL; /* closed, as far as Lua is concerned */
    luaL_setmetatable(L, LUA_FILEHANDLE);
    if (siem_checked_file_open(&fd, path, SIEM_FILE_CHANGE, 0, &err) != SIEM_OK) {
        return siem_lua_fail(L, &err);
    }
    bool is_claimed = fcntl(fd, F_OFD_SETLK, &first_byte) == 0;
    if (is_claimed && (stream->f = fdopen(fd, "r")) != NULL) {
        stream->closef = close_stream;
        return 1;
    }
    bool is_held = !is_claimed && (errno == EAGAIN || errno == EACCES);
    siem_error_set(&err, is_held ? SIEM_HELD : SIEM_IO, "%s: %s", path,
                   is_held ? "another replay sends it: wait until that one has ended"
                           : strerror(errno));
    (void)close(fd);
    return siem_lua_fail(L, &err);
}

/* program.stop_requested() -> true after SIGINT or SIGTERM */
static int stop_requested(lua_State *L) {
    lua_pushboolean(L, atomic_load(&stop_signal) != 0);
    return 1;
}

/* What the watchdog looks at; one restricted format a process. */
static atomic_llong running_since;
static bool is_watched;
static int most_seconds;
static pthread_t watchdog;
static pthread_mutex_t watching = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t watch_ended = PTHREAD_COND_INITIALIZER;
static bool ended;                 /* guarded by `watching` */
static atomic_llong exported = -1; /* -1: nobody wants to know */

static void print_error(const char *text, int size) {
    (void)!write(STDERR_FILENO, text, (size_t)size);
}

/* Waits for a moment. True when there is nothing more to watch. */
static bool pause_watch(void) {
    struct timespec until;
    (void)pthread_mutex_lock(&watching);
    (void)clock_gettime(CLOCK_MONOTONIC, &until); /* which nobody sets back */
    until.tv_nsec += 50000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    if (!ended) {
        (void)pthread_cond_clockwait(&watch_ended, &watching, CLOCK_MONOTONIC, &until);
    }
    bool is_over = ended;
    (void)pthread_mutex_unlock(&watching);
    return is_over;
}

static bool is_overdue(void) {
    long long since = atomic_load(&running_since);
    return since != 0 && siem_clock() - (double)since / 1e3 > most_seconds;
}

/* Ends the process when a restricted format does not come back: Lua's pattern matching cannot be
 * interrupted, and nothing that it holds is worth more than the others' time. */
static void *watch(void *unused) {
    static const char message[] = "oversight-siem: the restricted format did not come back in time "
                                  "and was stopped; what was sent before is in\n";
    char line[64];
    (void)unused;
    while (!is_overdue()) {
        if (pause_watch()) return NULL;
    }
    long long count = atomic_load(&exported);
    if (count >= 0) {
        print_error(line, snprintf(line, sizeof line, "[failed] exported %lld event(s)\n", count));
    }
    print_error(message, sizeof message - 1);
    _exit(FAILED);
}

/* Closed while it is watched: its finalizers are the format's, too. */
static void release_format(void *format) {
    siem_format_close(format);
    (void)pthread_mutex_lock(&watching);
    ended = true;
    (void)pthread_cond_signal(&watch_ended);
    (void)pthread_mutex_unlock(&watching);
    (void)pthread_join(watchdog, NULL);
    is_watched = false;
}

static lua_Integer integer_field(lua_State *L, int index, const char *name) {
    lua_getfield(L, index, name);
    lua_Integer number = luaL_checkinteger(L, -1);
    lua_pop(L, 1);
    return number;
}

/* Makes an empty format under the limits of the table at `limits`, with the watchdog beside it. */
static siem_format *begin_watch(lua_State *L, int limits) {
    siem_error err;
    siem_format *format;
    lua_Integer instructions = integer_field(L, limits, "instructions");
    lua_Integer mebibytes = integer_field(L, limits, "mebibytes");
    most_seconds = (int)integer_field(L, limits, "seconds");
    if (siem_format_new_restricted(&format, &running_since, &err) != SIEM_OK) {
        luaL_error(L, "%s", err.message);
    }
    lua_State *state = siem_format_state(format);
    siem_budget_set(siem_budget_of(state), instructions, (size_t)mebibytes << 20);
    siem_streams_install(state);
    ended = false;
    is_watched = pthread_create(&watchdog, NULL, watch, NULL) == 0;
    if (!is_watched) {
        siem_format_close(format);
        luaL_error(L, "cannot start the watchdog");
    }
    return format;
}

/* program.restricted(file, {instructions=, mebibytes=, seconds=} [, arguments]) -> description and
 * the mapping, if there is one; or nil, message, code. With arguments, a list, the file is a
 * script. */
static int restricted(lua_State *L) {
    siem_error err;
    const char *description, *file = luaL_checkstring(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    bool is_script = lua_istable(L, 3);
    if (is_watched) return luaL_error(L, "there is a restricted format already");
    size_t count = is_script ? lua_rawlen(L, 3) : 0;
    const char **arguments = lua_newuserdatauv(L, (count + 1) * sizeof *arguments, 0);
    for (size_t i = 0; i < count; i++) {
        (void)lua_rawgeti(L, 3, (lua_Integer)i + 1);
        arguments[i] = luaL_checkstring(L, -1); /* the list keeps it */
        lua_pop(L, 1);
    }
    siem_format *format = begin_watch(L, 2);
    if (siem_format_load_restricted(format, file, is_script, arguments, count, &description,
                                    &err) != SIEM_OK) {
        release_format(format);
        return siem_lua_fail(L, &err);
    }
    lua_pushstring(L, description);
    siem_mapping *mapping = siem_format_mapping(format);
    if (mapping != NULL) {
        siem_lua_push_mapping(L, mapping, release_format, format);
    } else {
        release_format(format);
        lua_pushnil(L);
    }
    return 2;
}

/* program.report(count): how many events the export has delivered, for the watchdog's message. */
static int report(lua_State *L) {
    atomic_store(&exported, luaL_checkinteger(L, 1));
    return 0;
}

int siem_program_open(lua_State *L) {
    static const luaL_Reg functions[] = {{"stop_requested", stop_requested},
                                         {"handle_reload", handle_reload},
                                         {"hangups", hangups},
                                         {"permit_reload", permit_reload},
                                         {"reloads", reloads},
                                         {"limited", limited},
                                         {"notify", notify},
                                         {"restricted", restricted},
                                         {"report", report},
                                         {"allow_files", allow_files},
                                         {"claim", claim},
                                         {NULL, NULL}};
    luaL_newlib(L, functions);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushcclosure(L, worker, 1);
    lua_setfield(L, -2, "worker");
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushcclosure(L, is_trial, 1);
    lua_setfield(L, -2, "is_trial");
    siem_streams_bind(L);
    siem_workers_bind(L);
    siem_metrics_server_bind(L);
    return 1;
}
