/* digest.c: hashes of what was delivered, and signatures of an operator's key, in Lua. */
#include "bind/bind.h"
#include "evidence/hash.h"

#include <stdio.h>

typedef struct lua_digest {
    siem_digest *digest; /* NULL: closed */
    siem_lua_use use;
} lua_digest;

static lua_digest *check(lua_State *L, int index) {
    lua_digest *d = luaL_checkudata(L, index, SIEM_LUA_DIGEST);
    siem_lua_check_open(L, d->digest != NULL, SIEM_LUA_DIGEST);
    return d;
}

siem_digest *siem_lua_check_digest(lua_State *L, int index, siem_lua_use **use) {
    lua_digest *d = check(L, index);
    if (use != NULL) *use = &d->use;
    return d->digest;
}

static int digest_close(lua_State *L) {
    lua_digest *d = luaL_checkudata(L, 1, SIEM_LUA_DIGEST);
    siem_lua_check_unused(L, &d->use, SIEM_LUA_DIGEST);
    siem_digest_close(d->digest);
    d->digest = NULL;
    return 0;
}

/* core.digest_open() -> digest */
static int digest_open(lua_State *L) {
    siem_error err;
    lua_digest *d = lua_newuserdatauv(L, sizeof *d, 0);
    *d = (lua_digest){0};
    luaL_setmetatable(L, SIEM_LUA_DIGEST);
    if (siem_digest_open(&d->digest, &err) != SIEM_OK) return siem_lua_fail(L, &err);
    return 1;
}

/* digest:add(bytes) */
static int digest_add(lua_State *L) {
    siem_error err;
    size_t size;
    siem_digest *digest = check(L, 1)->digest;
    const char *bytes = luaL_checklstring(L, 2, &size);
    if (siem_digest_add(digest, bytes, size, &err) != SIEM_OK) return siem_lua_fail(L, &err);
    lua_pushboolean(L, true);
    return 1;
}

static void set_integer(lua_State *L, const char *key, uint64_t integer) {
    lua_pushinteger(L, (lua_Integer)integer);
    lua_setfield(L, -2, key);
}

/* digest:take() -> {first_id=, last_id=, records=, bytes=, sha256=} of what was added since the
 * last call, or nil, message, code. While an export runs, only its progress function calls it. */
static int digest_take(lua_State *L) {
    siem_error err;
    siem_digest_sum sum;
    char hex[SIEM_HASH_HEX];
    if (siem_digest_take(check(L, 1)->digest, &sum, &err) != SIEM_OK) {
        return siem_lua_fail(L, &err);
    }
    lua_createtable(L, 0, 5);
    set_integer(L, "first_id", (uint64_t)sum.first_id);
    set_integer(L, "last_id", (uint64_t)sum.last_id);
    set_integer(L, "records", sum.records);
    set_integer(L, "bytes", sum.bytes);
    siem_hash_write(hex, &sum.hash);
    lua_pushstring(L, hex);
    lua_setfield(L, -2, "sha256");
    return 1;
}

/* core.key_sign(path, text) -> 128 hex digits, or nil, message, code */
static int key_sign(lua_State *L) {
    siem_error err;
    unsigned char signature[64];
    char hex[2 * sizeof signature + 1];
    size_t size;
    const char *path = siem_lua_check_text(L, 1), *text = luaL_checklstring(L, 2, &size);
    if (siem_key_sign(signature, path, text, size, &err) != SIEM_OK) return siem_lua_fail(L, &err);
    siem_hex_write(hex, signature, sizeof signature);
    lua_pushstring(L, hex);
    return 1;
}

/* core.key_check(path, text, signature) -> true, or nil, message, code */
static int key_check(lua_State *L) {
    siem_error err;
    unsigned char signature[64];
    size_t size, hex_size;
    const char *path = siem_lua_check_text(L, 1), *text = luaL_checklstring(L, 2, &size);
    const char *hex = luaL_checklstring(L, 3, &hex_size);
    luaL_argcheck(L, siem_hex_read(signature, sizeof signature, hex, hex_size), 3,
                  "a signature has 128 hex digits");
    if (siem_key_check(signature, path, text, size, &err) != SIEM_OK) {
        return siem_lua_fail(L, &err);
    }
    lua_pushboolean(L, true);
    return 1;
}

void siem_lua_bind_digest(lua_State *L) {
    static const luaL_Reg methods[] = {{"add", digest_add}, {"take", digest_take}, {NULL, NULL}};
    static const luaL_Reg functions[] = {{"digest_open", digest_open},
                                         {"key_sign", key_sign},
                                         {"key_check", key_check},
                                         {NULL, NULL}};
    siem_lua_new_class(L, SIEM_LUA_DIGEST, methods, digest_close);
    luaL_setfuncs(L, functions, 0);
}
