/* news.c: one wait for many registries that are followed. */
#include "source/news.h"
#include "bind/bind.h"

/* Its user value holds, by the address of each registry, its userdata and its key: {[1]=, [2]=}. */
typedef struct lua_news {
    siem_news *news; /* NULL: closed */
} lua_news;

static siem_news *check(lua_State *L) {
    const lua_news *n = luaL_checkudata(L, 1, SIEM_LUA_NEWS);
    siem_lua_check_open(L, n->news != NULL, SIEM_LUA_NEWS);
    return n->news;
}

/* core.news_open() -> news, or nil, message, code */
static int news_open(lua_State *L) {
    siem_error err;
    lua_news *n = lua_newuserdatauv(L, sizeof *n, 1);
    *n = (lua_news){0};
    luaL_setmetatable(L, SIEM_LUA_NEWS);
    lua_newtable(L);
    lua_setiuservalue(L, -2, 1);
    if (siem_news_open(&n->news, &err) != SIEM_OK) return siem_lua_fail(L, &err);
    return 1;
}

/* news:add(registry, key): the registry cannot be closed until it is removed */
static int news_add(lua_State *L) {
    siem_error err;
    siem_lua_use *use;
    siem_news *news = check(L);
    siem_registry *registry = siem_lua_check_registry(L, 2, &use);
    luaL_checkany(L, 3);
    lua_settop(L, 3);
    (void)lua_getiuservalue(L, 1, 1); /* ..., entries */
    luaL_argcheck(L, lua_rawgetp(L, 4, registry) == LUA_TNIL, 2, "was added before");
    lua_createtable(L, 2, 0);
    lua_pushvalue(L, 2);
    lua_rawseti(L, -2, 1);
    lua_pushvalue(L, 3);
    lua_rawseti(L, -2, 2);
    lua_rawsetp(L, 4, registry);
    if (siem_news_add(news, registry, &err) != SIEM_OK) {
        lua_pushnil(L);
        lua_rawsetp(L, 4, registry);
        return siem_lua_fail(L, &err);
    }
    use->count++;
    lua_pushboolean(L, true);
    return 1;
}

/* news:remove(registry) */
static int news_remove(lua_State *L) {
    siem_lua_use *use;
    siem_news *news = check(L);
    siem_registry *registry = siem_lua_check_registry(L, 2, &use);
    (void)lua_getiuservalue(L, 1, 1);
    if (lua_rawgetp(L, -1, registry) == LUA_TNIL) return 0;
    siem_news_remove(news, registry);
    use->count--;
    lua_pushnil(L);
    lua_rawsetp(L, -3, registry);
    return 0;
}

/* news:wait(milliseconds) -> the key of a registry with news, or nil */
static int news_wait(lua_State *L) {
    siem_news *news = check(L);
    lua_Integer milliseconds = luaL_checkinteger(L, 2);
    luaL_argcheck(L, milliseconds >= 0 && milliseconds <= INT32_MAX, 2, "is out of range");
    const siem_registry *registry = siem_news_wait(news, (int)milliseconds);
    if (registry == NULL) return 0;
    (void)lua_getiuservalue(L, 1, 1);
    (void)lua_rawgetp(L, -1, registry);
    (void)lua_rawgeti(L, -1, 2);
    return 1;
}

/* Releases all registries: without a state that is being closed, each is still open. */
static int news_close(lua_State *L) {
    lua_news *n = luaL_checkudata(L, 1, SIEM_LUA_NEWS);
    siem_news_close(n->news);
    n->news = NULL;
    (void)lua_getiuservalue(L, 1, 1);
    for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 2)) {
        siem_lua_use *use;
        (void)lua_rawgeti(L, -1, 1);
        (void)siem_lua_check_registry(L, -1, &use);
        use->count--;
    }
    lua_newtable(L);
    lua_setiuservalue(L, 1, 1);
    return 0;
}

void siem_lua_bind_news(lua_State *L) {
    static const luaL_Reg methods[] = {
        {"add", news_add}, {"remove", news_remove}, {"wait", news_wait}, {NULL, NULL}};
    siem_lua_new_class(L, SIEM_LUA_NEWS, methods, news_close);
    lua_pushcfunction(L, news_open);
    lua_setfield(L, -2, "news_open");
}
