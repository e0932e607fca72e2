/* event.c: an event in Lua: event.source_ip, event.extra.qname, event:to_table(). */
#include "source/event.h"
#include "base/error.h"
#include "base/json_writer.h"
#include "bind/bind.h"

#include <stdlib.h>
#include <string.h>

typedef struct lua_event {
    siem_event *event; /* NULL: closed, or lent and taken back */
    bool owned;
    size_t charged; /* to the state's budget */
    siem_lua_use use;
} lua_event;

static lua_event *new_event(lua_State *L) {
    lua_event *e = lua_newuserdatauv(L, sizeof *e, 1); /* with the names of what is masked */
    *e = (lua_event){.event = NULL};
    luaL_setmetatable(L, SIEM_LUA_EVENT);
    return e;
}

void siem_lua_push_event(lua_State *L, siem_event *event) {
    *new_event(L) = (lua_event){.event = event, .owned = true};
}

void siem_lua_push_lent_event(lua_State *L) {
    (void)new_event(L);
}

void siem_lua_lend_event(lua_State *L, int index, siem_event *event) {
    ((lua_event *)lua_touserdata(L, index))->event = event;
}

siem_event *siem_lua_check_event(lua_State *L, int index, siem_lua_use **use) {
    lua_event *e = luaL_checkudata(L, index, SIEM_LUA_EVENT);
    if (e->event == NULL) {
        luaL_argerror(L, index, "this event is gone: event:copy() keeps one");
    }
    if (use != NULL) *use = &e->use;
    return e->event;
}

static int event_close(lua_State *L) {
    lua_event *e = luaL_checkudata(L, 1, SIEM_LUA_EVENT);
    siem_lua_check_unused(L, &e->use, SIEM_LUA_EVENT);
    if (e->owned) siem_event_close(e->event);
    siem_budget_discharge(siem_budget_of(L), e->charged);
    e->charged = 0;
    e->event = NULL;
    return 0;
}

/* A column that cannot be read has no value: nil would be one. */
static void refuse_unreadable(lua_State *L, const siem_event *event, const char *name) {
    const char *reason = siem_unreadable_reason(event->unreadable, name);
    if (reason != NULL) {
        luaL_error(L, "column '%s' of the registry cannot be read: %s", name, reason);
    }
}

/* A registry's event has all columns: a name that is not among them is an error of the script. */
static siem_value get_value(lua_State *L, siem_event *event, const char *name) {
    siem_error err;
    siem_value value;
    if (siem_event_find(event, name, &value)) return value;
    refuse_unreadable(L, event, name);
    if (event->has_all_columns) {
        (void)siem_field_unknown(name, event->site_names, &err);
        luaL_error(L, "%s (event:get reads what may be absent)", err.message);
    }
    return value;
}

/* event[name]: a method, one of the fields, a column of the site, or nil; extra is an empty table
 * where there is none. The upvalue holds methods and the places of the fields by name. */
static int event_index(lua_State *L) {
    siem_value value;
    size_t field;
    lua_pushvalue(L, 2);
    switch (lua_rawget(L, lua_upvalueindex(1))) {
    case LUA_TFUNCTION: return 1;
    case LUA_TNUMBER:
        field = (size_t)lua_tointeger(L, -1);
        value = siem_event_at(siem_lua_check_event(L, 1, NULL), field);
        if (field == SIEM_EXTRA && value.type == SIEM_NULL) {
            lua_newtable(L);
            return 1;
        }
        break;
    default:
        if (lua_type(L, 2) != LUA_TSTRING) return 0;
        value = get_value(L, siem_lua_check_event(L, 1, NULL), lua_tostring(L, 2));
        break;
    }
    siem_lua_push_value(L, &value);
    return 1;
}

/* event:copy() -> an event that stays */
static int event_copy(lua_State *L) {
    siem_error err;
    siem_event *event = siem_lua_check_event(L, 1, NULL);
    lua_event *copy = new_event(L);
    size_t weight = siem_event_weight(event);
    siem_budget_charge(siem_budget_of(L), L, weight);
    copy->charged = weight;
    if (siem_event_copy(&copy->event, event, &err) != SIEM_OK) return siem_lua_fail(L, &err);
    copy->owned = true;
    return 1;
}

/* event:to_table() -> a table of all fields that are not null */
static int event_to_table(lua_State *L) {
    siem_event *event = siem_lua_check_event(L, 1, NULL);
    size_t size = siem_event_size(event);
    lua_createtable(L, 0, (int)size);
    for (size_t i = 0; i < size; i++) {
        siem_value value = siem_event_at(event, i);
        siem_lua_push_value(L, &value);
        lua_setfield(L, -2, siem_event_name(event, i));
    }
    return 1;
}

/* event:raw(name) -> the field as a row of a format has it: JSON keeps every digit */
static int event_raw(lua_State *L) {
    siem_event *event = siem_lua_check_event(L, 1, NULL);
    siem_value value = get_value(L, event, luaL_checkstring(L, 2));
    if (value.type == SIEM_JSON) siem_lua_push_raw_json(L, value.bytes, value.size);
    else siem_lua_push_value(L, &value);
    return 1;
}

/* event:json(name) -> the field as JSON text, or nil where it is null */
static int event_json(lua_State *L) {
    siem_event *event = siem_lua_check_event(L, 1, NULL);
    siem_value value = get_value(L, event, luaL_checkstring(L, 2));
    if (value.type == SIEM_NULL) return 0;
    if (value.type == SIEM_JSON) {
        lua_pushlstring(L, value.bytes, value.size);
        return 1;
    }
    unsigned ignored = 0;
    siem_buffer *text = siem_lua_new_scratch(L);
    siem_json_write_value(text, &value, &ignored);
    if (text->failed) return siem_budget_no_memory(L);
    lua_pushlstring(L, text->bytes, text->size);
    return 1;
}

/* event:get(name) -> what a row has for `from = name`: a field, a column, a path into extra, or nil
 */
static int event_get(lua_State *L) {
    static const char inside[] = "extra.";
    siem_error err;
    siem_path path = {0};
    siem_event *event = siem_lua_check_event(L, 1, NULL);
    const char *name = luaL_checkstring(L, 2);
    if (strncmp(name, inside, sizeof inside - 1) != 0) {
        siem_value value = siem_event_get(event, name);
        refuse_unreadable(L, event, name);
        siem_lua_push_value(L, &value);
        return 1;
    }
    if (siem_path_open(&path, name + sizeof inside - 1, &err) != SIEM_OK) {
        return luaL_error(L, "%s", err.message);
    }
    siem_value value = siem_event_in_extra(event, &path);
    siem_path_close(&path);
    siem_lua_push_value(L, &value);
    return 1;
}

/* event:names() -> a list of the names of all fields, in order */
static int event_names(lua_State *L) {
    siem_event *event = siem_lua_check_event(L, 1, NULL);
    lua_newtable(L);
    for (size_t i = 0; i < siem_event_size(event); i++) {
        lua_pushstring(L, siem_event_name(event, i));
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

static int event_describe(lua_State *L) {
    const lua_event *e = lua_touserdata(L, 1);
    if (e->event == NULL) return 0;
    siem_value id = siem_event_get(e->event, "event_id");
    siem_lua_push_value(L, &id);
    return 1;
}

static bool is_same_value(siem_value a, siem_value b) {
    if (a.type != b.type) return false;
    switch (a.type) {
    case SIEM_NULL: return true;
    case SIEM_INTEGER: return a.integer == b.integer;
    case SIEM_REAL: return a.real == b.real;
    default: return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
    }
}

/* Whether `b` has all values of `a`; a column that it lacks is null. */
static bool has_values_of(siem_event *b, siem_event *a) {
    for (size_t i = 0; i < siem_event_size(a); i++) {
        if (!is_same_value(siem_event_at(a, i), siem_event_get(b, siem_event_name(a, i))))
            return false;
    }
    return true;
}

/* Two events are equal when all their fields are. */
static int event_eq(lua_State *L) {
    const lua_event *a = luaL_testudata(L, 1, SIEM_LUA_EVENT);
    const lua_event *b = luaL_testudata(L, 2, SIEM_LUA_EVENT);
    bool are_open = a != NULL && b != NULL && a->event != NULL && b->event != NULL;
    lua_pushboolean(L, are_open && has_values_of(b->event, a->event) &&
                           has_values_of(a->event, b->event));
    return 1;
}

/* Fills a column from the key and value on top of the stack; text is borrowed from the table. */
static void read_column(lua_State *L, siem_column *column) {
    siem_value *value = &column->value;
    if (lua_type(L, -2) != LUA_TSTRING) luaL_error(L, "a row's columns have names");
    column->name = lua_tostring(L, -2);
    switch (lua_type(L, -1)) {
    case LUA_TNUMBER:
        if (lua_isinteger(L, -1)) {
            *value = (siem_value){.type = SIEM_INTEGER, .integer = lua_tointeger(L, -1)};
        } else {
            *value = (siem_value){.type = SIEM_REAL, .real = lua_tonumber(L, -1)};
        }
        return;
    case LUA_TSTRING:
        value->type = SIEM_TEXT;
        value->bytes = lua_tolstring(L, -1, &value->size);
        return;
    case LUA_TLIGHTUSERDATA:
        if (lua_touserdata(L, -1) == NULL) return; /* siem.null */
        break;
    default: break;
    }
    luaL_error(L, "column %s is a %s; a row holds numbers and strings", column->name,
               luaL_typename(L, -1));
}

/* Copies of the names in the list at `index`, ended by NULL and kept by the event at `event`; NULL
 * for an empty list. */
static const char *const *copy_names(lua_State *L, int index, int event) {
    size_t count = siem_lua_list_size(L, index), size = 0, length;
    for (size_t i = 0; i < count; i++) {
        if (lua_rawgeti(L, index, (lua_Integer)i + 1) != LUA_TSTRING) {
            luaL_error(L, "masked is a list of names");
        }
        (void)lua_tolstring(L, -1, &length);
        size += length + 1;
        lua_pop(L, 1);
    }
    const char **names = lua_newuserdatauv(L, (count + 1) * sizeof *names + size, 0);
    char *text = (char *)(names + count + 1);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, index, (lua_Integer)i + 1);
        const char *name = lua_tolstring(L, -1, &length);
        names[i] = memcpy(text, name, length + 1);
        text += length + 1;
        lua_pop(L, 1);
    }
    names[count] = NULL;
    lua_setiuservalue(L, event, 1);
    return count != 0 ? names : NULL;
}

/* core.event_from_row(row, registry_id [, masked [, complete]]) -> event */
static int event_from_row(lua_State *L) {
    siem_error err;
    size_t count = 0;
    luaL_checktype(L, 1, LUA_TTABLE);
    const char *registry_id = siem_lua_check_text(L, 2);
    if (!lua_isnoneornil(L, 3)) luaL_checktype(L, 3, LUA_TTABLE);
    lua_settop(L, 4);
    for (lua_pushnil(L); lua_next(L, 1) != 0; lua_pop(L, 1)) count++;
    siem_column *row = lua_newuserdatauv(L, (count + 1) * sizeof *row, 0);
    memset(row, 0, (count + 1) * sizeof *row);
    size_t i = 0;
    for (lua_pushnil(L); lua_next(L, 1) != 0; lua_pop(L, 1)) read_column(L, &row[i++]);
    lua_event *e = new_event(L);
    if (siem_event_open(&e->event, row, count, registry_id, &err) != SIEM_OK) {
        return siem_lua_fail(L, &err);
    }
    e->owned = true;
    e->event->has_all_columns = lua_toboolean(L, 4);
    siem_budget_charge(siem_budget_of(L), L, siem_event_weight(e->event));
    e->charged = siem_event_weight(e->event);
    if (lua_istable(L, 3)) e->event->masked = copy_names(L, 3, lua_gettop(L));
    return 1;
}

/* core.iso8601(seconds) -> text, or nil, message, code */
static int iso8601(lua_State *L) {
    char text[24];
    siem_error err;
    if (siem_iso8601(text, luaL_checknumber(L, 1), &err) != SIEM_OK) return siem_lua_fail(L, &err);
    lua_pushstring(L, text);
    return 1;
}

/* core.action_by_kind: the action of each beacon kind */
static void push_actions(lua_State *L) {
    lua_newtable(L);
    for (const char *const *kind = siem_beacon_kinds(); *kind != NULL; kind++) {
        lua_pushstring(L, siem_action_of(*kind));
        lua_setfield(L, -2, *kind);
    }
}

/* Pushes the upvalue of event_index. */
static void push_members(lua_State *L, const luaL_Reg *methods) {
    siem_error err;
    siem_event *empty;
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    if (siem_event_open(&empty, NULL, 0, "registry", &err) != SIEM_OK)
        luaL_error(L, "%s", err.message);
    lua_event *owner = new_event(L); /* members, owner */
    *owner = (lua_event){.event = empty, .owned = true};
    for (size_t i = 0; i < SIEM_FIELD_COUNT; i++) {
        lua_pushinteger(L, (lua_Integer)i);
        lua_setfield(L, -3, siem_event_name(empty, i));
    }
    lua_pop(L, 1);
}

void siem_lua_bind_event(lua_State *L) {
    static const luaL_Reg methods[] = {{"copy", event_copy},   {"to_table", event_to_table},
                                       {"names", event_names}, {"raw", event_raw},
                                       {"json", event_json},   {"get", event_get},
                                       {"close", event_close}, {NULL, NULL}};
    static const luaL_Reg functions[] = {
        {"event_from_row", event_from_row}, {"iso8601", iso8601}, {NULL, NULL}};
    siem_lua_new_class(L, SIEM_LUA_EVENT, methods, event_close);
    luaL_getmetatable(L, SIEM_LUA_EVENT);
    push_members(L, methods);
    lua_pushcclosure(L, event_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, event_eq);
    lua_setfield(L, -2, "__eq");
    lua_pop(L, 1);
    siem_lua_set_tostring(L, SIEM_LUA_EVENT, event_describe);
    luaL_setfuncs(L, functions, 0);
    push_actions(L);
    lua_setfield(L, -2, "action_by_kind");
}
