/* core.c: the module oversight.core: every noun of the engine, as plain functions and userdata.
 * Scripts use oversight.siem, which is made of it. */
#include "bind/core.h"

#include "bind/bind.h"
#include "limits/exit_guard.h"

SIEM_API int luaopen_oversight_core(lua_State *L) {
    luaL_checkversion(L);
    lua_newtable(L);
    lua_pushstring(L, siem_version());
    lua_setfield(L, -2, "version");
    lua_pushliteral(L, SIEM_ECS_VERSION);
    lua_setfield(L, -2, "ecs_version");
    lua_pushliteral(L, SIEM_SCHEMA_VERSION);
    lua_setfield(L, -2, "schema_version");
    siem_exit_guard_bind(L);
    siem_lua_bind_text(L);
    siem_lua_bind_json(L);
    siem_lua_bind_entry(L);
    siem_lua_bind_event(L);
    siem_lua_bind_registry(L);
    siem_lua_bind_query(L);
    siem_lua_bind_mapping(L);
    siem_lua_bind_batch(L);
    siem_lua_bind_sink(L);
    siem_lua_bind_deadletter(L);
    siem_lua_bind_checkpoint(L);
    siem_lua_bind_export(L);
    siem_lua_bind_reasons(L);
    siem_lua_bind_sign(L);
    siem_lua_bind_networks(L);
    siem_lua_bind_geoip(L);
    siem_lua_bind_system(L);
    return 1;
}
