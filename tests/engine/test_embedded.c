/* test_embedded.c: the Lua files that are part of the program, compiled and as text. */
#include "host/embedded.h"
#include "testing.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static lua_State *open_state(void) {
    lua_State *L = luaL_newstate();
    assert_non_null(L);
    luaL_openlibs(L);
    return L;
}

/* In these tests the text says 1, and the code 2. */
static siem_embedded make_module(const char *text, const void *code, size_t size) {
    return (siem_embedded){.name = "a.b",
                           .file = "a/b.lua",
                           .text = (const unsigned char *)text,
                           .size = strlen(text),
                           .code = code,
                           .code_size = size};
}

static int append(lua_State *L, const void *data, size_t size, void *buffer) {
    (void)L;
    luaL_addlstring(buffer, data, size);
    return 0;
}

/* Leaves the compiled code on the stack. */
static const char *compile(lua_State *L, const char *text, size_t *size) {
    luaL_Buffer code;
    luaL_buffinit(L, &code);
    assert_int_equal(luaL_loadstring(L, text), LUA_OK);
    assert_int_equal(lua_dump(L, append, &code, 0), 0);
    lua_pop(L, 1);
    luaL_pushresult(&code);
    return lua_tolstring(L, -1, size);
}

static void assert_says(lua_State *L, const siem_embedded *module, lua_Integer expected) {
    int top = lua_gettop(L);
    assert_int_equal(siem_embedded_load(L, module), LUA_OK);
    assert_int_equal(lua_gettop(L), top + 1);
    lua_call(L, 0, 1);
    assert_int_equal(lua_tointeger(L, -1), expected);
    lua_settop(L, top);
}

static void test_code(void **state) {
    lua_State *L = open_state();
    size_t size;
    const char *code = compile(L, "return 2", &size);
    siem_embedded module = make_module("return 1", code, size);
    (void)state;
    assert_says(L, &module, 2);
    lua_close(L);
}

/* Each byte of the header says something that another Lua does otherwise. */
static void test_foreign_code(void **state) {
    enum { HEADER = 31 }; /* Lua 5.4: signature, version, format, LUAC_DATA, sizes, numbers */
    lua_State *L = open_state();
    size_t size;
    const char *code = compile(L, "return 2", &size);
    char foreign[512];
    assert_in_range(size, HEADER, sizeof foreign);
    (void)state;
    for (size_t i = 0; i < HEADER; i++) {
        memcpy(foreign, code, size);
        foreign[i] ^= 1;
        siem_embedded module = make_module("return 1", foreign, size);
        assert_says(L, &module, 1);
    }
    siem_embedded cut = make_module("return 1", code, HEADER);
    assert_says(L, &cut, 1);
    siem_embedded none = make_module("return 1", NULL, 0);
    assert_says(L, &none, 1);
    lua_close(L);
}

static void test_message(void **state) {
    lua_State *L = open_state();
    siem_embedded module = make_module("return", NULL, 0);
    (void)state;
    module.text = (const unsigned char *)"\nreturn )";
    module.size = strlen("\nreturn )");
    assert_int_equal(siem_embedded_load(L, &module), LUA_ERRSYNTAX);
    assert_int_equal(lua_gettop(L), 1);
    assert_non_null(strstr(lua_tostring(L, 1), "a/b.lua:2:"));
    lua_close(L);
}

/* What the program has: each file compiles, and its code has the name and the lines of its text. */
static void test_all(void **state) {
    lua_State *L = open_state();
    int count = 0;
    (void)state;
    assert_null(siem_embedded_find("oversight.none"));
    for (const siem_embedded *module = siem_embedded_modules; module->name != NULL; module++) {
        char name[256];
        lua_Debug code, text;
        count++;
        assert_ptr_equal(siem_embedded_find(module->name), module);
        assert_int_equal(siem_embedded_load(L, module), LUA_OK);
        lua_pushvalue(L, -1);
        assert_int_equal(lua_getinfo(L, ">S", &code), 1);
        (void)snprintf(name, sizeof name, "@%s", module->file);
        assert_int_equal(luaL_loadbufferx(L, (const char *)module->text, module->size, name, "t"),
                         LUA_OK);
        lua_pushvalue(L, -1);
        assert_int_equal(lua_getinfo(L, ">S", &text), 1);
        assert_string_equal(code.source, text.source);
        assert_int_equal(code.lastlinedefined, text.lastlinedefined);
        lua_settop(L, 0);
    }
    assert_true(count > 100);
    lua_close(L);
}

static void write_file(const char *path, const void *text, size_t size) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* The longest file of the program, which no buffer holds at once. */
static const siem_embedded *longest(void) {
    const siem_embedded *found = siem_embedded_modules;
    for (const siem_embedded *module = found; module->name != NULL; module++) {
        if (module->size > found->size) found = module;
    }
    return found;
}

static void test_text_of(void **state) {
    char path[] = "/tmp/oversight-embedded-XXXXXX";
    const siem_embedded *module = longest();
    unsigned char *text = malloc(module->size + 1);
    int fd = mkstemp(path);
    (void)state;
    assert_non_null(text);
    assert_true(fd >= 0);
    (void)close(fd);
    memcpy(text, module->text, module->size);
    text[module->size] = '\n';
    write_file(path, text, module->size);
    assert_true(siem_embedded_is_text_of(module, path));
    write_file(path, text, module->size + 1);
    assert_false(siem_embedded_is_text_of(module, path));
    write_file(path, text, module->size - 1);
    assert_false(siem_embedded_is_text_of(module, path));
    write_file(path, text, 0);
    assert_false(siem_embedded_is_text_of(module, path));
    for (size_t at = 0; at < module->size; at += module->size - 1) {
        text[at] ^= 1;
        write_file(path, text, module->size);
        assert_false(siem_embedded_is_text_of(module, path));
        text[at] ^= 1;
    }
    assert_int_equal(unlink(path), 0);
    assert_false(siem_embedded_is_text_of(module, path));
    assert_false(siem_embedded_is_text_of(module, "/tmp"));
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_code),    cmocka_unit_test(test_foreign_code),
        cmocka_unit_test(test_message), cmocka_unit_test(test_all),
        cmocka_unit_test(test_text_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
