/* test_format.c: a format by name, as a C program uses it. */
#include "testing.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static siem_event *make_event(void) {
    siem_event *event;
    const siem_column row[] = {{"id", {.type = SIEM_INTEGER, .integer = 1}},
                               {"kind", test_text("dns")},
                               {"token_id", test_text("Tok")}};
    assert_ok(siem_event_open(&event, row, 3, "reg", &err));
    return event;
}

static void assert_record(siem_format *format, const char *record) {
    siem_batch *batch;
    size_t size;
    siem_event *event = make_event();
    assert_ok(siem_batch_open(&batch, &err));
    assert_ok(siem_batch_write(batch, siem_format_mapping(format), event, NULL, &err));
    const char *bytes = siem_batch_at(batch, 0, &size);
    if (size != strlen(record) || memcmp(bytes, record, size) != 0) {
        fail_msg("%.*s\nexpected %s", (int)size, bytes, record);
    }
    siem_batch_close(batch);
    siem_event_close(event);
}

static void test_built_in(void **state) {
    siem_format *format;
    const siem_option options[] = {{"index", "main"}, {"source", "s"}};
    (void)state;
    assert_ok(siem_format_open(&format, "splunk", options, 2, &err));
    assert_string_equal(siem_mapping_name(siem_format_mapping(format)), "splunk");
    assert_record(
        format,
        "{\"time\":0.0,\"host\":\"reg\",\"source\":\"s\","
        "\"sourcetype\":\"oversight:beacon\",\"event\":{\"schema\":\"oversight-siem-1\","
        "\"kind\":\"dns\",\"action\":\"beacon-dns-callback\",\"event_id\":\"1\","
        "\"token_id\":\"Tok\",\"registry_id\":\"reg\"},\"fields\":{\"beacon_kind\":\"dns\"},"
        "\"index\":\"main\"}");
    siem_format_close(format);
}

static void test_unknown(void **state) {
    siem_format *format;
    siem_error err;
    (void)state;
    assert_int_equal(siem_format_open(&format, "nope", NULL, 0, &err), SIEM_NOT_FOUND);
    assert_non_null(strstr(err.message, "choices: ecs, event, sentinel, splunk"));
    assert_null(format);
    assert_int_equal(siem_format_open(&format, "ecs", &(siem_option){"index", "x"}, 1, &err),
                     SIEM_INVALID);
    assert_non_null(strstr(err.message, "no option"));
}

/* A format of a site, with a function, on the search path. */
static void test_of_a_site(void **state) {
    siem_format *format;
    char command[512];
    (void)state;
    (void)snprintf(command, sizeof command,
                   "mkdir -p %s/oversight/formats && cat >%s/oversight/formats/acme.lua <<'E'\n"
                   "return require \"oversight.format\" \"acme\" {\n"
                   "  { \"t\", from = \"token_id\", with = function(v) return v:lower() end },\n"
                   "}\nE",
                   test_folder(), test_folder());
    assert_int_equal(system(command), 0);
    setenv("OVERSIGHT_LUA_PATH", test_folder(), 1);
    assert_ok(siem_format_open(&format, "acme", NULL, 0, &err));
    assert_record(format, "{\"t\":\"tok\"}");
    siem_format_close(format);
    unsetenv("OVERSIGHT_LUA_PATH");
}

/* A function that ends the process does not: it is an error of its event. */
static void test_exits(void **state) {
    siem_format *format;
    siem_batch *batch;
    siem_error err;
    char file[512], command[1024];
    (void)state;
    (void)snprintf(file, sizeof file, "%s/exits.lua", test_folder());
    (void)snprintf(command, sizeof command,
                   "cat >%s <<'E'\nreturn require \"oversight.format\" \"exits\" {\n"
                   "  { \"t\", from = \"token_id\", with = function() os.exit(0) end },\n}\nE",
                   file);
    assert_int_equal(system(command), 0);
    assert_ok(siem_format_open(&format, file, NULL, 0, &err));
    siem_event *event = make_event();
    assert_ok(siem_batch_open(&batch, &err));
    assert_int_equal(siem_batch_write(batch, siem_format_mapping(format), event, NULL, &err),
                     SIEM_REFUSED);
    assert_non_null(strstr(err.message, "os.exit is called"));
    siem_batch_close(batch);
    siem_event_close(event);
    siem_format_close(format);
}

/* A host with a Lua state of its own: its stack, its globals and its hook stay as they are. */
static void test_in_a_host(void **state) {
    siem_format *format;
    (void)state;
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    lua_pushinteger(L, 42);
    assert_int_equal(
        luaL_dostring(L, "package.path = '' package.preload['oversight.formats.host'] = "
                         "function() return require 'oversight.format' 'host' { { 't', "
                         "from = 'token_id', with = function(v) return v .. answer end } } "
                         "end answer = 42"),
        LUA_OK);
    assert_ok(siem_format_open_in(&format, L, "host", NULL, 0, &err));
    lua_pushliteral(L, "on the host's stack");
    assert_record(format, "{\"t\":\"Tok42\"}");
    assert_int_equal(lua_gettop(L), 2);
    assert_int_equal(lua_tointeger(L, 1), 42);
    assert_null(lua_gethook(L));
    siem_format_close(format);
    assert_ok(siem_format_open_in(&format, L, "sentinel", NULL, 0, &err));
    siem_format_close(format);
    lua_close(L);
}

/* ---- several threads ---- */

#define EVENTS 6000

typedef struct text {
    char *bytes;
    size_t size;
} text;

static siem_code append(void *context, const siem_batch *batch, siem_outcome *outcomes,
                        siem_error *err) {
    text *t = context;
    size_t size;
    const char *lines = siem_batch_bytes(batch, &size);
    (void)outcomes, (void)err;
    t->bytes = realloc(t->bytes, t->size + size);
    assert_non_null(t->bytes);
    memcpy(t->bytes + t->size, lines, size);
    t->size += size;
    return SIEM_OK;
}

static siem_code open_again(void *file, siem_mapping **mapping, void **owner, siem_error *err) {
    siem_format *format;
    siem_code rc = siem_format_open(&format, file, NULL, 0, err);
    *owner = format;
    *mapping = siem_format_mapping(format);
    return rc;
}

static void close_again(void *file, siem_mapping *mapping, void *owner) {
    (void)file, (void)mapping;
    siem_format_close(owner);
}

static text export_with(size_t jobs, char *file) {
    siem_registry *registry;
    siem_format *format;
    siem_sink *sink;
    siem_export *export_;
    text t = {0};
    const siem_registry_options source = {.path = test_path("format.db"), .registry_id = "r"};
    assert_ok(siem_registry_open(&registry, &source, &err));
    assert_ok(siem_format_open(&format, file, NULL, 0, &err));
    assert_ok(siem_sink_open_function(&sink, append, NULL, &t, &err));
    const siem_export_options options = {.mapping = siem_format_mapping(format),
                                         .open_mapping = open_again,
                                         .close_mapping = close_again,
                                         .mapping_context = file,
                                         .sink = sink,
                                         .on_error = SIEM_SKIP_ON_ERROR,
                                         .jobs = jobs};
    assert_ok(siem_export_open(&export_, &options, &err));
    assert_ok(siem_export_run(export_, registry, &err));
    assert_int_equal(siem_export_counts(export_)->refused, EVENTS / 1000);
    assert_int_equal(siem_export_counts(export_)->dropped, EVENTS / 100);
    siem_export_close(export_);
    assert_ok(siem_sink_close(sink, &err));
    siem_format_close(format);
    siem_registry_close(registry);
    return t;
}

/* Each thread has a format, and with it a Lua state, of its own. */
static void test_several_threads(void **state) {
    char file[512], command[1024], sql[512];
    (void)state;
    (void)snprintf(file, sizeof file, "%s/threads.lua", test_folder());
    (void)snprintf(command, sizeof command,
                   "cat >%s <<'E'\nlocal siem = require \"oversight.siem\"\n"
                   "return siem.format.from_function(\"threads\", function(event)\n"
                   "  local id = tonumber(event.event_id)\n"
                   "  if id %% 1000 == 7 then error(\"refused\") end\n"
                   "  if id %% 100 == 8 then return siem.drop end\n"
                   "  return { id = id, extra = event.extra, token = event.token_id:upper() }\n"
                   "end)\nE",
                   file);
    assert_int_equal(system(command), 0);
    (void)snprintf(sql, sizeof sql,
                   "CREATE TABLE events (id INTEGER PRIMARY KEY, token_id TEXT, kind TEXT, extra "
                   "TEXT, timestamp INTEGER);"
                   "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
                   "INSERT INTO events SELECT i, 'tok', 'dns', json_object('n', i), i FROM n;",
                   EVENTS);
    test_sql("format.db", sql);
    text one = export_with(1, file);
    for (size_t jobs = 2; jobs <= 4; jobs++) {
        text several = export_with(jobs, file);
        assert_int_equal(several.size, one.size);
        assert_memory_equal(several.bytes, one.bytes, one.size);
        free(several.bytes);
    }
    free(one.bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_built_in),  cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_of_a_site), cmocka_unit_test(test_exits),
        cmocka_unit_test(test_in_a_host), cmocka_unit_test(test_several_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
