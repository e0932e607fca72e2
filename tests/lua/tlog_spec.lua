-- tlog_spec.lua: the transparency log in Lua: hashes, proofs, heads, and events against it.
local siem = require "oversight.siem"

local KEY = "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c"
local ROOT = "b7f45ace3bf98baf49d978d24a9ddfe1194020af87d51f45e418ff3746d01980"
local LEAVES = {
  [[{"event":"register","file_id":"f"}]],
  [[{"event":"beacon","file_id":"merger-plan","kind":"http_img","recipient_id":"mei","source_ip":"192.0.2.53",]] ..
    [["timestamp":"2026-01-02T00:00:00Z","token_id":"6f1d","user_agent":"caf\u00e9/1 \"x\"\u007f\ud83d\ude00"}]],
  [[{"event":"beacon","file_id":null,"kind":"dns","qname":"6f1d.t.example.com","qtype":"A","recipient_id":null,]] ..
    [["source_ip":"192.0.2.53","timestamp":"2026-01-02T00:00:01Z","token_id":"6f1d"}]],
}
local HASHES = {
  "caa8b364f583f39e1d95bf30f7b331addebf29f97785810b124d080e2dcbbc30",
  "3dc4b1f66e515e5a2bdf52ee133174062cd61c8bbe3e8d62e6aa71272ec67119",
  "23dbbe4fe3b96280a57c8c74e69c80717ef37f642e2413d190a57001acfe338d",
}
local HEAD = {
  size = 3, root = ROOT,
  signature = "194ce85ff51dac8b398945b82a40910e92a5afa56889806ca83cc71e7d42e701" ..
    "f2d91ee0b8c8f0057da2e11c52b05764ab24924eb8e41cc8164996ad9713300b",
}

describe("the transparency log", function()
  local path, tlog

  local function write(text)
    local file = assert(io.open(path, "w"))
    file:write(text)
    file:close()
  end

  local function line(i)
    return siem.json.encode { index = i - 1, leaf_hash = HASHES[i], leaf_data = LEAVES[i] } .. "\n"
  end

  before_each(function()
    path = os.tmpname()
    write(line(1) .. line(2) .. line(3))
    tlog = assert(siem.tlog.open { source = path })
  end)

  after_each(function()
    tlog:close()
    os.remove(path)
  end)

  it("has hashes, roots and proofs", function()
    assert.equal(3, tlog:size())
    assert.equal(ROOT, tlog:root())
    assert.equal(HASHES[1], tlog:root(1))
    for i, leaf in ipairs(LEAVES) do
      assert.equal(HASHES[i], siem.tlog.hash(leaf))
      assert.equal(HASHES[i], tlog:leaf_hash(i - 1))
      local proof = { leaf = HASHES[i], index = i - 1, size = 3, proof = tlog:proof(i - 1), root = ROOT }
      assert.is_true(siem.tlog.check_proof(proof))
      proof.root = HASHES[1]
      local ok, message, code = siem.tlog.check_proof(proof)
      assert.is_nil(ok)
      assert.equal("unproved", code)
      assert.matches("does not lead from leaf " .. i - 1, message)
    end
    assert.same({}, tlog:proof(0, 1))
    assert.equal("invalid", select(3, tlog:proof(3)))
    assert.equal("invalid", select(3, tlog:root(4)))
    assert.equal("invalid", select(3, tlog:leaf_hash(-1)))
  end)

  it("grows", function()
    write(line(1))
    local small = assert(siem.tlog.open { source = path })
    write(line(1) .. line(2) .. line(3))
    assert.equal(3, small:grow())
    assert.equal(ROOT, small:root())
    small:close()
  end)

  it("has heads, which a key signs", function()
    assert.is_true(siem.tlog.check_head(HEAD, KEY))
    local head_path = os.tmpname()
    local file = assert(io.open(head_path, "w"))
    file:write(siem.json.encode(HEAD)):close()
    assert.same(HEAD, siem.tlog.head { source = head_path })
    os.remove(head_path)
    local other = { size = 2, root = ROOT, signature = HEAD.signature }
    assert.equal("unproved", select(3, siem.tlog.check_head(other, KEY)))
    assert.equal("unproved", select(3, siem.tlog.check_head({ size = 3, root = ROOT }, KEY)))
    assert.equal("invalid", select(3, siem.tlog.check_head(HEAD, "registry-1")))
  end)

  it("says of an event whether it is what its leaf says", function()
    local row = {
      id = 1, kind = "http_img", file_id = "merger-plan", recipient_id = "mei", source_ip = "192.0.2.53", timestamp = 5,
      qualified_timestamp = "2026-01-02T00:00:00Z", token_id = "6f1d", user_agent = "café/1 \"x\"\127😀", tlog_index = 1,
    }
    local function ask(changed)
      for key, value in pairs(changed or {}) do row[key] = value end
      local event = assert(siem.event.from_row(row, { registry_id = "r" }))
      return tlog:leaf(event)
    end
    assert.same({ HASHES[2], true }, { ask() })
    assert.same({ HASHES[2], true }, { ask { issuer_id = "not covered", timestamp = 6 } })
    assert.same({ HASHES[2], false, "the event differs from leaf 1: token_id" }, { ask { token_id = "x" } })
    local hash, verified, reason = ask { tlog_index = 3 }
    assert.is_nil(hash)
    assert.is_false(verified)
    assert.equal("the log has no leaf 3", reason)
    assert.equal("the event never had a leaf in the log", select(3, ask { tlog_index = -1 }))
    local dns = { id = 2, kind = "dns", source_ip = "192.0.2.53", qualified_timestamp = "2026-01-02T00:00:01Z",
      timestamp = 5, token_id = "6f1d", tlog_index = 2, extra = [[{"qtype": "A", "qname": "6f1d.t.example.com"}]] }
    assert.is_true(select(2, tlog:leaf(assert(siem.event.from_row(dns, { registry_id = "r" })))))
  end)

  it("ends when it is asked to", function()
    local ok, _, code = siem.tlog.open { source = path, go_on = function() return false end }
    assert.is_nil(ok)
    assert.equal("cancelled", code)
    local _, message = siem.tlog.open { source = path, go_on = function() error("mine", 0) end }
    assert.matches("mine", message)
  end)

  it("raises when it is misused", function()
    assert.has_error(function() siem.tlog.open {} end)
    assert.has_error(function() siem.tlog.open { source = path, key = KEY } end)
    assert.has_error(function() siem.tlog.check_proof { leaf = "00" } end)
    assert.has_error(function() siem.tlog.check_head({ size = "x" }, KEY) end)
    assert.has_error(function() tlog:verify { registy_id = KEY } end)
    assert.has_error(function() tlog:verify {} end)
    tlog:close()
    assert.has_error(function() tlog:size() end)
    assert.equal("not_found", select(3, siem.tlog.open { source = "/none/leaves.jsonl" }))
  end)
end)
