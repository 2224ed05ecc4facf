"""A server, asked by hand. Each check is one sentence of docs/reference/sync-protocol.md."""

import gzip
import json
import random
import uuid

from server.conformance.setting import Setting
from server.conformance.wire import NOTHING, Answer, Held, Server, digest_of, encode, expect, op_hash

GZIP = {"content-encoding": "gzip"}
CUTS = 24


def everything_arrives_and_its_digests_agree(setting: Setting) -> None:
    truth = setting.truth
    answer = setting.server.exchange(
        setting.device(), cursor=truth.cursor, want={"buckets": setting.want}, check=[list(one) for one in truth.sets]
    )
    truth.take(answer)
    wrong = [one for one in truth.sets if answer.digests.get(one, NOTHING) != truth.digest(one)]
    expect(not wrong, f"digests of {wrong} differ from the rows that were sent")
    expect(len(truth.rows) > 0, "no row arrived")


def an_exchange_with_nothing_new_is_204(setting: Setting) -> None:
    device = setting.device()
    cursor = setting.server.exchange(device).last["cursor"]
    again = setting.server.exchange(device, cursor=cursor)
    expect(again.status == 204 or again.lines, f"it is answered {again.status}")
    for _ in range(3):  # Somebody else may have written in between.
        cursor = again.last["cursor"] if again.lines else cursor
        again = setting.server.exchange(device, cursor=cursor)
        if again.status == 204:
            expect(not again.body, "a 204 has a body")
            return
    expect(condition=False, seen=f"after four exchanges it is still answered {again.status}")


def an_answer_cut_anywhere_goes_on_from_its_last_mark(setting: Setting) -> None:
    chance = random.Random(7)  # noqa: S311 - seeded chance is the point
    device = setting.device()
    want = {"bytes": 65_536, "buckets": setting.want}
    held, more = Held(), True
    for _ in range(400):
        answer = setting.server.exchange(device, cursor=held.cursor, want=want)
        if answer.status == 204:
            break
        marks = [index for index, line in enumerate(answer.lines) if isinstance(line, dict) and "mark" in line]
        if marks and chance.random() < 0.5:
            end = chance.choice(marks)
            cursor = answer.lines[end]["mark"]["cursor"]
            part = [*answer.raw_lines[: end + 1], encode({"cursor": cursor, "more": True})]
            answer = type(answer).of(200, answer.headers, b"\n".join(part))
        more = held.take(answer)
        if not more:
            break
    wrong = [one for one in setting.truth.sets if held.digest(one) != setting.truth.digest(one)]
    expect(not wrong, f"{wrong} differ from an undisturbed fill")


def a_push_sent_again_is_answered_word_for_word_and_done_once(setting: Setting) -> None:
    device = setting.device()
    version, _ = setting.me()
    op = setting.rename(1, f"Once {setting.counter}")
    answers = [setting.server.exchange(device, ops=[op]) for _ in range(3)]
    expect(all(answer.status == 200 for answer in answers), "a repeated push is not answered 200")
    expect(answers[0].receipts == answers[1].receipts == answers[2].receipts, "the receipts differ")
    expect(answers[0].receipts[0]["outcome"] in ("applied", "merged"), f"it is {answers[0].receipts}")
    expect(setting.me()[0] == version + 1, "it took effect more than once, or not at all")
    expect(answers[2].first["watermark"] == [1, op_hash(op)], f"the watermark is {answers[2].first['watermark']}")


def an_identity_sent_under_another_number_is_a_duplicate(setting: Setting) -> None:
    op = setting.rename(1, f"Identity {setting.counter}")
    setting.server.exchange(setting.device(), ops=[op])
    again = encode({**json.loads(op), "again": True})
    answer = setting.server.exchange(setting.device(), ops=[again])
    expect(answer.receipts[0]["outcome"] == "duplicate", f"it is {answer.receipts}")


def a_gap_is_named_and_nothing_behind_it_used(setting: Setting) -> None:
    device = setting.device()
    answer = setting.server.exchange(device, ops=[setting.rename(1, "One"), setting.rename(3, "Three")])
    expect(answer.first.get("expected") == 2, f"the first line is {answer.first}")
    expect([receipt["n"] for receipt in answer.receipts] == [1], f"receipts are {answer.receipts}")


def other_bytes_under_a_used_number_are_a_fork(setting: Setting) -> None:
    device = setting.device()
    setting.server.exchange(device, ops=[setting.rename(1, "First")])
    answer = setting.server.exchange(device, ops=[setting.rename(1, "Other")])
    expect(answer.first.get("error") == "device_forked", f"the first line is {answer.first}")
    answer = setting.server.exchange(device, confirmed=[1, "0" * 16])
    expect(answer.first.get("error") == "device_forked", "another hash at `confirmed` is not a fork")


def a_wrong_op_is_parked_with_its_reason_and_holds_up_nobody(setting: Setting) -> None:
    ops = [
        setting.op(1, "patch", collection="identity.me", id=setting.user_id, fields={"role": "admin"}),
        setting.op(2, "create", collection="no.such", id=str(uuid.uuid4()), fields={}),
        b'{"n":3,"kind":"patch","fields":"\\ud800"}',
        b'{"n":4,"kind":"void"}',
        setting.rename(5, f"Behind {setting.counter}"),
    ]
    answer = setting.server.exchange(setting.device(), ops=ops)
    found = [(receipt["outcome"], receipt.get("code")) for receipt in answer.receipts]
    parked = [("parked", "field.not_writable"), ("parked", "collection.unknown"), ("parked", "op.malformed")]
    expect(found[:3] == parked, f"receipts are {found}")
    expect(len(found) == len(ops) and found[4][0] in ("applied", "merged"), f"what stands behind is {found}")


def a_group_is_all_or_nothing(setting: Setting) -> None:
    version, _ = setting.me()
    good = {**json.loads(setting.rename(1, "Half a group")), "group": ["g", 2]}
    bad = {**json.loads(setting.rename(2, "x")), "group": ["g", 2], "fields": {"role": "admin"}}
    answer = setting.server.exchange(setting.device(), ops=[encode(good), encode(bad)])
    expect([receipt["outcome"] for receipt in answer.receipts] == ["parked"] * 2, f"receipts are {answer.receipts}")
    expect(setting.me()[0] == version, "half of a group took effect")


def a_cursor_that_is_nobodys_is_answered_with_reconcile(setting: Setting) -> None:
    answer = setting.server.exchange(setting.device(), cursor="AQAAAAAAAAAAAAAAAAAAAAAA", want={"buckets": []})
    expect(answer.status == 200 and answer.pairs("reconcile"), f"it is answered {answer.status} {answer.lines[:3]}")
    answer = setting.server.exchange(setting.device(), cursor="AQAAAAAAAAAAAAAAAAAAAAAA", want={})
    expect(answer.first.get("again") == ["want.buckets"], f"the first line is {answer.first}")


def a_bucket_that_is_not_granted_is_refused_like_one_that_does_not_exist(setting: Setting) -> None:
    names = [f"user:{uuid.uuid4()}", f"course:{uuid.uuid4()}"]
    answer = setting.server.exchange(setting.device(), want={"buckets": names})
    refused = {name for line in answer.lines if isinstance(line, dict) for name in line.get("refused", [])}
    expect(refused == set(names), f"refused are {refused}")


def compare_sends_what_differs_and_nothing_else(setting: Setting) -> None:
    one = max(setting.truth.sets, key=lambda held: setting.truth.digest(held).partition(":")[0].zfill(9))
    device = setting.device()
    cursor = setting.server.exchange(device, want={"bytes": 1 << 20, "buckets": setting.want}).last["cursor"]
    held = [(id_, line) for (set_, _, id_), line in setting.truth.rows.items() if set_ == one]
    lost = min(id_ for id_, _ in held)
    sums: dict[str, list[bytes]] = {}
    for id_, line in held:
        if id_ != lost:
            sums.setdefault(id_[-2:], []).append(line)
    texts = {tail: digest_of(lines) for tail, lines in sums.items()}
    ask = {"cursor": cursor, "bucket": one[0], "tier": one[1], "ask": [{"prefix": "", "sums": texts}]}
    for _ in range(8):
        answer = compare(setting.server, device, ask)
        expect(answer.status == 200, f"it is answered {answer.status} {answer.code}")
        rows = [line[1]["id"] for line in answer.lines if isinstance(line, list)]
        if lost in rows:
            return
        prefixes = answer.last["differ"]
        expect(len(prefixes) == 1, f"one row is missing, and {prefixes} are said to differ")
        ask["ask"] = [{"prefix": prefixes[0], "sums": {}}]
    expect(condition=False, seen="the missing row did not come")


def compare_is_refused_for_what_is_not_held(setting: Setting) -> None:
    device = setting.device()
    cursor = setting.server.exchange(device).last["cursor"]
    ask = {"cursor": cursor, "bucket": f"course:{uuid.uuid4()}", "tier": 1, "ask": [{"prefix": "", "sums": {}}]}
    answer = compare(setting.server, device, ask)
    expect((answer.status, answer.code) == (404, "bucket.not_held"), f"it is answered {answer.status} {answer.code}")


def requests_that_cannot_be_taken_say_why(setting: Setting) -> None:
    server, device = setting.server, setting.device()
    body = encode({"protocol": 1, "device": device})
    plain = {"content-type": "text/plain"}
    many = [encode({"n": n, "kind": "void"}) for n in range(1, 502)]
    seen = {
        "401": Server(server.url).exchange(device).status,
        "415": server.request("POST", "/api/v1/sync", body, plain).status,
        "422": server.request("POST", "/api/v1/sync", b"[1,").status,
        "422 op": server.exchange(device, ops=[b'{"kind":"void"}']).code,
        "413": server.exchange(device, ops=many).code,
        "413 bomb": server.request("POST", "/api/v1/sync", gzip.compress(b" " * (2 << 20) + body), GZIP).status,
        "gzip": server.request("POST", "/api/v1/sync", gzip.compress(body), GZIP).status,
    }
    due = {
        "401": 401,
        "415": 415,
        "422": 422,
        "422 op": "op.unnumbered",
        "413": "request.too_many_ops",
        "413 bomb": 413,
        "gzip": 200,
    }
    expect(seen == due, f"they are answered {seen}")


def compare(server: Server, device: str, members: dict[str, object]) -> Answer:
    return server.request("POST", "/api/v1/sync/compare", encode({"protocol": 1, "device": device, **members}))


CHECKS = (
    everything_arrives_and_its_digests_agree,
    an_exchange_with_nothing_new_is_204,
    an_answer_cut_anywhere_goes_on_from_its_last_mark,
    a_push_sent_again_is_answered_word_for_word_and_done_once,
    an_identity_sent_under_another_number_is_a_duplicate,
    a_gap_is_named_and_nothing_behind_it_used,
    other_bytes_under_a_used_number_are_a_fork,
    a_wrong_op_is_parked_with_its_reason_and_holds_up_nobody,
    a_group_is_all_or_nothing,
    a_cursor_that_is_nobodys_is_answered_with_reconcile,
    a_bucket_that_is_not_granted_is_refused_like_one_that_does_not_exist,
    compare_sends_what_differs_and_nothing_else,
    compare_is_refused_for_what_is_not_held,
    requests_that_cannot_be_taken_say_why,
)
