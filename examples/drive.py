"""Drives examples/phone.py: reads one JSON object a line, and answers each with one.

    python examples/drive.py http://127.0.0.1:8000 store.sqlite

    {"do": "token", "token": "…"}                      who it is: an access token of /api/v1/auth/login
    {"do": "want", "buckets": ["course:…"]}            the buckets on demand; the next request names them
    {"do": "op", "op": {"kind": "create", …}}          a wish, without `n`: kept at once, sent by the next sync
    {"do": "sync"}                                     exchange until nothing is left to send or to receive;
                                                        gives up, and says so, within two minutes
    {"do": "rows", "collection": "catalog.lessons"}    what it would show: {"rows": {id: row}}
    {"do": "state"}                                    {"device", "pending": ops without a receipt,
                                                        "receipts": {identity: receipt},
                                                        "digests": {"bucket/tier": "count:xor"}}

Each answer has `"ok": true`, or `"ok": false` and an `error` in words. `spark conformance` tries any client that
is driven so.
"""

import json
import sys
from typing import Any

from phone import Phone, text_of


def do(phone: Phone, asked: dict[str, Any]) -> dict[str, Any]:
    match asked["do"]:
        case "token":
            phone.token = asked["token"]
        case "want":
            phone.put(want=asked["buckets"])
        case "op":
            phone.wish(asked["op"])
        case "sync":
            phone.sync()
        case "rows":
            return {"rows": phone.rows(asked["collection"])}
        case "state":
            return phone.state()
    return {}


def main() -> None:
    phone = Phone(*sys.argv[1:3])
    for text in sys.stdin:
        answer: dict[str, Any] = {"ok": True}
        try:
            answer |= do(phone, json.loads(text))
        except OSError as error:
            answer = {"ok": False, "error": str(error)}
        print(text_of(answer), flush=True)


if __name__ == "__main__":
    main()
