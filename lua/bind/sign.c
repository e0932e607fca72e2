/* sign.c: the Sentinel signature. */
#include "bind/bind.h"

#include <string.h>

/* core.sentinel_authorization{workspace_id=, shared_key=, content_length=, date=, method=,
 * content_type=, resource=} -> header value, or nil, message, code */
static int sentinel_authorization(lua_State *L) {
    siem_error err;
    luaL_checktype(L, 1, LUA_TTABLE);
    siem_sentinel_request request = {
        .workspace_id = siem_lua_option_text(L, 1, "workspace_id"),
        .shared_key = siem_lua_option_text(L, 1, "shared_key"),
        .content_length = siem_lua_option_integer(L, 1, "content_length", -1),
        .date = siem_lua_option_text(L, 1, "date"),
        .method = siem_lua_option_text(L, 1, "method"),
        .content_type = siem_lua_option_text(L, 1, "content_type"),
        .resource = siem_lua_option_text(L, 1, "resource"),
    };
    size_t capacity = 128 + (request.workspace_id != NULL ? strlen(request.workspace_id) : 0);
    char *header = lua_newuserdatauv(L, capacity, 0);
    if (siem_sentinel_authorization(header, capacity, &request, &err) != SIEM_OK) {
        return siem_lua_fail(L, &err);
    }
    lua_pushstring(L, header);
    return 1;
}

void siem_lua_bind_sign(lua_State *L) {
    lua_pushcfunction(L, sentinel_authorization);
    lua_setfield(L, -2, "sentinel_authorization");
}
