"""A registry with its transparency log, made for a test as the registry makes them: rows, leaves, a signed head.

The tree is that of RFC 6962, written down as the definition has it: another implementation than the engine's.
"""
import hashlib
import json
import pathlib
import sqlite3
import subprocess

TABLE = """CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, token_id TEXT NOT NULL, file_id TEXT,
    recipient_id TEXT, issuer_id TEXT, kind TEXT NOT NULL, source_ip TEXT, user_agent TEXT, extra TEXT,
    timestamp INTEGER NOT NULL, qualified_timestamp TEXT, tlog_index INTEGER)"""
COLUMNS = ("id", "token_id", "file_id", "recipient_id", "issuer_id", "kind", "source_ip", "user_agent", "extra",
           "timestamp", "qualified_timestamp", "tlog_index")
AGENTS = ("Mozilla/5.0 (X11; Linux x86_64)", "café/1 \"x\"\x7f😀", "tab\there\\", None, "")


# ---- the tree ----

def hash_leaf(text):
    return hashlib.sha256(b"\0" + text.encode()).digest()


def hash_node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def split(size):
    return 1 << (size - 1).bit_length() - 1


def find_root(hashes):
    if not hashes:
        return hashlib.sha256(b"").digest()
    hashes = list(hashes)
    while len(hashes) > 1:  # a node without a sibling goes up as it is
        pairs = [hash_node(*hashes[i:i + 2]) for i in range(0, len(hashes) - 1, 2)]
        hashes = pairs + hashes[len(pairs) * 2:]
    return hashes[0]


def find_path(index, hashes):
    """PATH(m, D[n]) of RFC 6962, section 2.1.1."""
    if len(hashes) == 1:
        return []
    k = split(len(hashes))
    if index < k:
        return find_path(index, hashes[:k]) + [find_root(hashes[k:])]
    return find_path(index - k, hashes[k:]) + [find_root(hashes[:k])]


# ---- keys ----

class Key:
    """An Ed25519 key of a registry, by the openssl command."""

    def __init__(self, folder, name="registry"):
        self.path = pathlib.Path(folder) / f"{name}.pem"
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", self.path], check=True,
                       capture_output=True)
        der = subprocess.run(["openssl", "pkey", "-in", self.path, "-pubout", "-outform", "DER"], check=True,
                             capture_output=True).stdout
        self.registry_id = der[-32:].hex()

    def sign(self, text):
        to_sign = self.path.with_suffix(".txt")
        to_sign.write_text(text)
        return subprocess.run(["openssl", "pkeyutl", "-sign", "-inkey", self.path, "-rawin", "-in", to_sign],
                              check=True, capture_output=True).stdout.hex()


def make_head(hashes, key):
    root, size = find_root(hashes).hex(), len(hashes)
    return {"size": size, "root": root, "signature": key.sign('{"root":"%s","size":%d}' % (root, size))}


# ---- rows and leaves ----

def encode(leaf, encoding):
    if encoding == "spaces":
        return json.dumps(leaf, sort_keys=True)
    text = json.dumps(leaf, sort_keys=True, separators=(",", ":"), ensure_ascii=encoding == "python")
    return text


def leaf_of(row, encoding="python"):
    leaf = {"event": "beacon", "file_id": row["file_id"], "kind": row["kind"], "recipient_id": row["recipient_id"],
            "source_ip": row["source_ip"], "timestamp": row["qualified_timestamp"], "token_id": row["token_id"]}
    if row["kind"] == "dns":
        extra = json.loads(row["extra"])
        leaf.update(qname=extra["qname"], qtype=extra["qtype"])
    else:
        leaf["user_agent"] = row["user_agent"]
    return encode(leaf, encoding)


def make_row(number, index):
    is_dns = number % 7 == 3
    stamp = f"2026-01-{1 + number // 86400 % 28:02}T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}Z"
    extra = json.dumps({"qname": f"{number:x}.t.example.com", "qtype": "A"}) if is_dns else None
    return {"id": number, "token_id": f"{number * 2654435761 % 2**32:08x}", "file_id": f"file-{number % 100}",
            "recipient_id": ["mei", "jörg", None][number % 3], "issuer_id": "issuer",
            "kind": "dns" if is_dns else "http_img", "source_ip": f"192.0.2.{number % 250}",
            "user_agent": None if is_dns else AGENTS[number % 5], "extra": extra, "timestamp": 1767225600 + number,
            "qualified_timestamp": stamp, "tlog_index": index}


def make_rows(count, encoding="python"):
    """Rows from 1 on, and the texts of leaves: each 50th leaf is of a registration."""
    rows, leaves = [], []
    for number in range(1, count + 1):
        if len(leaves) % 50 == 0:
            leaves.append('{"event":"register","file_id":"f"}')
        rows.append(make_row(number, len(leaves)))
        leaves.append(leaf_of(rows[-1], encoding))
    return rows, leaves


class MadeLog:
    def __init__(self, folder, count, key, encoding="python"):
        self.folder, self.key = pathlib.Path(folder), key
        self.folder.mkdir(parents=True, exist_ok=True)
        self.db, self.path, self.head_path = (self.folder / name for name in ("registry.db", "leaves.jsonl", "head"))
        self.rows, self.leaves = make_rows(count, encoding)
        self.write_rows()
        self.write_leaves()

    def write_rows(self):
        self.db.unlink(missing_ok=True)
        with sqlite3.connect(self.db) as connection:
            connection.execute(TABLE)
            connection.executemany(f"INSERT INTO events VALUES ({', '.join('?' * len(COLUMNS))})",
                                   ([row[name] for name in COLUMNS] for row in self.rows))
        connection.close()

    def write_leaves(self):
        """The file, and the head that the registry signs of it."""
        self.hashes = [hash_leaf(leaf) for leaf in self.leaves]
        self.write_lines([self.line(index) for index in range(len(self.leaves))])
        self.write_head(make_head(self.hashes, self.key))

    def line(self, index):
        return json.dumps({"index": index, "leaf_hash": self.hashes[index].hex(), "leaf_data": self.leaves[index]})

    def read_lines(self):
        return self.path.read_text().splitlines()

    def write_lines(self, lines):
        self.path.write_text("".join(line + "\n" for line in lines))

    def write_head(self, head):
        self.head = head
        self.head_path.write_text(json.dumps(head))

    def sql(self, statement, values=()):
        with sqlite3.connect(self.db) as connection:
            connection.execute(statement, values)
        connection.close()
