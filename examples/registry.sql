-- A sample registry: twelve callbacks of four documents, of all four beacon kinds, some with tokens
-- that no beacon has. Times are fixed, so that every run prints the same.
PRAGMA journal_mode = WAL;

CREATE TABLE beacons (
    token_id TEXT PRIMARY KEY, file_id TEXT NOT NULL, recipient_id TEXT NOT NULL,
    issuer_id TEXT NOT NULL, kind TEXT NOT NULL, registered_at INTEGER NOT NULL);

CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT, token_id TEXT NOT NULL, file_id TEXT, recipient_id TEXT,
    issuer_id TEXT, kind TEXT NOT NULL, source_ip TEXT, user_agent TEXT, extra TEXT,
    timestamp INTEGER NOT NULL, qualified_timestamp TEXT, tlog_index INTEGER);

INSERT INTO beacons VALUES
    ('6f1d0c35a2b94e08', 'merger-plan', 'mei.tanaka@example.com', 'legal', 'dns', 1767225600),
    ('b7e29a14c5d04f66', 'merger-plan', 'mei.tanaka@example.com', 'legal', 'http_img', 1767225600),
    ('0a9c8e7d6b5f4321', 'price-list', 'søren@example.com', 'sales', 'http_img', 1767225700),
    ('d41a6c02e8f37b95', 'board-minutes', 'o.brien@example.com', 'legal', 'ocsp', 1767225800),
    ('93b5f0d7214c8ae6', 'cad-model', 'lab@example.net', 'engineering', 'license', 1767225900);

INSERT INTO events (token_id, file_id, recipient_id, issuer_id, kind, source_ip, user_agent, extra,
                    timestamp, qualified_timestamp, tlog_index) VALUES
    ('6f1d0c35a2b94e08', 'merger-plan', 'mei.tanaka@example.com', 'legal', 'dns', '192.0.2.53',
     NULL, '{"qtype": "A", "qname": "6f1d0c35a2b94e08.t.example.com"}',
     1767312000, '2026-01-02T00:00:00Z', 0),
    ('b7e29a14c5d04f66', 'merger-plan', 'mei.tanaka@example.com', 'legal', 'http_img',
     '198.51.100.7', 'Microsoft Office/16.0 (Windows NT 10.0; Microsoft Word 16.0.17726; Pro)',
     '{"referer": null}', 1767312004, '2026-01-02T00:00:04Z', 1),
    ('0a9c8e7d6b5f4321', 'price-list', 'søren@example.com', 'sales', 'http_img', '203.0.113.20',
     'Thunderbird/128.0 – メール', '{"width": 1, "height": 1}',
     1767315600, '2026-01-02T01:00:00Z', 2),
    ('d41a6c02e8f37b95', 'board-minutes', 'o.brien@example.com', 'legal', 'ocsp', '2001:db8::17',
     'Microsoft-CryptoAPI/10.0', '{"serial": 340282366920938463463374607431768211455}',
     1767319200, '2026-01-02T02:00:00Z', 3),
    ('93b5f0d7214c8ae6', 'cad-model', 'lab@example.net', 'engineering', 'license', '192.0.2.99',
     'cad/4.2', '{"seat": 3, "ok": true}', 1767322800, '2026-01-02T03:00:00Z', 4),
    ('ffffffffffffffff', NULL, NULL, NULL, 'dns', '203.0.113.77', NULL,
     '{"qtype": "TXT", "qname": "ffffffffffffffff.t.example.com"}', 1767326400, NULL, NULL),
    ('6f1d0c35a2b94e08', 'merger-plan', 'mei.tanaka@example.com', 'legal', 'dns', '192.0.2.54',
     NULL, '{"qtype": "AAAA", "qname": "6f1d0c35a2b94e08.t.example.com"}',
     1767398400, '2026-01-03T00:00:00Z', 5),
    ('0a9c8e7d6b5f4321', 'price-list', 'søren@example.com', 'sales', 'http_img', '203.0.113.21',
     'curl/8.5.0', 'not an object', 1767402000, '2026-01-03T01:00:00Z', 6),
    ('''; DROP TABLE events; --', NULL, NULL, NULL, 'http_img', '198.51.100.66',
     char(27) || '[2J<script>alert(1)</script>', '{}', 1767405600, NULL, NULL),
    ('93b5f0d7214c8ae6', 'cad-model', 'lab@example.net', 'engineering', 'license', '192.0.2.99',
     'cad/4.2', '{"seat": 4, "ok": false}', 1767409200, '2026-01-03T03:00:00Z', 7),
    ('d41a6c02e8f37b95', 'board-minutes', 'o.brien@example.com', 'legal', 'ocsp', '2001:db8::17',
     'Microsoft-CryptoAPI/10.0', '{}', 1767412800, '2026-01-03T04:00:00Z', 8),
    ('b7e29a14c5d04f66', 'merger-plan', 'mei.tanaka@example.com', 'legal', 'http_img',
     '198.51.100.8', 'Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) 🦊', '{}',
     1767416400, '2026-01-03T05:00:00Z', 9);
