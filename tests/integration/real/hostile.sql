-- 50,000 events as outsiders and damaged registries have them; 200 of them have no time that a record can have.
INSERT INTO events (token_id, file_id, recipient_id, issuer_id, kind, source_ip, user_agent, extra, timestamp, tlog_index)
SELECT
    'token-' || (value * value % 211), 'file', 'r' || (value % 401) || '@example.com', 'issuer-' || (value % 5),
    CASE value % 9
        WHEN 0 THEN '<script>alert(1)</script>' WHEN 1 THEN char(27) || '[2J' WHEN 2 THEN 'a"b\c' WHEN 3 THEN '🦊'
        WHEN 4 THEN 'ocsp' WHEN 5 THEN 'license' WHEN 6 THEN 'http_img' ELSE 'dns' END,
    CASE value % 7
        WHEN 0 THEN '10.' || (value % 3) || '.0.' || (value % 250) WHEN 1 THEN '203.0.113.' || (value % 250)
        WHEN 2 THEN '2001:db8::' || (value % 100) WHEN 3 THEN 'unknown' WHEN 4 THEN '10.0.0.1, 203.0.113.9' WHEN 5 THEN '' END,
    CASE value % 100
        WHEN 0 THEN CAST(x'ff41c0af' AS TEXT) WHEN 1 THEN char(0) || 'a' WHEN 2 THEN CAST(x'eda080' AS TEXT)
        WHEN 3 THEN '"}' || char(10) || '{"delete":{"_id":"1"}}' || char(10) WHEN 4 THEN char(0x202e, 0x2028, 0xfeff, 0xffff)
        WHEN 5 THEN printf('%.*c', 9000, 'x') WHEN 6 THEN replace(printf('%.*c', 9000, 'x'), 'x', '日')
        WHEN 7 THEN printf('%.*c', 40000, '"') ELSE 'Mozilla/5.0' END,
    CASE value % 13
        WHEN 0 THEN '{"a": {"b": 1}}' WHEN 1 THEN '{"a": 2}' WHEN 2 THEN '{"a.b": 1, "a": {"b": 2}, "a": 3}'
        WHEN 3 THEN '{"": 1, " ": 2, ".": 3, "..": 4}' WHEN 4 THEN '{"@timestamp": "x", "_id": "y", "_index": "z"}'
        WHEN 5 THEN '{"n": 1e999, "big": 123456789012345678901234567890, "small": -0.0}'
        WHEN 6 THEN '{"d":' || printf('%.*c', 60, '[') || printf('%.*c', 60, ']') || '}'
        WHEN 7 THEN 'not JSON' WHEN 8 THEN '{"n": NaN}' WHEN 9 THEN printf('%.*c', 300, '[') || printf('%.*c', 300, ']')
        WHEN 10 THEN '{"' || printf('%.*c', 2000, 'k') || value || '": "\ud800"}' WHEN 11 THEN '[1, "two", null]' END,
    CASE value % 1000
        WHEN 11 THEN 'tomorrow' WHEN 12 THEN 999999999999999 WHEN 13 THEN -999999999999999 WHEN 14 THEN 9e999
        WHEN 15 THEN -5 WHEN 16 THEN 253402300799 WHEN 17 THEN 1767225600.75
        ELSE 1767225600 + value * 97 END,
    CASE value % 50 WHEN 0 THEN 9223372036854775807 WHEN 1 THEN 9e999 ELSE value END
FROM generate_series(1, 50000);
