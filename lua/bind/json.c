/* json.c: Lua values and JSON text, both ways.
 *
 * A table is an array when it is marked (siem.array, or __jsontype = "array" as in dkjson) or holds
 * the keys 1 to n; else an object. A bare {} is an object. Keys come in the order of __jsonorder,
 * then sorted, never in the order of pairs, which changes at every start. */
#include "base/error.h"
#include "base/json_reader.h"
#include "base/json_writer.h"
#include "base/number.h"
#include "bind/bind.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* Keys of an object that are sorted as they come, without memory of their own. */
#define FEW_KEYS 32

/* The most bytes of a value that a function makes: tables that share others can make far more text
 * than they hold themselves. */
#define MOST_JSON ((size_t)64 << 20)

/* Keys of the metatables of decoded arrays, and of JSON text that is taken as it is. */
static const char array_key = 'a', raw_key = 'r';

/* ---- encoding ---- */

/* Where the encoder is inside the value: a name, or a place when the name is NULL. */
typedef struct step {
    const char *name; /* the key, which the table holds */
    size_t place;
} step;

typedef struct encoder {
    lua_State *L;
    siem_buffer *out;
    siem_error *err;
    step path[SIEM_JSON_DEPTH + 1];
    const void *open[SIEM_JSON_DEPTH]; /* tables around the current value */
    int depth;
} encoder;

static bool encode(encoder *e, int index);

/* Sets what is wrong, after the path of the current value: "a.b[2]: ...". */
static bool refuse(encoder *e, const char *reason) {
    char path[160] = "";
    size_t size = 0;
    for (int i = 0; i < e->depth && size < sizeof path; i++) {
        const step *s = &e->path[i];
        if (s->name != NULL && s->name[0] == '\0') continue; /* the table itself */
        int added = s->name == NULL ? snprintf(path + size, sizeof path - size, "[%zu]", s->place)
                                    : snprintf(path + size, sizeof path - size, "%s%s",
                                               i > 0 ? "." : "", s->name);
        size += added > 0 ? (size_t)added : 0;
    }
    siem_error_set(e->err, SIEM_REFUSED, "%s%s%s", path, path[0] != '\0' ? ": " : "", reason);
    return false;
}

/* The kind a metatable declares: 'a'rray, 'o'bject, or 0. */
static char declared_kind(lua_State *L, int index) {
    char kind = 0;
    if (luaL_getmetafield(L, index, "__jsontype") == LUA_TNIL) return 0;
    const char *name = lua_tostring(L, -1);
    if (name != NULL && (strcmp(name, "array") == 0 || strcmp(name, "object") == 0)) {
        kind = name[0];
    }
    lua_pop(L, 1);
    return kind;
}

/* Counts the keys; *sequence: that they are 1 to n, *named that all are strings. */
static size_t count_keys(lua_State *L, int index, bool *sequence, bool *named) {
    size_t count = 0;
    lua_Integer highest = 0;
    *sequence = *named = true;
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        lua_pop(L, 1); /* the value; the key stays */
        count++;
        *named = *named && lua_type(L, -1) == LUA_TSTRING;
        if (lua_isinteger(L, -1) && lua_tointeger(L, -1) > 0) {
            if (lua_tointeger(L, -1) > highest) highest = lua_tointeger(L, -1);
        } else {
            *sequence = false;
        }
    }
    *sequence = *sequence && (size_t)highest == count;
    return count;
}

static bool encode_array(encoder *e, int index, size_t count) {
    siem_buffer_add_char(e->out, '[');
    for (size_t i = 1; i <= count; i++) {
        if (i > 1) siem_buffer_add_char(e->out, ',');
        e->path[e->depth - 1] = (step){NULL, i};
        lua_rawgeti(e->L, index, (lua_Integer)i);
        if (!encode(e, lua_gettop(e->L))) return false;
        lua_pop(e->L, 1);
    }
    siem_buffer_add_char(e->out, ']');
    return true;
}

/* A key of a table, which keeps it alive. */
typedef struct key {
    const char *bytes;
    size_t size;
} key;

static int compare_keys(const void *left, const void *right) {
    const key *a = left, *b = right;
    int order = memcmp(a->bytes, b->bytes, a->size < b->size ? a->size : b->size);
    if (order != 0) return order;
    return a->size < b->size ? -1 : a->size > b->size;
}

/* Fills `keys` with all keys of a table, sorted byte by byte, whatever the locale says. */
static void sort_keys(lua_State *L, int index, key *keys) {
    size_t count = 0;
    for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
        key k = {.bytes = lua_tolstring(L, -2, NULL)};
        (void)lua_tolstring(L, -2, &k.size);
        size_t at = count++;
        for (; at > 0 && count <= FEW_KEYS && compare_keys(&k, &keys[at - 1]) < 0; at--) {
            keys[at] = keys[at - 1];
        }
        keys[at] = k;
    }
    if (count > FEW_KEYS) qsort(keys, count, sizeof *keys, compare_keys);
}

/* Moves keys that __jsonorder lists to the front, in its order. */
static void put_declared_first(lua_State *L, int index, key *keys, size_t count) {
    size_t front = 0;
    int top = lua_gettop(L);
    if (luaL_getmetafield(L, index, "__jsonorder") == LUA_TTABLE) {
        for (lua_Integer i = 1; lua_rawgeti(L, top + 1, i) != LUA_TNIL; i++, lua_pop(L, 1)) {
            key wanted = {.bytes = NULL};
            if (lua_type(L, -1) == LUA_TSTRING) wanted.bytes = lua_tolstring(L, -1, &wanted.size);
            size_t at = front;
            while (at < count && (wanted.bytes == NULL || compare_keys(&keys[at], &wanted) != 0))
                at++;
            if (at == count) continue;
            key found = keys[at];
            memmove(&keys[front + 1], &keys[front], (at - front) * sizeof *keys);
            keys[front++] = found;
        }
    }
    lua_settop(L, top);
}

static bool encode_member(encoder *e, int index, const key *k) {
    lua_pushlstring(e->L, k->bytes, k->size);
    lua_rawget(e->L, index);
    if (e->out->size != 0 && e->out->bytes[e->out->size - 1] != '{') {
        siem_buffer_add_char(e->out, ',');
    }
    siem_json_write_text(e->out, k->bytes, k->size);
    siem_buffer_add_char(e->out, ':');
    e->path[e->depth - 1] = (step){k->bytes, 0};
    if (!encode(e, lua_gettop(e->L))) return false;
    lua_pop(e->L, 1);
    return true;
}

static bool encode_object(encoder *e, int index, size_t count) {
    key few[FEW_KEYS];
    key *keys = few;
    int top = lua_gettop(e->L);
    if (count > FEW_KEYS) keys = lua_newuserdatauv(e->L, count * sizeof *keys, 0);
    sort_keys(e->L, index, keys);
    put_declared_first(e->L, index, keys, count);
    siem_buffer_add_char(e->out, '{');
    for (size_t i = 0; i < count; i++) {
        if (!encode_member(e, index, &keys[i])) return false;
    }
    siem_buffer_add_char(e->out, '}');
    lua_settop(e->L, top);
    return true;
}

/* False, with the reason, once the text has grown too long. */
static bool has_room(encoder *e) {
    if (e->out->failed) return siem_error_no_memory(e->err) == SIEM_OK;
    return e->out->size <= MOST_JSON || refuse(e, "the value is longer than 64 MiB of JSON");
}

/* True for what siem.json.raw made. */
static bool is_raw(lua_State *L, int index) {
    if (!lua_getmetatable(L, index)) return false;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &raw_key);
    bool raw = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return raw;
}

/* Writes the canonical form of JSON text: no digit of its numbers changes. */
static bool encode_raw(encoder *e, int index) {
    siem_json_reader reader = {.scratch = {.allocator = e->out->allocator}};
    size_t size;
    lua_rawgeti(e->L, index, 1);
    const char *text = lua_type(e->L, -1) == LUA_TSTRING ? lua_tolstring(e->L, -1, &size) : NULL;
    siem_json_result result =
        text != NULL ? siem_json_read(&reader, text, size, e->out) : SIEM_JSON_MALFORMED;
    siem_json_reader_free(&reader);
    lua_pop(e->L, 1);
    if (e->out->failed) return has_room(e);
    return result == SIEM_JSON_READ || refuse(e, "siem.json.raw holds text that is not JSON");
}

static bool encode_table(encoder *e, int index) {
    if (is_raw(e->L, index)) return encode_raw(e, index);
    bool sequence, named;
    if (e->depth == SIEM_JSON_DEPTH) return refuse(e, "tables lie too deep in one another");
    for (int i = 0; i < e->depth; i++) {
        if (e->open[i] == lua_topointer(e->L, index)) return refuse(e, "the table holds itself");
    }
    luaL_checkstack(e->L, 12, "a table with many levels");
    e->open[e->depth++] = lua_topointer(e->L, index);
    e->path[e->depth - 1] = (step){"", 0};
    char kind = declared_kind(e->L, index);
    size_t count = count_keys(e->L, index, &sequence, &named);
    bool ok;
    if (kind == 'a' || (kind == 0 && sequence && count > 0)) {
        ok = sequence ? encode_array(e, index, count)
                      : refuse(e, "an array must hold the keys 1 to n and no other");
    } else {
        ok = named ? encode_object(e, index, count)
                   : refuse(e, "a table must hold either names or the keys 1 to n");
    }
    e->depth--;
    return ok;
}

static bool encode(encoder *e, int index) {
    size_t size;
    const char *text;
    if (!has_room(e)) return false;
    switch (lua_type(e->L, index)) {
    case LUA_TNIL: siem_buffer_add(e->out, "null", 4); return true;
    case LUA_TBOOLEAN:
        text = lua_toboolean(e->L, index) ? "true" : "false";
        siem_buffer_add(e->out, text, strlen(text));
        return true;
    case LUA_TNUMBER:
        if (lua_isinteger(e->L, index)) {
            siem_json_write_integer(e->out, lua_tointeger(e->L, index));
            return true;
        }
        if (!isfinite(lua_tonumber(e->L, index))) return refuse(e, "a number is NaN or infinite");
        return siem_json_write_real(e->out, lua_tonumber(e->L, index));
    case LUA_TSTRING:
        text = lua_tolstring(e->L, index, &size);
        siem_json_write_text(e->out, text, size);
        return true;
    case LUA_TTABLE: return encode_table(e, index);
    case LUA_TLIGHTUSERDATA:
        if (lua_touserdata(e->L, index) == NULL) {
            siem_buffer_add(e->out, "null", 4);
            return true;
        }
        break;
    default: break;
    }
    char reason[64];
    (void)snprintf(reason, sizeof reason, "a %s has no JSON form", luaL_typename(e->L, index));
    return refuse(e, reason);
}

bool siem_lua_to_value(lua_State *L, int index, siem_buffer *json, siem_value *value,
                       siem_error *err) {
    *value = (siem_value){0};
    encoder e = {.L = L, .out = json, .err = err};
    switch (lua_type(L, index)) {
    case LUA_TNIL: return true;
    case LUA_TNUMBER:
        if (lua_isinteger(L, index)) {
            *value = (siem_value){.type = SIEM_INTEGER, .integer = lua_tointeger(L, index)};
        } else {
            *value = (siem_value){.type = SIEM_REAL, .real = lua_tonumber(L, index)};
            if (!isfinite(value->real)) return refuse(&e, "a number is NaN or infinite");
        }
        return true;
    case LUA_TSTRING:
        value->type = SIEM_TEXT;
        value->bytes = lua_tolstring(L, index, &value->size);
        return true;
    default: break;
    }
    json->size = 0;
    int top = lua_gettop(L);
    bool ok = encode(&e, lua_absindex(L, index));
    lua_settop(L, top);
    if (!ok) return false;
    if (json->failed) return siem_error_no_memory(err) == SIEM_OK;
    if (json->size == 4 && memcmp(json->bytes, "null", 4) == 0) return true;
    *value = (siem_value){.type = SIEM_JSON, .bytes = json->bytes, .size = json->size};
    return true;
}

/* ---- decoding ---- */

/* A whole number of 64 bits is a Lua integer, a longer one stays text, a fraction is a float. */
static void push_number(lua_State *L, const char *number, size_t size) {
    bool whole = memchr(number, '.', size) == NULL && memchr(number, 'e', size) == NULL &&
                 memchr(number, 'E', size) == NULL;
    const char *copy = lua_pushlstring(L, number, size);
    errno = 0;
    int64_t integer = whole ? strtoll(copy, NULL, 10) : 0;
    double real = whole ? 0 : siem_number_read(copy, NULL);
    if (errno != 0 || !isfinite(real)) return; /* as text: no digit is lost */
    lua_pop(L, 1);
    if (whole) lua_pushinteger(L, integer);
    else lua_pushnumber(L, real);
}

static void push_text(lua_State *L, const char *string, size_t size) {
    if (size < 2) luaL_error(L, "a JSON string has no end");
    if (memchr(string, '\\', size) == NULL) {
        lua_pushlstring(L, string + 1, size - 2);
        return;
    }
    luaL_Buffer text; /* decoded text is never longer */
    siem_buffer decoded = {.bytes = luaL_buffinitsize(L, &text, size), .capacity = size};
    siem_json_decode_text(string, size, &decoded);
    luaL_pushresultsize(&text, decoded.size);
}

static void mark_array(lua_State *L) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &array_key);
    lua_setmetatable(L, -2);
}

static void push_array(lua_State *L, const char *json, size_t size, bool ordered) {
    const char *at = json + 1, *end = json + size - 1;
    lua_newtable(L);
    for (lua_Integer i = 1; at < end; i++) {
        const char *next = siem_json_skip(at, end);
        siem_lua_push_json(L, at, (size_t)(next - at), ordered);
        lua_rawseti(L, -2, i);
        at = next + 1;
    }
    mark_array(L);
}

/* Gives the object on top the order of its keys, a list right above it. */
static void set_order(lua_State *L) {
    lua_createtable(L, 0, 2); /* object, order, metatable */
    lua_insert(L, -2);
    lua_setfield(L, -2, "__jsonorder");
    lua_pushliteral(L, "object");
    lua_setfield(L, -2, "__jsontype");
    lua_setmetatable(L, -2);
}

static void push_object(lua_State *L, const char *json, size_t size, bool ordered) {
    const char *at = json + 1, *end = json + size - 1;
    lua_newtable(L); /* object */
    lua_newtable(L); /* object, order */
    for (lua_Integer i = 1; at < end; i++) {
        const char *colon = siem_json_skip(at, end);
        if (*at != '"' || colon >= end || *colon != ':') luaL_error(L, "a JSON object has no key");
        push_text(L, at, (size_t)(colon - at)); /* object, order, key */
        if (ordered) {
            lua_pushvalue(L, -1);
            lua_rawseti(L, -3, i);
        }
        const char *next = siem_json_skip(colon + 1, end);
        siem_lua_push_json(L, colon + 1, (size_t)(next - colon - 1), ordered);
        lua_rawset(L, -4);
        at = next + 1;
    }
    if (ordered) set_order(L);
    else lua_pop(L, 1);
}

void siem_lua_push_json(lua_State *L, const char *json, size_t size, bool ordered) {
    luaL_checkstack(L, 12, "JSON with many levels");
    switch (size != 0 ? json[0] : 'n') {
    case '{': push_object(L, json, size, ordered); break;
    case '[': push_array(L, json, size, ordered); break;
    case '"': push_text(L, json, size); break;
    case 't': lua_pushboolean(L, true); break;
    case 'f': lua_pushboolean(L, false); break;
    case 'n': lua_pushlightuserdata(L, NULL); break;
    default: push_number(L, json, size); break;
    }
}

void siem_lua_push_value(lua_State *L, const siem_value *value) {
    switch (value->type) {
    case SIEM_NULL: lua_pushnil(L); break;
    case SIEM_INTEGER: lua_pushinteger(L, value->integer); break;
    case SIEM_REAL: lua_pushnumber(L, value->real); break;
    case SIEM_TEXT: lua_pushlstring(L, value->bytes, value->size); break;
    case SIEM_JSON: siem_lua_push_json(L, value->bytes, value->size, false); break;
    }
}

/* ---- siem.json ---- */

/* core.json_encode(value) -> text, or nil, message, code */
static int json_encode(lua_State *L) {
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    siem_error err;
    siem_buffer *out = siem_lua_new_scratch(L);
    encoder e = {.L = L, .out = out, .err = &err};
    bool encoded = encode(&e, 1);
    if (out->failed) return siem_budget_no_memory(L);
    if (!encoded) return siem_lua_fail(L, &err);
    lua_pushlstring(L, out->bytes, out->size);
    return 1;
}

/* Reads JSON text into a scratch, which is left on the stack. */
static siem_json_result read_text(lua_State *L, const char *text, size_t size,
                                  siem_buffer **canonical) {
    *canonical = siem_lua_new_scratch(L);
    siem_json_reader reader = {.scratch = {.allocator = (*canonical)->allocator}};
    siem_json_result result = siem_json_read(&reader, text, size, *canonical);
    siem_json_reader_free(&reader);
    if ((*canonical)->failed) (void)siem_budget_no_memory(L);
    return result;
}

/* core.json_decode(text [, ordered]) -> value, or nil, message, code */
static int json_decode(lua_State *L) {
    size_t size;
    siem_error err;
    const char *text = luaL_checklstring(L, 1, &size);
    bool ordered = lua_toboolean(L, 2);
    siem_buffer *canonical;
    siem_json_result result = read_text(L, text, size, &canonical);
    if (result != SIEM_JSON_READ) {
        siem_error_set(&err, SIEM_INVALID,
                       result == SIEM_JSON_TOO_DEEP ? "the JSON text is nested too deep"
                       : result == SIEM_JSON_NOT_A_NUMBER
                           ? "the text holds NaN or Infinity, which JSON has not"
                           : "the text is not JSON");
        return siem_lua_fail(L, &err);
    }
    siem_lua_push_json(L, canonical->bytes, canonical->size, ordered);
    return 1;
}

/* Raises unless the argument is a table that may be marked: not one whose metatable is protected,
 * such as a format, except for arrays. */
static void check_markable(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    if (luaL_getmetafield(L, 1, "__metatable") == LUA_TNIL) return;
    (void)lua_getmetatable(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &array_key);
    luaL_argcheck(L, lua_rawequal(L, -1, -2), 1, "the table has a metatable that is protected");
    lua_pop(L, 3);
}

/* core.array(table) -> the same table, marked */
static int array(lua_State *L) {
    check_markable(L);
    lua_settop(L, 1);
    mark_array(L);
    return 1;
}

/* core.object(table [, order]) -> the same table, marked */
static int object(lua_State *L) {
    check_markable(L);
    if (lua_isnoneornil(L, 2)) {
        lua_settop(L, 1);
        lua_newtable(L);
    } else {
        luaL_checktype(L, 2, LUA_TTABLE);
        lua_settop(L, 2);
    }
    set_order(L);
    return 1;
}

void siem_lua_push_raw_json(lua_State *L, const char *json, size_t size) {
    lua_createtable(L, 1, 0);
    lua_pushlstring(L, json, size);
    lua_rawseti(L, -2, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &raw_key);
    lua_setmetatable(L, -2);
}

/* core.json_raw(text) -> a value that is written as that JSON text */
static int json_raw(lua_State *L) {
    size_t size;
    const char *text = luaL_checklstring(L, 1, &size);
    siem_lua_push_raw_json(L, text, size);
    return 1;
}

/* core.json_member(text, key) -> the JSON text of an object's member, its numbers as they are
 * written; or nil */
static int json_member(lua_State *L) {
    size_t size, key_size, value_size;
    const char *text = luaL_checklstring(L, 1, &size), *value;
    const char *key = luaL_checklstring(L, 2, &key_size);
    siem_buffer *canonical;
    siem_json_result result = read_text(L, text, size, &canonical);
    if (result != SIEM_JSON_READ ||
        !siem_json_find(canonical->bytes, canonical->size, key, key_size, &value, &value_size)) {
        return 0;
    }
    lua_pushlstring(L, value, value_size);
    return 1;
}

void siem_lua_bind_json(lua_State *L) {
    static const luaL_Reg functions[] = {{"json_encode", json_encode},
                                         {"json_decode", json_decode},
                                         {"json_raw", json_raw},
                                         {"array", array},
                                         {"object", object},
                                         {"json_member", json_member},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "array");
    lua_setfield(L, -2, "__jsontype");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &array_key);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "oversight.json");
    lua_setfield(L, -2, "__metatable");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &raw_key);
}
