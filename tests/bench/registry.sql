-- A registry of :events made events; the share of kinds, nulls and extra is that of a busy site.
PRAGMA journal_mode = WAL;
CREATE TABLE beacons (token_id TEXT PRIMARY KEY, file_id TEXT NOT NULL, recipient_id TEXT NOT NULL,
    issuer_id TEXT NOT NULL, kind TEXT NOT NULL, registered_at INTEGER NOT NULL);
CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, token_id TEXT NOT NULL, file_id TEXT,
    recipient_id TEXT, issuer_id TEXT, kind TEXT NOT NULL, source_ip TEXT, user_agent TEXT, extra TEXT,
    timestamp INTEGER NOT NULL, qualified_timestamp TEXT, tlog_index INTEGER);
CREATE INDEX idx_events_token ON events(token_id);
CREATE INDEX idx_events_file ON events(file_id);
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :events)
INSERT INTO events (token_id, file_id, recipient_id, issuer_id, kind, source_ip, user_agent, extra,
                    timestamp, qualified_timestamp, tlog_index)
SELECT printf('%08x%08x%08x%08x', i * 2654435761 % 4294967296, i * 40503 % 4294967296,
              i * 69069 % 4294967296, i),
       printf('%08x-0f3a-4c1d-9b7e-%012x', i % 50021, i % 7919 * 104729),
       printf('user%d@example.com', i % 2003),
       'issuer-' || char(97 + i % 3),
       CASE WHEN i % 20 < 9 THEN 'dns' WHEN i % 20 < 17 THEN 'http_img'
            WHEN i % 20 < 19 THEN 'license' ELSE 'ocsp' END,
       printf('%d.%d.%d.%d', 11 + i % 200, i % 251, i * 7 % 253, 1 + i * 13 % 250),
       CASE WHEN i % 20 < 9 THEN NULL
            ELSE 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0.0.0' END,
       CASE WHEN i % 20 < 9
            THEN printf('{"qtype": "%s", "qname": "%08x.t.example.com"}',
                        CASE i % 3 WHEN 0 THEN 'A' WHEN 1 THEN 'AAAA' ELSE 'TXT' END, i)
            ELSE '{}' END,
       1735000000 + i / 3,
       strftime('%Y-%m-%dT%H:%M:%SZ', 1735000000 + i / 3, 'unixepoch'),
       i - 1
FROM n;
COMMIT;
PRAGMA wal_checkpoint(TRUNCATE);
