/* mapping.c: compiled formats; their functions are called from the engine's loop. */
#include "record/mapping.h"
#include "base/error.h"
#include "base/json_writer.h"
#include "bind/bind.h"
#include "bind/twin.h"

#include <string.h>

/* A Lua function of a format. */
typedef struct lua_function {
    struct lua_mapping *owner;
    int reference; /* in the registry */
    bool whole;    /* it is called with the event alone: it gives the record, or filters */
    struct lua_function *next;
} lua_function;

/* User values: a list of functions, kept alive; and the table that the recipe is read from. */
enum { FUNCTIONS = 1, RECIPE, USER_VALUES = RECIPE };

typedef struct lua_mapping {
    siem_mapping *mapping; /* NULL: closed */
    siem_lua_caller caller;
    lua_function *functions;      /* userdata */
    int event;                    /* reference of the lent event */
    void (*release)(void *owner); /* of a mapping that lives in another state */
    void *owner;
    siem_lua_memory memory; /* of the buffers, and of what the mapping holds */
    siem_buffer json;       /* of tables that functions return */
    siem_buffer record;     /* of mapping:render */
    size_t charged;         /* to the state's budget, for what has no allocator */
} lua_mapping;

/* Buffers that have become larger are given back: the next event is hardly as large. */
#define KEPT 65536

/* A mapping without rows, or more. */
#define MAPPING_WEIGHT 2048

static lua_mapping *check(lua_State *L, int index) {
    lua_mapping *m = luaL_checkudata(L, index, SIEM_LUA_MAPPING);
    siem_lua_check_open(L, m->mapping != NULL, SIEM_LUA_MAPPING);
    return m;
}

siem_mapping *siem_lua_check_mapping(lua_State *L, int index, siem_lua_caller **caller) {
    lua_mapping *m = check(L, index);
    *caller = &m->caller;
    return m->mapping;
}

static int mapping_close(lua_State *L) {
    lua_mapping *m = luaL_checkudata(L, 1, SIEM_LUA_MAPPING);
    if (m->caller.L != NULL) return luaL_error(L, "a function of this mapping cannot close it");
    for (lua_function *f = m->functions; f != NULL; f = f->next) {
        luaL_unref(L, LUA_REGISTRYINDEX, f->reference);
    }
    m->functions = NULL;
    luaL_unref(L, LUA_REGISTRYINDEX, m->event);
    m->event = LUA_NOREF;
    if (m->release == NULL) siem_mapping_close(m->mapping);
    else if (m->mapping != NULL) m->release(m->owner);
    m->mapping = NULL;
    siem_buffer_free(&m->json);
    siem_buffer_free(&m->record);
    siem_budget_discharge(siem_budget_of(L), m->charged);
    m->charged = 0;
    return 0;
}

/* ---- functions ---- */

/* Its address is siem.drop. */
static const char drop_key = 'd';

typedef struct invocation {
    const lua_function *function;
    siem_event *event;
    const siem_value *value;
    siem_value *result;
    bool dropped; /* the function gave siem.drop */
} invocation;

/* Calls function(value, event), or function(event) for a whole record, and reads its result, which
 * stays in the slot that is returned. */
static int invoke(lua_State *L) {
    siem_error err;
    invocation *call = lua_touserdata(L, 1);
    lua_mapping *m = call->function->owner;
    bool whole = call->function->whole;
    lua_rawgeti(L, LUA_REGISTRYINDEX, call->function->reference);
    if (!whole) siem_lua_push_value(L, call->value);
    if (m->json.capacity > KEPT) siem_buffer_free(&m->json);
    lua_rawgeti(L, LUA_REGISTRYINDEX, m->event);
    siem_lua_lend_event(L, -1, call->event);
    lua_call(L, whole ? 1 : 2, 1);
    call->dropped = lua_islightuserdata(L, -1) && lua_touserdata(L, -1) == &drop_key;
    if (call->dropped) return 1;
    if (siem_lua_to_value(L, -1, &m->json, call->result, &err)) return 1;
    if (!m->json.failed) return luaL_error(L, "the function's result: %s", err.message);
    siem_buffer_free(&m->json);
    return siem_budget_no_memory(L);
}

/* The siem_function of every Lua function. */
static siem_code call_function(void *context, siem_event *event, const siem_value *value,
                               siem_value *result, siem_error *err) {
    lua_function *function = context;
    lua_mapping *m = function->owner;
    invocation call = {function, event, value, result, false};
    siem_code rc = siem_lua_call_back(&m->caller, invoke, &call, 1, err);
    lua_State *L = m->caller.L;
    lua_rawgeti(L, LUA_REGISTRYINDEX, m->event);
    siem_lua_lend_event(L, -1, NULL);
    lua_pop(L, 1);
    if (rc != SIEM_OK || !call.dropped) return rc;
    return siem_error_set(err, SIEM_DROPPED, "dropped by a function");
}

/* Pops the function on top and makes a context for it. `mapping` is the userdata's index. */
static lua_function *anchor_function(lua_State *L, int mapping) {
    lua_mapping *m = lua_touserdata(L, mapping);
    lua_function *function = lua_newuserdatauv(L, sizeof *function, 0); /* function, context */
    *function = (lua_function){m, LUA_NOREF, false, m->functions};
    lua_getiuservalue(L, mapping, FUNCTIONS); /* function, context, list */
    lua_insert(L, -2);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    lua_pop(L, 1); /* function */
    m->functions = function;
    function->reference = luaL_ref(L, LUA_REGISTRYINDEX);
    return function;
}

/* ---- rows ---- */

/* What a row needs while it is read is kept in the table at `keep`, so that an error frees it. */
typedef struct row_reader {
    lua_State *L;
    int mapping, row, keep;
    const char *label;        /* what the row is called in messages */
    siem_buffer *json, *text; /* for values on their way */
    siem_row out;
} row_reader;

/* Raises without a place of this C function's caller: the label has the row's own. */
static int row_error(row_reader *r, const char *key, const char *reason) {
    lua_pushfstring(r->L, "%s: %s %s", r->label, key, reason);
    return lua_error(r->L);
}

static void keep_top(row_reader *r) {
    lua_rawseti(r->L, r->keep, (lua_Integer)lua_rawlen(r->L, r->keep) + 1);
}

/* Pushes the row's value of a key. Returns its type. */
static int get(row_reader *r, const char *key) {
    lua_pushstring(r->L, key);
    return lua_rawget(r->L, r->row);
}

/* Text without NUL on top of the stack, kept alive by the row. */
static const char *text_of_top(row_reader *r, const char *key) {
    size_t size;
    if (lua_type(r->L, -1) != LUA_TSTRING) row_error(r, key, "must be a string");
    const char *text = lua_tolstring(r->L, -1, &size);
    if (strlen(text) != size) row_error(r, key, "holds a NUL character");
    return text;
}

static const char *read_text(row_reader *r, const char *key) {
    const char *text = get(r, key) != LUA_TNIL ? text_of_top(r, key) : NULL;
    lua_pop(r->L, 1);
    return text;
}

static bool read_flag(row_reader *r, const char *key) {
    int type = get(r, key);
    if (type != LUA_TNIL && type != LUA_TBOOLEAN) row_error(r, key, "must be true or false");
    bool flag = lua_toboolean(r->L, -1);
    lua_pop(r->L, 1);
    return flag;
}

/* JSON text of the value on top, which is popped. */
static const char *json_of_top(row_reader *r, const char *key) {
    siem_error err;
    siem_value value;
    unsigned ignored = 0;
    r->text->size = 0;
    bool written = siem_lua_to_value(r->L, -1, r->json, &value, &err);
    if (r->json->failed) (void)siem_budget_no_memory(r->L);
    if (!written) row_error(r, key, err.message);
    siem_json_write_value(r->text, &value, &ignored);
    if (r->text->failed) (void)siem_budget_no_memory(r->L);
    const char *kept = lua_pushlstring(r->L, r->text->bytes, r->text->size);
    keep_top(r);
    lua_pop(r->L, 1);
    if (r->json->capacity > KEPT) siem_buffer_free(r->json);
    if (r->text->capacity > KEPT) siem_buffer_free(r->text);
    return kept;
}

static void read_from(row_reader *r) {
    lua_State *L = r->L;
    int type = get(r, "from");
    if (type == LUA_TNIL) {
        lua_pop(L, 1);
        return;
    }
    if (type == LUA_TSTRING) {
        lua_createtable(L, 1, 0);
        lua_insert(L, -2);
        lua_rawseti(L, -2, 1);
    } else if (type != LUA_TTABLE) {
        row_error(r, "from", "must be a field or a list of fields");
    }
    size_t count = siem_lua_list_size(L, -1);
    const char **from = lua_newuserdatauv(L, (count + 1) * sizeof *from, 0); /* list, from */
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, -2, (lua_Integer)i + 1);
        from[i] = text_of_top(r, "from");
        lua_pop(L, 1);
    }
    from[count] = NULL;
    r->out.from = from;
    keep_top(r);
    keep_top(r);
}

static void read_lookup(row_reader *r) {
    lua_State *L = r->L;
    size_t count = 0;
    int type = get(r, "lookup");
    if (type == LUA_TNIL) {
        lua_pop(L, 1);
        return;
    }
    if (type != LUA_TTABLE) row_error(r, "lookup", "must be a table");
    int table = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, table) != 0; lua_pop(L, 1)) count++;
    siem_pair *pairs = lua_newuserdatauv(L, (count + 1) * sizeof *pairs, 0);
    keep_top(r);
    r->out.lookup = pairs;
    for (lua_pushnil(L); lua_next(L, table) != 0;) { /* key, value */
        if (lua_type(L, -2) != LUA_TSTRING)
            row_error(r, "lookup", "has a key that is not a string");
        siem_pair *pair = &pairs[r->out.lookup_size++];
        pair->json = json_of_top(r, "lookup"); /* key */
        pair->key = text_of_top(r, "lookup");
    }
    lua_pop(L, 1);
}

static siem_function read_function(row_reader *r, const char *key, void **context) {
    int type = get(r, key);
    if (type == LUA_TNIL) {
        lua_pop(r->L, 1);
        return NULL;
    }
    if (type != LUA_TFUNCTION) row_error(r, key, "must be a function");
    *context = anchor_function(r->L, r->mapping);
    return call_function;
}

/* default: a value, a function of the source, or {prefix = text}. */
static void read_fallback(row_reader *r) {
    switch (get(r, "default")) {
    case LUA_TNIL: lua_pop(r->L, 1); return;
    case LUA_TFUNCTION:
        r->out.fallback_with_context = anchor_function(r->L, r->mapping);
        r->out.fallback_with = call_function;
        return;
    case LUA_TTABLE:
        if (lua_getfield(r->L, -1, "prefix") != LUA_TNIL) {
            r->out.fallback_prefix = text_of_top(r, "default");
            lua_pop(r->L, 2);
            return;
        }
        lua_pop(r->L, 1);
        break;
    default: break;
    }
    r->out.fallback = json_of_top(r, "default");
}

static size_t length(const char *text) {
    return text != NULL ? strlen(text) : 0;
}

/* What a mapping holds for a row beside its allocator's memory, or more: texts, each of them twice,
 * and what is made of their parts. */
static size_t weight_of(const siem_row *row) {
    size_t texts = length(row->label) + length(row->destination) + length(row->as) +
                   length(row->key) + length(row->fallback_prefix);
    size_t count = 8;
    for (size_t i = 0; row->from != NULL && row->from[i] != NULL; i++, count++) {
        texts += 8 * length(row->from[i]);
    }
    return 2 * texts + 64 * length(row->destination) + 128 * count;
}

/* Charges so much to the state; what the mapping holds pays it back. */
static void charge(lua_State *L, lua_mapping *m, size_t weight) {
    siem_budget_charge(siem_budget_of(L), L, weight);
    m->charged += weight;
}

/* Reads the row on top of the stack and adds it. */
static void add_row(row_reader r) {
    siem_error err;
    lua_State *L = r.L;
    int mapping = r.mapping;
    r.row = lua_gettop(L);
    luaL_checktype(L, r.row, LUA_TTABLE);
    lua_newtable(L);
    r.keep = lua_gettop(L);
    r.out.label = read_text(&r, "label");
    if (r.out.label != NULL) r.label = r.out.label;
    r.out.destination = read_text(&r, "destination");
    if (r.out.destination == NULL) row_error(&r, "the destination", "is missing");
    read_from(&r);
    if (get(&r, "value") != LUA_TNIL) r.out.value = json_of_top(&r, "value");
    else lua_pop(L, 1);
    r.out.as = read_text(&r, "as");
    r.out.key = read_text(&r, "key");
    if (r.out.key != NULL && siem_budget_is_restricted(siem_budget_of(L))) {
        row_error(&r, "key", "is not open to a restricted format");
    }
    read_lookup(&r);
    read_fallback(&r);
    r.out.with = read_function(&r, "with", &r.out.with_context);
    r.out.when = read_function(&r, "when", &r.out.when_context);
    r.out.keep = read_flag(&r, "keep");
    r.out.required = read_flag(&r, "required");
    r.out.with_null = read_flag(&r, "with_null");
    charge(L, lua_touserdata(L, mapping), weight_of(&r.out));
    siem_mapping *to = check(L, mapping)->mapping;
    if (siem_mapping_add(to, &r.out, &err) != SIEM_OK) {
        if (err.code == SIEM_NO_MEMORY) (void)siem_budget_no_memory(L);
        lua_pushstring(L, err.message);
        lua_error(L);
    }
    lua_settop(L, r.row - 1);
}

/* Adds all rows of the list at `rows` to the mapping. Leaves two scratches on the stack. */
static void add_rows(lua_State *L, int rows, int mapping) {
    row_reader r = {.L = L, .mapping = mapping, .label = "a row"};
    r.json = siem_lua_new_scratch(L);
    r.text = siem_lua_new_scratch(L);
    for (lua_Integer i = 1; lua_rawgeti(L, rows, i) != LUA_TNIL; i++) add_row(r);
    lua_pop(L, 1); /* nil */
}

/* ---- methods ---- */

/* Sets the function at `index` as the mapping's filter, unless it is nil. */
static siem_code set_filter(lua_State *L, int index, int mapping, siem_error *err) {
    lua_mapping *m = lua_touserdata(L, mapping);
    if (lua_isnil(L, index)) return SIEM_OK;
    luaL_checktype(L, index, LUA_TFUNCTION);
    lua_pushvalue(L, index);
    lua_function *function = anchor_function(L, mapping);
    function->whole = true;
    return siem_mapping_set_filter(m->mapping, call_function, function, err);
}

/* core.mapping_open(name, rows or function [, filter [, recipe [, masks_dead_letter]]]) -> mapping;
 * raises for a definition that is wrong. Of a recipe: oversight.recipe. */
static int mapping_open(lua_State *L) {
    siem_error err;
    const char *name = luaL_checkstring(L, 1);
    luaL_argexpected(L, lua_istable(L, 2) || lua_isfunction(L, 2), 2, "table or function");
    bool masks = lua_toboolean(L, 5);
    lua_settop(L, 4);
    lua_mapping *m = lua_newuserdatauv(L, sizeof *m, USER_VALUES); /* name, ..., recipe, mapping */
    memset(m, 0, sizeof *m);
    m->event = LUA_NOREF;
    luaL_setmetatable(L, SIEM_LUA_MAPPING);
    lua_newtable(L);
    lua_setiuservalue(L, 5, FUNCTIONS);
    lua_pushvalue(L, 4);
    lua_setiuservalue(L, 5, RECIPE);
    siem_lua_push_lent_event(L);
    m->event = luaL_ref(L, LUA_REGISTRYINDEX);
    siem_lua_memory_open(&m->memory, L);
    m->json.allocator = m->record.allocator = &m->memory.allocator;
    charge(L, m, MAPPING_WEIGHT + strlen(name));
    siem_code rc = siem_mapping_open(&m->mapping, name, &err);
    if (rc == SIEM_OK) siem_mapping_set_canonical(m->mapping); /* json.c writes it */
    if (rc == SIEM_OK) siem_mapping_set_allocator(m->mapping, &m->memory.allocator);
    if (rc == SIEM_OK && lua_isfunction(L, 2)) {
        lua_pushvalue(L, 2);
        lua_function *function = anchor_function(L, 5);
        function->whole = true;
        rc = siem_mapping_set_function(m->mapping, call_function, function, &err);
    } else if (rc == SIEM_OK) {
        add_rows(L, 2, 5);
    }
    if (rc == SIEM_OK && masks) rc = siem_mapping_mask_dead_letter(m->mapping, &err);
    if (rc == SIEM_OK) rc = set_filter(L, 3, 5, &err);
    if (rc == SIEM_OK) rc = siem_mapping_compile(m->mapping, &err);
    lua_pushvalue(L, 5);
    if (rc == SIEM_OK) return 1;
    if (rc == SIEM_NO_MEMORY) return siem_budget_no_memory(L);
    lua_pushstring(L, err.message);
    return lua_error(L);
}

void siem_lua_push_mapping(lua_State *L, siem_mapping *mapping, void (*release)(void *owner),
                           void *owner) {
    lua_mapping *m = lua_newuserdatauv(L, sizeof *m, USER_VALUES);
    *m = (lua_mapping){.mapping = mapping, .event = LUA_NOREF, .release = release, .owner = owner};
    luaL_setmetatable(L, SIEM_LUA_MAPPING);
}

/* ---- loaded again ---- */

siem_lua_recipe siem_lua_mapping_recipe(lua_State *L, int index) {
    siem_lua_recipe recipe = {.name = siem_mapping_name(check(L, index)->mapping),
                              .obstacle = "its functions belong to one thread"};
    if (lua_getiuservalue(L, index, RECIPE) == LUA_TTABLE) { /* recipe */
        recipe.path = siem_lua_option_text(L, -1, "path");
        recipe.cpath = siem_lua_option_text(L, -1, "cpath");
        recipe.text = siem_lua_option_text(L, -1, "text");
        recipe.obstacle = siem_lua_option_text(L, -1, "obstacle");
        recipe.is_parallel = siem_lua_option_flag(L, -1, "parallel");
    }
    lua_pop(L, 1);
    return recipe;
}

static void close_twin(void *twin) {
    siem_lua_twin_close(twin);
}

/* core.mapping_twin(mapping) -> the same mapping in a state of its own; false when it has no
 * function; or nil, message, code */
static int mapping_twin(lua_State *L) {
    siem_error err;
    siem_lua_twin *twin;
    if (siem_mapping_is_shareable(check(L, 1)->mapping)) {
        lua_pushboolean(L, false);
        return 1;
    }
    const siem_lua_recipe recipe = siem_lua_mapping_recipe(L, 1);
    if (siem_lua_twin_open(&twin, L, &recipe, &err) != SIEM_OK) return siem_lua_fail(L, &err);
    siem_lua_push_mapping(L, siem_lua_twin_mapping(twin), close_twin, twin);
    return 1;
}

/* mapping:check(registry | event) -> true, or nil, message, code */
static int mapping_check(lua_State *L) {
    siem_error err;
    siem_code rc;
    const siem_mapping *mapping = check(L, 1)->mapping;
    if (luaL_testudata(L, 2, SIEM_LUA_EVENT) != NULL) {
        const siem_event *event = siem_lua_check_event(L, 2, NULL);
        rc = siem_mapping_check_columns(mapping, event->site_names, event->unreadable, &err);
    } else {
        rc = siem_mapping_check(mapping, siem_lua_check_registry(L, 2, NULL), &err);
    }
    if (rc != SIEM_OK) return siem_lua_fail(L, &err);
    lua_pushboolean(L, true);
    return 1;
}

/* Pushes what rendering gave, and gives back what it took. */
static int push_record(lua_State *L, lua_mapping *m, siem_code rc, const siem_error *err) {
    bool failed = m->record.failed;
    if (rc == SIEM_OK && !failed) lua_pushlstring(L, m->record.bytes, m->record.size);
    siem_mapping_trim(m->mapping);
    if (m->json.capacity > KEPT) siem_buffer_free(&m->json);
    if (failed || m->record.capacity > KEPT) siem_buffer_free(&m->record);
    if (failed) return siem_budget_no_memory(L);
    return rc == SIEM_OK ? 1 : siem_lua_fail(L, err);
}

/* mapping:render(event) -> record, or nil, message, code */
static int mapping_render(lua_State *L) {
    siem_error err;
    unsigned repairs = 0;
    lua_mapping *m = check(L, 1);
    siem_lua_use *use;
    siem_event *event = siem_lua_check_event(L, 2, &use);
    lua_settop(L, 2);
    siem_lua_enter(&m->caller, L, "mapping");
    use->count++;
    m->record.size = 0;
    siem_code rc = siem_mapping_render(m->mapping, siem_mapping_own_state(m->mapping), event,
                                       &m->record, &repairs, &err);
    use->count--;
    siem_lua_leave(&m->caller);
    return push_record(L, m, rc, &err);
}

static int mapping_name(lua_State *L) {
    lua_pushstring(L, siem_mapping_name(check(L, 1)->mapping));
    return 1;
}

static int mapping_describe(lua_State *L) {
    const lua_mapping *m = lua_touserdata(L, 1);
    if (m->mapping == NULL) return 0;
    lua_pushstring(L, siem_mapping_name(m->mapping));
    return 1;
}

/* core.converters() -> a list of {name=, summary=, masks=} */
static int converters(lua_State *L) {
    const siem_converter *converter;
    lua_newtable(L);
    for (size_t i = 0; (converter = siem_converter_at(i)) != NULL; i++) {
        lua_createtable(L, 0, 3);
        lua_pushstring(L, siem_converter_name(converter));
        lua_setfield(L, -2, "name");
        lua_pushstring(L, siem_converter_summary(converter));
        lua_setfield(L, -2, "summary");
        lua_pushboolean(L, siem_converter_masks(converter));
        lua_setfield(L, -2, "masks");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

void siem_lua_bind_mapping(lua_State *L) {
    static const luaL_Reg methods[] = {
        {"check", mapping_check}, {"render", mapping_render}, {"name", mapping_name}, {NULL, NULL}};
    static const luaL_Reg functions[] = {{"mapping_open", mapping_open},
                                         {"mapping_twin", mapping_twin},
                                         {"converters", converters},
                                         {NULL, NULL}};
    siem_lua_new_class(L, SIEM_LUA_MAPPING, methods, mapping_close);
    siem_lua_set_tostring(L, SIEM_LUA_MAPPING, mapping_describe);
    luaL_setfuncs(L, functions, 0);
    lua_pushlightuserdata(L, (void *)&drop_key);
    lua_setfield(L, -2, "drop");
}
