/* program.c: the module, and what none of its other files is about. */
#include "program/program.h"

#include "base/checked_file.h"
#include "base/error.h"
#include "bind/bind.h"
#include "program/metrics_server.h"
#include "program/restricted.h"
#include "program/signals.h"
#include "program/streams.h"
#include "program/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* program.limited(seconds, function) -> true and what it returns; or false and its error, also when
 * it runs for longer, or when the process is to stop */
static int limited(lua_State *L) {
    int seconds = (int)luaL_checkinteger(L, 1);
    siem_budget *budget = siem_budget_of(L);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    siem_budget_begin_long(budget, L, seconds, siem_signals_stop());
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

int siem_program_open(lua_State *L) {
    static const luaL_Reg functions[] = {{"limited", limited},
                                         {"notify", notify},
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
    siem_signals_bind(L);
    siem_restricted_bind(L);
    siem_streams_bind(L);
    siem_workers_bind(L);
    siem_metrics_server_bind(L);
    return 1;
}
