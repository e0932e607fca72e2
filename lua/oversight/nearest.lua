--- The known name that is most like one that is not known.
local core = require "oversight.core"

--- The name of the list that is nearest, or nil when none is near: one letter in three may differ.
---@type fun(name: string, known: string[]): string?
return core.nearest
