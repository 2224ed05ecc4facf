"""What every check is given: a person, courses to download, and ops that anybody may send."""

import json
import time
import uuid
from dataclasses import dataclass, field

from server.conformance.wire import Broken, Held, Server, encode, hold_all

COURSES_MAX = 3
NAMESPACE = uuid.UUID("6f1d1a52-4d8a-5e0b-9a55-2f6f1c1b7a10")  # Of ids that follow from a key.


@dataclass
class Setting:
    server: Server
    email: str
    password: str
    user_id: str
    want: list[str]
    truth: Held = field(default_factory=Held)
    counter: int = 0

    def device(self) -> str:
        return str(uuid.uuid4())

    def op(self, n: int | None, kind: str, **members: object) -> bytes:
        """An op as bytes; every one has an identity and a time."""
        self.counter += 1
        base: dict[str, object] = {} if n is None else {"n": n}
        return encode({**base, "op": str(uuid.uuid4()), "kind": kind, "at": [now_ms(), self.counter], **members})

    def rename(self, n: int | None, name: str) -> bytes:
        """An op that everybody may send: another name to be called by."""
        fields = {"display_name": name}
        return self.op(n, "patch", collection="identity.me", id=self.user_id, fields=fields)

    def derived_id(self, collection: str, *keys: str) -> str:
        """The id of a row with a natural key."""
        return str(uuid.uuid5(NAMESPACE, ":".join([collection, *keys])))

    def me(self) -> tuple[int, str | None]:
        """(version, the name to be called by), as the server has it now."""
        held = hold_all(self.server, self.device(), [])
        for (_, collection, id_), line in held.rows.items():
            if (collection, id_) == ("identity.me", self.user_id):
                version, row = json.loads(line)
                if "locale" in row:
                    return version, row.get("display_name")
        raise Broken("the person's own row (identity.me) does not arrive")


def settle(url: str, email: str, password: str) -> Setting:
    """Sign in, and find what there is to download. Raises Broken."""
    server = Server(url).signed_in(email, password)
    me = json.loads(server.request("GET", "/api/v1/auth/me").body)["data"]
    first = hold_all(server, str(uuid.uuid4()), [])
    courses = sorted(first.collections.get("catalog.courses", {}))[:COURSES_MAX]
    if not courses:
        raise Broken("there is no published course that this person may download; run it on the demo school")
    setting = Setting(server, email, password, str(me["user"]["id"]), [f"course:{id_}" for id_ in courses])
    setting.truth = hold_all(server, str(uuid.uuid4()), setting.want)
    return setting


def now_ms() -> int:
    return time.time_ns() // 1_000_000
