"""A client of the sync protocol in 200 lines of standard library, written from docs/reference/sync-protocol.md.

`examples/drive.py` lets a person, a script or `spark conformance` drive it.

Kill it anywhere: what is durable changes in single transactions of SQLite. Of the two ways to mend a store it knows the
simple one: throw the rows away, never the ops, and begin without a cursor.
"""

import functools
import hashlib
import http.client
import json
import operator
import random
import sqlite3
import time
import urllib.error
import urllib.request
import uuid
from typing import Any

OPS_MAX, OPS_BYTES, TRIES, JOURNAL_MS = 400, 900_000, 12, 14 * 86_400_000
TABLES = """
create table if not exists meta (key text primary key, value text);
create table if not exists sets (bucket text, tier int, is_full int default 0, primary key (bucket, tier));
create table if not exists lines (layer int, bucket text, tier int, id text, collection text, line text, digest text,
    primary key (layer, bucket, tier, collection, id));  -- layer 0 is shown, 1 staged above it; no line: it is gone
create table if not exists ops (place integer primary key, n int, op text, receipt text);  -- outbox, then journal
"""
HELD = """select digest from lines a where bucket = ? and tier = ? and digest is not null and not exists (
    select 1 from lines b where b.layer > a.layer
    and (b.bucket, b.tier, b.collection, b.id) = (a.bucket, a.tier, a.collection, a.id))"""


Row = dict[str, Any]


class Cut(Exception):
    """The answer ended early, or was not ours. What stood above its last mark is stored."""


class Forked(Exception):
    """This device's numbers are somebody else's, too: go on as a new device."""


class Phone:
    def __init__(self, url: str, path: str) -> None:
        self.url, self.token, self.is_filling = url.rstrip("/"), "", False
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.executescript("pragma journal_mode = wal; pragma synchronous = full;" + TABLES)
        if self.get("device") is None:
            self.put(device=str(uuid.uuid4()), want=[], settled=0)

    def get(self, key: str) -> Any:
        found = self.db.execute("select value from meta where key = ?", [key]).fetchone()
        return json.loads(found[0]) if found else None

    def put(self, **values: Any) -> None:
        texts = [(key, text_of(value)) for key, value in values.items()]
        self.db.executemany("insert or replace into meta values (?, ?)", texts)

    # --- ops: numbered and frozen when they are first sent, kept in the journal when they are taken ---

    def wish(self, op: Row) -> None:
        """Keep an op, durably; the next `sync` sends it."""
        if op["kind"] != "create":
            op.setdefault("op", str(uuid.uuid4()))
        op.setdefault("at", [time.time_ns() // 1_000_000, 0])
        self.db.execute("insert into ops (op) values (?)", [text_of(op)])

    def number(self) -> None:
        """Give numbers, and freeze the bytes, before the first of them leaves."""
        self.db.execute("begin immediate")
        last: int = self.db.execute("select coalesce(max(n), 0) from ops").fetchone()[0]
        last = max(last, (self.get("confirmed") or [0])[0])  # The journal may have been trimmed.
        fresh = self.db.execute("select place, op from ops where n is null order by place").fetchall()
        for n, (place, op) in enumerate(fresh, last + 1):
            self.db.execute("update ops set n = ?, op = ? where place = ?", [n, f'{{"n":{n},{op[1:]}', place])
        self.db.execute("commit")

    def fork(self) -> None:
        """Journal and outbox from 1 again; their identities keep what was applied from happening twice."""
        self.db.execute("begin immediate")
        for place, op in self.db.execute("select place, op from ops where n is not null").fetchall():
            again = {key: value for key, value in json.loads(op).items() if key not in ("n", "group")} | {"again": True}
            self.db.execute("update ops set n = null, receipt = null, op = ? where place = ?", [text_of(again), place])
        self.put(device=str(uuid.uuid4()), confirmed=None, settled=0)
        self.db.execute("commit")

    # --- the exchange ---

    def sync(self) -> None:
        """Raises OSError when there is no way through; nothing is lost then."""
        is_at_rest = False
        while not is_at_rest:
            try:
                is_at_rest = not (self.exchange() or self.pending())
            except Forked:
                self.fork()

    def pending(self) -> int:
        count: int = self.db.execute("select count(*) from ops where receipt is null").fetchone()[0]
        return count

    def exchange(self) -> bool:
        """One round trip; True: ask again at once."""
        self.number()
        ops: list[str] = []
        room = OPS_BYTES
        for (op,) in self.db.execute("select op from ops where receipt is null order by n limit ?", [OPS_MAX]):
            room -= len(op.encode())
            if room < 0:
                break
            ops.append(op)
        head = {"protocol": 1, "want": {"bytes": 65_536, "buckets": self.get("want")}}
        head |= {key: self.get(key) for key in ("device", "cursor", "confirmed") if self.get(key)}
        with self.post(f'{text_of(head)[:-1]},"ops":[{",".join(ops)}]}}') as answer:
            if answer.status == 204:
                return False
            self.db.execute("begin immediate")
            try:
                return self.read(answer)
            except (Cut, ValueError, OSError, http.client.HTTPException):
                return True  # A torn line, a dead link: go on from the last mark.
            finally:
                if self.db.in_transaction:
                    self.db.execute("rollback")

    def post(self, body: str) -> Any:
        """The answer to one request. Raises Forked; OSError for what does not go away by trying again."""
        for attempt in range(TRIES):
            headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
            request = urllib.request.Request(f"{self.url}/api/v1/sync", body.encode(), headers)
            try:
                return urllib.request.urlopen(request, timeout=30)
            except urllib.error.HTTPError as error:
                if error.code not in (429, 500, 502, 503, 504):
                    raise self.refusal(error) from error
                wait_s = float(error.headers.get("retry-after") or 1)
            except (OSError, http.client.HTTPException):
                wait_s = min(30, 0.05 * 2**attempt)
            time.sleep(wait_s * random.uniform(0.5, 1))
        raise OSError("no way through")

    def refusal(self, error: urllib.error.HTTPError) -> Exception:
        code = json.loads(error.read() or b"{}").get("error", {}).get("code", "")
        return Forked() if code in ("device.not_yours", "device.revoked") else OSError(f"{error.code} {code}")

    def read(self, answer: Any) -> bool:
        """Store an answer, mark by mark. Raises Cut without a last line; Forked; ValueError, OSError where it ends."""
        if not answer.headers.get("content-type", "").startswith("application/x-ndjson"):
            raise Cut
        heading: Row = {}
        self.is_filling = self.get("cursor") is not None
        for raw in answer:
            line = json.loads(raw)
            if isinstance(line, list):
                self.stage(heading, line, raw.rstrip(b"\n").decode())
            elif "reconcile" in line:  # Not the log that we knew: begin anew, now that there is one to begin from.
                self.begin_anew()
                return True
            elif "mark" in line or "cursor" in line:
                self.keep(line)
                if "cursor" in line:
                    return bool(line["more"]) or self.get("cursor") is None
            elif "bucket" in line:
                heading = line
            else:
                self.note(line)
        raise Cut

    def note(self, line: Row) -> None:
        """The first line, receipts, and what sets are held."""
        if "protocol" in line:
            self.see_watermark(line)
        for receipt in line.get("receipts", []):
            self.db.execute("update ops set receipt = ? where n = ?", [text_of(receipt), receipt["n"]])
        if "receipts" in line:
            taken = "select n, op from ops where receipt is not null order by n desc limit 1"
            self.put(confirmed=next([n, hash_of(op)] for n, op in self.db.execute(taken)))
            self.commit()  # Good on arrival; no row stands above them.
        if "joined" in line and not self.is_filling:
            self.is_filling = True  # Only now is there something to put in the place of what is held.
            self.drop("1")
        for pair in line.get("left", []) + line.get("joined", []):
            self.drop("bucket = ? and tier = ?", pair)
        self.db.executemany("insert into sets (bucket, tier) values (?, ?)", line.get("joined", []))

    def see_watermark(self, line: Row) -> None:
        n, hash_ = line["watermark"]
        mine = self.db.execute("select op from ops where n = ?", [n]).fetchone()
        has_next = self.db.execute("select 1 from ops where n = ?", [line.get("expected")]).fetchone()
        if "error" in line or (mine and hash_of(mine[0]) != hash_) or ("expected" in line and not has_next):
            raise Forked
        # Taken once and unknown now: the server was restored from an older copy. They go again, as they were.
        self.db.execute("update ops set receipt = null where n > ?", [n])
        stale = [min(n, self.get("settled")), time.time_ns() // 1_000_000 - JOURNAL_MS]
        old = "n <= ? and receipt is not null and json_extract(op, '$.at[0]') < ?"
        self.db.execute(f"delete from ops where {old}", stale)

    # --- rows: staged until a cut whose digests agree ---

    def stage(self, heading: Row, line: list[Any], text: str) -> None:
        is_gone = isinstance(line[1], str)
        id_, kept = (line[1], None) if is_gone else (line[1]["id"], text)
        values = [heading["bucket"], heading["tier"], id_, heading["collection"], kept, kept and md5(kept)]
        self.db.execute("insert or replace into lines values (1, ?, ?, ?, ?, ?, ?)", values)

    def keep(self, line: Row) -> None:
        """A mark, or the last line: what stands above is stored with its cursor, and shown at a cut that agrees."""
        is_last = "cursor" in line
        cut = (None if line["more"] else line) if is_last else line["mark"].get("cut")
        self.put(cursor=line["cursor"] if is_last else line["mark"]["cursor"])
        if cut is not None:
            digests = [
                (b, int(t), digest) for b, tiers in cut.get("digests", {}).items() for t, digest in tiers.items()
            ]
            if any(self.digest(bucket, tier) != digest for bucket, tier, digest in digests):
                self.begin_anew()
                raise Cut
            if is_last:
                self.db.execute("update sets set is_full = 1")
            columns = "bucket, tier, id, collection, line, digest"
            self.db.execute(f"insert or replace into lines select 0, {columns} from lines where layer = 1")
            self.db.execute("delete from lines where layer = 1 or line is null")
            self.put(settled=cut.get("settled", self.get("settled")))
        self.commit()

    def begin_anew(self) -> None:
        """What is held stays on the screen until the first rows of the new fill are here."""
        self.put(cursor=None)
        self.commit()

    def drop(self, which: str, pair: Any = ()) -> None:
        self.db.execute(f"delete from lines where {which}", pair)
        self.db.execute(f"delete from sets where {which}", pair)

    def commit(self) -> None:
        self.db.execute("commit")
        self.db.execute("begin immediate")

    def digest(self, bucket: str, tier: int) -> str:
        digests = [digest for (digest,) in self.db.execute(HELD, [bucket, tier])]
        return f"{len(digests)}:{functools.reduce(operator.xor, (int(digest, 16) for digest in digests), 0):016x}"

    # --- looking ---

    def rows(self, collection: str) -> dict[str, Row]:
        """As of the last cut, rows of complete sets above others, and this phone's own unsettled ops above both."""
        shown = """select id, line from lines join sets using (bucket, tier)
                   where layer = 0 and collection = ? order by is_full"""
        found = {id_: json.loads(line)[1] for id_, line in self.db.execute(shown, [collection])}
        mine = "select op from ops where receipt is null or n > ? order by place"
        for op in [json.loads(op) for (op,) in self.db.execute(mine, [self.get("settled")])]:
            if op.get("collection") == collection and op["kind"] in ("create", "patch"):
                found[op["id"]] = {"id": op["id"]} | found.get(op["id"], {}) | op["fields"]
        return found

    def state(self) -> Row:
        taken = self.db.execute("select op, receipt from ops where receipt is not null").fetchall()
        receipts = {identity_of(json.loads(op)): json.loads(receipt) for op, receipt in taken}
        sets = self.db.execute("select bucket, tier from sets").fetchall()
        digests = {f"{bucket}/{tier}": self.digest(bucket, tier) for bucket, tier in sets}
        return {"device": self.get("device"), "pending": self.pending(), "receipts": receipts, "digests": digests}


def text_of(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def hash_of(op: str) -> str:
    return hashlib.sha256(op.encode()).hexdigest()[:16]


def md5(line: str) -> str:
    return hashlib.md5(line.encode(), usedforsecurity=False).hexdigest()[:16]


def identity_of(op: Row) -> str:
    return str(op.get("op") or op.get("id"))
