/* metrics_server_missing.c: a build without libmicrohttpd. */
#include "program/metrics_server.h"

#include "base/feature.h"

#include <lauxlib.h>

static int listen_at(lua_State *L) {
    siem_error err;
    (void)siem_feature_missing(&err, "metrics");
    lua_pushnil(L);
    lua_pushstring(L, err.message);
    lua_pushliteral(L, "usage");
    return 3;
}

static int do_nothing(lua_State *L) {
    (void)L;
    return 0;
}

void siem_metrics_server_bind(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"listen", listen_at}, {"serve", do_nothing}, {"listening", do_nothing}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
