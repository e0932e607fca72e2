/* core.c: the module oversight.core: every noun of the engine, as plain functions and userdata.
 * Scripts use oversight.siem, which is made of it. */
#include "bind/core.h"

#include "bind/bind.h"
#include "limits/exit_guard.h"

/* A list of {name=, package=, built=}. */
static void push_features(lua_State *L) {
    const siem_feature *feature;
    lua_newtable(L);
    for (size_t i = 0; (feature = siem_feature_at(i)) != NULL; i++) {
        lua_createtable(L, 0, 3);
        lua_pushstring(L, feature->name);
        lua_setfield(L, -2, "name");
        lua_pushstring(L, feature->package);
        lua_setfield(L, -2, "package");
        lua_pushboolean(L, feature->is_built);
        lua_setfield(L, -2, "built");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

SIEM_API int luaopen_oversight_core(lua_State *L) {
    luaL_checkversion(L);
    lua_newtable(L);
    lua_pushstring(L, siem_version());
    lua_setfield(L, -2, "version");
    lua_pushliteral(L, SIEM_ECS_VERSION);
    lua_setfield(L, -2, "ecs_version");
    lua_pushliteral(L, SIEM_SCHEMA_VERSION);
    lua_setfield(L, -2, "schema_version");
    push_features(L);
    lua_setfield(L, -2, "features");
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
    siem_lua_bind_news(L);
    siem_lua_bind_source(L);
    siem_lua_bind_tlog(L);
    siem_lua_bind_digest(L);
    siem_lua_bind_system(L);
    siem_lua_bind_rights(L);
    return 1;
}
