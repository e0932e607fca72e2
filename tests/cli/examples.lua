-- The examples of all commands: each is taken by the parser of its command, as it is typed.
local cli     = require "oversight.cli.commands"
local options = require "oversight.cli.support.options"

--- The words of an example, up to what the shell takes.
local function words_of(example)
  local words = {}
  for word in example:gsub(" [|>].*", ""):gmatch "%S+" do words[#words + 1] = word end
  return words
end

for _, name in ipairs(cli.names) do
  local command = cli.load(name)
  for _, example in ipairs(command.examples) do
    local words = words_of(example)
    assert(words[1] == "oversight-siem" and words[2] == name, example)
    local parsed, message = options.parse(command.options, table.move(words, 3, #words + 2, 1, {}), name)
    assert(parsed, ("%s: %s"):format(example, message))
  end
end
print "the commands take their examples"
