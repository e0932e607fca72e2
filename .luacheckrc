std = "lua54"
max_line_length = 120
files["tests/lua/*_spec.lua"].std = "+busted"
files["tests/formats/*_spec.lua"].std = "+busted"
exclude_files = { "lua/oversight/siem.d.lua", "build*" }
