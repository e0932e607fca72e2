/* tlog.c: the registry's transparency log in Lua. Hashes are texts of 64 hex digits. */
#include "bind/bind.h"
#include "evidence/hash.h"

#include <stdio.h>
#include <string.h>

/* Findings of each fault that a report shows, unless it is asked for more. */
#define MOST_SHOWN 100

typedef struct lua_tlog {
    siem_tlog *tlog; /* NULL: closed */
    siem_lua_use use;
    siem_lua_caller caller;
    int go_on; /* reference of a function that says whether to go on, or LUA_NOREF */
} lua_tlog;

static lua_tlog *check(lua_State *L) {
    lua_tlog *t = luaL_checkudata(L, 1, SIEM_LUA_TLOG);
    siem_lua_check_open(L, t->tlog != NULL, SIEM_LUA_TLOG);
    siem_lua_check_unused(L, &t->use, SIEM_LUA_TLOG);
    return t;
}

siem_tlog *siem_lua_check_tlog(lua_State *L, int index, siem_lua_use **use) {
    lua_tlog *t = luaL_checkudata(L, index, SIEM_LUA_TLOG);
    siem_lua_check_open(L, t->tlog != NULL, SIEM_LUA_TLOG);
    if (use != NULL) *use = &t->use;
    return t->tlog;
}

static int tlog_close(lua_State *L) {
    lua_tlog *t = luaL_checkudata(L, 1, SIEM_LUA_TLOG);
    siem_lua_check_unused(L, &t->use, SIEM_LUA_TLOG);
    siem_tlog_close(t->tlog);
    t->tlog = NULL;
    luaL_unref(L, LUA_REGISTRYINDEX, t->go_on);
    t->go_on = LUA_NOREF;
    return 0;
}

/* ---- hashes and heads ---- */

static void push_hex(lua_State *L, const unsigned char *bytes, size_t size) {
    char hex[2 * 64 + 1];
    siem_hex_write(hex, bytes, size);
    lua_pushlstring(L, hex, 2 * size);
}

/* Reads the hex digits on top of the stack, and pops them. */
static bool pop_hex(lua_State *L, unsigned char *bytes, size_t size) {
    size_t hex_size = 0;
    const char *hex = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &hex_size) : "";
    bool is_hex = siem_hex_read(bytes, size, hex, hex_size);
    lua_pop(L, 1);
    return is_hex;
}

static void check_hash(lua_State *L, int index, const char *key, siem_hash *hash) {
    lua_getfield(L, index, key);
    if (pop_hex(L, hash->bytes, sizeof hash->bytes)) return;
    luaL_argerror(L, index, lua_pushfstring(L, "%s is not a hash of 64 hex digits", key));
}

static int64_t check_integer(lua_State *L, int index, const char *key) {
    int is_integer;
    lua_getfield(L, index, key);
    lua_Integer integer = lua_tointegerx(L, -1, &is_integer);
    lua_pop(L, 1);
    if (!is_integer) {
        luaL_argerror(L, index, lua_pushfstring(L, "%s is not a whole number", key));
    }
    return integer;
}

static void push_head(lua_State *L, const siem_tlog_head *head) {
    lua_createtable(L, 0, 3);
    lua_pushinteger(L, head->size);
    lua_setfield(L, -2, "size");
    push_hex(L, head->root.bytes, sizeof head->root.bytes);
    lua_setfield(L, -2, "root");
    if (!head->is_signed) return;
    push_hex(L, head->signature, sizeof head->signature);
    lua_setfield(L, -2, "signature");
}

/* The head {size=, root=, signature=} at `index`; raises for anything else. */
static void check_head(lua_State *L, int index, siem_tlog_head *head) {
    luaL_checktype(L, index, LUA_TTABLE);
    *head = (siem_tlog_head){.size = check_integer(L, index, "size")};
    check_hash(L, index, "root", &head->root);
    head->is_signed = lua_getfield(L, index, "signature") != LUA_TNIL;
    if (!head->is_signed) lua_pop(L, 1);
    else if (!pop_hex(L, head->signature, sizeof head->signature)) {
        luaL_argerror(L, index, "signature is not 128 hex digits");
    }
}

/* core.tlog_hash(text) -> the hash of a leaf */
static int tlog_hash(lua_State *L) {
    siem_error err;
    siem_hash hash;
    size_t size;
    const char *text = luaL_checklstring(L, 1, &size);
    if (siem_tlog_hash(&hash, text, size, &err) != SIEM_OK) return siem_lua_fail(L, &err);
    push_hex(L, hash.bytes, sizeof hash.bytes);
    return 1;
}

/* core.tlog_check_head(head, registry_id) -> true, or nil, message, code */
static int tlog_check_head(lua_State *L) {
    siem_error err;
    siem_tlog_head head;
    check_head(L, 1, &head);
    if (siem_tlog_check_head(&head, siem_lua_check_text(L, 2), &err) != SIEM_OK) {
        return siem_lua_fail(L, &err);
    }
    lua_pushboolean(L, true);
    return 1;
}

/* core.tlog_check_proof{leaf=, index=, size=, proof={...}, root=} -> true, or nil, message, code */
static int tlog_check_proof(lua_State *L) {
    siem_error err;
    siem_hash leaf, root, proof[SIEM_TLOG_MOST_PROOF];
    luaL_checktype(L, 1, LUA_TTABLE);
    check_hash(L, 1, "leaf", &leaf);
    check_hash(L, 1, "root", &root);
    int64_t index = check_integer(L, 1, "index"), size = check_integer(L, 1, "size");
    luaL_argcheck(L, lua_getfield(L, 1, "proof") == LUA_TTABLE, 1, "proof is not a list");
    size_t count = siem_lua_list_size(L, -1);
    luaL_argcheck(L, count <= SIEM_TLOG_MOST_PROOF, 1, "proof has more hashes than any proof");
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        bool is_hash = pop_hex(L, proof[i].bytes, sizeof proof[i].bytes);
        luaL_argcheck(L, is_hash, 1, "proof has what is not a hash of 64 hex digits");
    }
    if (siem_tlog_check_proof(&leaf, index, size, proof, count, &root, &err) != SIEM_OK) {
        return siem_lua_fail(L, &err);
    }
    lua_pushboolean(L, true);
    return 1;
}

/* ---- reading ---- */

typedef struct go_on_call {
    int go_on;
    bool answer;
} go_on_call;

static int invoke_go_on(lua_State *L) {
    go_on_call *call = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, call->go_on);
    lua_call(L, 0, 1);
    call->answer = lua_isnil(L, -1) || lua_toboolean(L, -1);
    return 0;
}

static bool call_go_on(void *context) {
    lua_tlog *t = context;
    go_on_call call = {.go_on = t->go_on};
    if (t->caller.L == NULL || t->go_on == LUA_NOREF) return true;
    return siem_lua_call_hook(&t->caller, "go_on", invoke_go_on, &call) && call.answer;
}

static void begin(lua_State *L, lua_tlog *t) {
    siem_lua_enter(&t->caller, L, "tlog");
    t->use.count++;
}

static siem_code end(lua_tlog *t, siem_code rc, siem_error *err) {
    t->use.count--;
    siem_lua_leave(&t->caller);
    return siem_lua_result(&t->caller, rc, err);
}

/* Pushes a closed one, with the go_on function of the options at 1. */
static lua_tlog *new_tlog(lua_State *L) {
    lua_tlog *t = lua_newuserdatauv(L, sizeof *t, 0);
    *t = (lua_tlog){.go_on = LUA_NOREF};
    luaL_setmetatable(L, SIEM_LUA_TLOG);
    if (lua_getfield(L, 1, "go_on") == LUA_TFUNCTION) t->go_on = luaL_ref(L, LUA_REGISTRYINDEX);
    else lua_pop(L, 1);
    return t;
}

static siem_tlog_options options_at_1(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    siem_tlog_options options = {.source = siem_lua_option_text(L, 1, "source"),
                                 .go_on = call_go_on};
    luaL_argcheck(L, options.source != NULL, 1, "source is missing");
    return options;
}

/* core.tlog_open{source=, go_on=} -> tlog, or nil, message, code */
static int tlog_open(lua_State *L) {
    siem_error err;
    siem_tlog_options options = options_at_1(L);
    lua_tlog *t = options.go_on_context = new_tlog(L);
    begin(L, t);
    siem_code rc = siem_tlog_open(&t->tlog, &options, &err);
    return end(t, rc, &err) == SIEM_OK ? 1 : siem_lua_fail(L, &err);
}

/* core.tlog_head{source=, go_on=} -> {size=, root=, signature=}, or nil, message, code */
static int tlog_head(lua_State *L) {
    siem_error err;
    siem_tlog_head head;
    siem_tlog_options options = options_at_1(L);
    lua_tlog *t = options.go_on_context = new_tlog(L);
    begin(L, t);
    siem_code rc = siem_tlog_open_head(&head, &options, &err);
    if (end(t, rc, &err) != SIEM_OK) return siem_lua_fail(L, &err);
    push_head(L, &head);
    return 1;
}

/* tlog:grow() -> how many leaves there are, or nil, message, code */
static int tlog_grow(lua_State *L) {
    siem_error err;
    lua_tlog *t = check(L);
    begin(L, t);
    siem_code rc = siem_tlog_grow(t->tlog, &err);
    if (end(t, rc, &err) != SIEM_OK) return siem_lua_fail(L, &err);
    lua_pushinteger(L, siem_tlog_size(t->tlog));
    return 1;
}

/* ---- what it has ---- */

static int tlog_size(lua_State *L) {
    lua_pushinteger(L, siem_tlog_size(check(L)->tlog));
    return 1;
}

/* tlog:root(size) -> the root of the first leaves, of all without a size; or nil, message, code */
static int tlog_root(lua_State *L) {
    siem_error err;
    siem_hash root;
    siem_tlog *tlog = check(L)->tlog;
    lua_Integer size = luaL_optinteger(L, 2, siem_tlog_size(tlog));
    if (siem_tlog_root(tlog, size, &root, &err) != SIEM_OK) return siem_lua_fail(L, &err);
    push_hex(L, root.bytes, sizeof root.bytes);
    return 1;
}

/* tlog:leaf_hash(index) -> hash, or nil, message, code */
static int tlog_leaf_hash(lua_State *L) {
    siem_error err;
    siem_hash hash;
    siem_tlog *tlog = check(L)->tlog;
    if (siem_tlog_leaf(tlog, luaL_checkinteger(L, 2), &hash, &err) != SIEM_OK) {
        return siem_lua_fail(L, &err);
    }
    push_hex(L, hash.bytes, sizeof hash.bytes);
    return 1;
}

/* tlog:leaf(event) -> the hash of its leaf and true, or false and why; nil without such a leaf */
static int tlog_leaf(lua_State *L) {
    static const siem_hash none;
    siem_error err;
    siem_hash hash;
    siem_tlog *tlog = check(L)->tlog;
    siem_code rc = siem_tlog_find(tlog, siem_lua_check_event(L, 2, NULL), &hash, &err);
    if (rc != SIEM_OK && rc != SIEM_UNPROVED) return siem_lua_fail(L, &err);
    if (siem_hash_equals(&hash, &none)) lua_pushnil(L);
    else push_hex(L, hash.bytes, sizeof hash.bytes);
    lua_pushboolean(L, rc == SIEM_OK);
    if (rc == SIEM_OK) return 2;
    lua_pushstring(L, err.message);
    return 3;
}

/* tlog:proof(index, size) -> a list of hashes, deepest first, or nil, message, code */
static int tlog_proof(lua_State *L) {
    siem_error err;
    siem_hash proof[SIEM_TLOG_MOST_PROOF];
    size_t count;
    siem_tlog *tlog = check(L)->tlog;
    lua_Integer index = luaL_checkinteger(L, 2);
    lua_Integer size = luaL_optinteger(L, 3, siem_tlog_size(tlog));
    if (siem_tlog_prove(tlog, index, size, proof, &count, &err) != SIEM_OK) {
        return siem_lua_fail(L, &err);
    }
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        push_hex(L, proof[i].bytes, sizeof proof[i].bytes);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* ---- verify ---- */

/* A finding that is kept until Lua may be called. */
typedef struct kept_finding {
    siem_tlog_finding finding;
    char detail[192];
} kept_finding;

typedef struct keeper {
    siem_buffer *kept;
    uint64_t most, counts[SIEM_TLOG_FAULTS];
} keeper;

static void keep(void *context, const siem_tlog_finding *finding) {
    keeper *k = context;
    kept_finding kept = {.finding = *finding};
    if (++k->counts[finding->fault] > k->most) return;
    (void)snprintf(kept.detail, sizeof kept.detail, "%s", finding->detail);
    siem_buffer_add(k->kept, (const char *)&kept, sizeof kept);
}

static void set_unless(lua_State *L, const char *key, int64_t value, int64_t nothing) {
    if (value == nothing) return;
    lua_pushinteger(L, value);
    lua_setfield(L, -2, key);
}

static void push_finding(lua_State *L, const kept_finding *kept) {
    lua_newtable(L);
    set_unless(L, "row", kept->finding.row, 0);
    set_unless(L, "leaf", kept->finding.leaf, -1);
    set_unless(L, "other", kept->finding.other, -1);
    set_unless(L, "line", kept->finding.line, 0);
    if (kept->detail[0] == '\0') return;
    lua_pushstring(L, kept->detail);
    lua_setfield(L, -2, "detail");
}

/* Pushes a list of {name=, title=, count=, first={...}} of the faults that were found. */
static void push_findings(lua_State *L, const keeper *k) {
    lua_newtable(L);
    for (siem_tlog_fault fault = 0; fault < SIEM_TLOG_FAULTS; fault++) {
        if (k->counts[fault] == 0) continue;
        lua_createtable(L, 0, 4);
        lua_pushstring(L, siem_tlog_fault_name(fault));
        lua_setfield(L, -2, "name");
        lua_pushstring(L, siem_tlog_fault_title(fault));
        lua_setfield(L, -2, "title");
        set_unless(L, "count", (int64_t)k->counts[fault], 0);
        lua_newtable(L);
        for (size_t at = 0; at < k->kept->size; at += sizeof(kept_finding)) {
            kept_finding kept;
            memcpy(&kept, k->kept->bytes + at, sizeof kept);
            if (kept.finding.fault != fault) continue;
            push_finding(L, &kept);
            lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
        }
        lua_setfield(L, -2, "first");
        lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    }
}

static void push_report(lua_State *L, const siem_tlog_summary *summary, const keeper *k) {
    static const siem_hash unknown;
    lua_createtable(L, 0, 8);
    set_unless(L, "leaves", summary->leaves, -1);
    set_unless(L, "callbacks", summary->callbacks, -1);
    set_unless(L, "rows", summary->rows, -1);
    set_unless(L, "proved", summary->proved, -1);
    set_unless(L, "after_head", summary->after_head, -1);
    lua_pushboolean(L, summary->is_signed);
    lua_setfield(L, -2, "signed");
    if (!siem_hash_equals(&summary->root, &unknown)) {
        push_hex(L, summary->root.bytes, sizeof summary->root.bytes);
        lua_setfield(L, -2, "root");
    }
    push_findings(L, k);
    lua_setfield(L, -2, "findings");
}

/* Reads a head of the options at 2. */
static const siem_tlog_head *head_of(lua_State *L, const char *key, siem_tlog_head *head) {
    bool has_head = lua_getfield(L, 2, key) != LUA_TNIL;
    if (has_head) check_head(L, lua_gettop(L), head);
    lua_pop(L, 1);
    return has_head ? head : NULL;
}

/* Raises for an unknown key: with a misspelled registry_id, no signature would be checked. */
static void check_keys(lua_State *L, int index) {
    static const char *const keys[] = {"registry",    "head", "since_head",
                                       "registry_id", "most", NULL};
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        bool is_known = false;
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
        for (size_t i = 0; keys[i] != NULL && !is_known; i++) is_known = strcmp(keys[i], key) == 0;
        if (!is_known) luaL_argerror(L, index, lua_pushfstring(L, "there is no key \"%s\"", key));
        lua_pop(L, 1);
    }
}

/* tlog:verify{registry=, head=, since_head=, registry_id=, most=} -> report, or nil, message, code
 */
static int tlog_verify(lua_State *L) {
    siem_error err;
    siem_tlog_summary summary;
    siem_tlog_head head, since_head;
    lua_tlog *t = check(L);
    luaL_checktype(L, 2, LUA_TTABLE);
    check_keys(L, 2);
    keeper k = {.most = (uint64_t)siem_lua_option_integer(L, 2, "most", MOST_SHOWN)};
    siem_tlog_check given = {.report = keep,
                             .report_context = &k,
                             .head = head_of(L, "head", &head),
                             .since_head = head_of(L, "since_head", &since_head),
                             .registry_id = siem_lua_option_text(L, 2, "registry_id")};
    lua_getfield(L, 2, "registry");
    int registry = lua_gettop(L);
    siem_lua_use *use;
    given.registry = siem_lua_check_registry(L, registry, &use);
    siem_lua_check_unused(L, use, SIEM_LUA_REGISTRY);
    k.kept = siem_lua_new_scratch(L);
    siem_lua_reading *reading = siem_lua_begin_reading(L, registry);
    begin(L, t);
    siem_code rc = siem_tlog_verify(t->tlog, &given, &summary, &err);
    rc = end(t, rc, &err);
    rc = siem_lua_end_reading(reading, rc, &err);
    if (rc == SIEM_OK && k.kept->failed) {
        return luaL_error(L, "not enough memory");
    }
    if (rc != SIEM_OK) return siem_lua_fail(L, &err);
    push_report(L, &summary, &k);
    return 1;
}

static int tlog_describe(lua_State *L) {
    const lua_tlog *t = lua_touserdata(L, 1);
    if (t->tlog == NULL) return 0;
    lua_pushfstring(L, "of %I leaves", (lua_Integer)siem_tlog_size(t->tlog));
    return 1;
}

void siem_lua_bind_tlog(lua_State *L) {
    static const luaL_Reg methods[] = {{"grow", tlog_grow},     {"size", tlog_size},
                                       {"root", tlog_root},     {"leaf_hash", tlog_leaf_hash},
                                       {"leaf", tlog_leaf},     {"proof", tlog_proof},
                                       {"verify", tlog_verify}, {NULL, NULL}};
    static const luaL_Reg functions[] = {{"tlog_open", tlog_open},
                                         {"tlog_head", tlog_head},
                                         {"tlog_hash", tlog_hash},
                                         {"tlog_check_head", tlog_check_head},
                                         {"tlog_check_proof", tlog_check_proof},
                                         {NULL, NULL}};
    siem_lua_new_class(L, SIEM_LUA_TLOG, methods, tlog_close);
    siem_lua_set_tostring(L, SIEM_LUA_TLOG, tlog_describe);
    luaL_setfuncs(L, functions, 0);
}
