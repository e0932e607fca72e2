std = "lua54"
max_line_length = 120
files["tests/lua/*_spec.lua"] = { std = "+busted", max_line_length = 130 }
files["tests/formats/*_spec.lua"].std = "+busted"
files["tests/lua/lookup_spec.lua"].ignore = { "122/io" } -- what is told on standard error
exclude_files = { "lua/meta", "build*" }
