"""A client, driven through a link that does what links do. It may take any way it likes; in the end it is right.

What is compared is what an undisturbed fill brings: `Setting.truth`, and what the server has of the person.
"""

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.conformance.driven import ANSWER_S, Client
from server.conformance.link import (
    Link,
    another_log,
    busy,
    lose_answer,
    lost_row,
    no_courses,
    once,
    portal,
    rewound,
    send_twice,
    torn,
)
from server.conformance.setting import Setting
from server.conformance.wire import NOTHING, expect, hold_all, op_hash

QUEUED = 200
KILLS = 3
CUT_STORES = 6
NO_CONTENT = 204


@dataclass
class Bench:
    """One client's place: a store of its own, and a link of its own to the server."""

    setting: Setting
    command: str
    folder: Path
    answer_s: float = ANSWER_S

    @contextmanager
    def client(self, name: str = "store") -> Iterator[tuple[Client, Link]]:
        with Link(self.setting.server).open() as link, self.another(link, name) as client:
            yield client, link

    @contextmanager
    def another(self, link: Link, name: str) -> Iterator[Client]:
        store = self.folder / name
        token = self.setting.server.token
        with Client(
            self.command, link.url, store, token=token, want=self.setting.want, answer_s=self.answer_s
        ) as client:
            yield client

    def copy_store(self, name: str, other: str) -> None:
        for path in self.folder.glob(f"{name}*"):
            target = self.folder / path.name.replace(name, other, 1)
            shutil.copytree(path, target) if path.is_dir() else shutil.copy(path, target)


def a_cold_client_holds_everything(bench: Bench) -> None:
    with bench.client() as (client, _link):
        client.do("sync")
        expect_truth(bench, client)


def at_rest_one_request_is_enough(bench: Bench) -> None:
    with bench.client() as (client, link):
        client.do("sync")
        for _ in range(3):  # Somebody else may have written in between.
            link.clear()
            client.do("sync")
            if [passed.status for passed in link.exchanges()] == [NO_CONTENT]:
                return
        expect(condition=False, seen=f"it asked {len(link.exchanges())} times when nothing was new")


def answers_cut_after_any_byte_end_in_the_same_rows(bench: Bench) -> None:
    chance = random.Random(11)  # noqa: S311 - seeded chance is the point
    for number in range(CUT_STORES):
        cuts = iter([chance.randint(0, 2_000), chance.randint(2_000, 12_000), chance.randint(0, 60_000)])

        def cut(link: Link, body: bytes, send: Callable[[bytes], Any], cuts: Iterator[int] = cuts) -> Any:
            link.cut_after = next(cuts, None)
            return send(body)

        with bench.client(f"store-{number}") as (client, link):
            link.fault = cut
            client.ask("sync")
            client.do("sync")
            expect_truth(bench, client)


def an_answer_lost_after_commit_is_asked_for_again_with_the_same_bytes(bench: Bench) -> None:
    for fault in (lose_answer, torn):
        with bench.client(fault.__name__) as (client, link):
            client.do("sync")
            version, _ = bench.setting.me()
            link.clear()
            link.fault = once(fault)
            name = f"Lost answer, {fault.__name__}"
            renamed(bench, client, name)
            client.ask("sync")
            client.do("sync")
            expect(bench.setting.me() == (version + 1, name), f"the server has {bench.setting.me()}")
            sent = [ops_of(passed.raw) for passed in link.exchanges() if b'"kind"' in passed.raw]
            expect(len(sent) > 1 and sent[0] == sent[1], f"the op was sent as {sent}")
            expect_taken(client)


def a_request_that_arrives_twice_counts_once(bench: Bench) -> None:
    with bench.client() as (client, link):
        client.do("sync")
        version, _ = bench.setting.me()
        link.fault = send_twice
        renamed(bench, client, "Sent twice")
        client.do("sync")
        expect(bench.setting.me() == (version + 1, "Sent twice"), f"the server has {bench.setting.me()}")
        expect_taken(client)


def a_captive_portal_changes_nothing(bench: Bench) -> None:
    with bench.client() as (client, link):
        client.do("sync")
        before = client.do("rows", collection="catalog.courses")["rows"]
        renamed(bench, client, "Behind a portal")
        link.fault = once(portal)
        client.ask("sync")
        expect(client.do("rows", collection="catalog.courses")["rows"] == before, "rows changed at a portal's word")
        client.do("sync")
        expect(bench.setting.me()[1] == "Behind a portal", f"the server has {bench.setting.me()}")
        expect_truth(bench, client)


def a_busy_server_is_asked_again_after_a_while(bench: Bench) -> None:
    with bench.client() as (client, link):
        client.do("sync")
        link.clear()
        link.fault = once(busy)
        renamed(bench, client, "Patient")
        client.ask("sync")
        client.do("sync")
        first, second = link.exchanges()[:2]
        expect(second.at - first.at >= 0.9, f"it came back after {second.at - first.at:.2f} s; Retry-After said 2")
        expect(bench.setting.me()[1] == "Patient", f"the server has {bench.setting.me()}")


def killed_at_any_moment_it_goes_on_from_its_store(bench: Bench) -> None:
    with bench.client() as (client, link):
        link.is_slow = True
        for number in range(KILLS):
            renamed(bench, client, f"Killed {number}")
            client.killed_during_sync(0.3 + 0.4 * number)
        link.is_slow = False
        client.do("sync")
        expect_truth(bench, client)
        expect_taken(client)
        expect(bench.setting.me()[1] == f"Killed {KILLS - 1}", f"the server has {bench.setting.me()}")


def two_copies_of_one_store_both_keep_their_words(bench: Bench) -> None:
    with bench.client("one") as (one, link):
        renamed(bench, one, "Before the copy")
        one.do("sync")
        one.close()
        bench.copy_store("one", "two")
        with bench.another(link, "one") as first, bench.another(link, "two") as second:
            lesson = lessons(first)[:2]
            for client, seen in ((first, lesson[0]), (second, lesson[-1])):
                client.do("op", op=progress(bench, seen, 7_000))
            first.do("sync")
            second.do("sync")
            first.do("sync")
            devices = {client.do("state")["device"] for client in (first, second)}
            expect(len(devices) == 2, "both still say that they are the same device")
            expect_taken(first)
            expect_taken(second)
            seconds = [progress_of(bench, seen) for seen in (lesson[0], lesson[-1])]
            expect(None not in seconds, f"the server knows of {seconds}")


def a_long_queue_arrives_whole_and_in_order(bench: Bench) -> None:
    with bench.client() as (client, link):
        client.do("sync")
        version, _ = bench.setting.me()
        for number in range(QUEUED):
            renamed(bench, client, f"Number {number}")
        link.clear()
        client.do("sync")
        expect(bench.setting.me() == (version + QUEUED, f"Number {QUEUED - 1}"), f"the server has {bench.setting.me()}")
        expect_taken(client)


def a_refused_op_is_told_and_holds_up_nobody(bench: Bench) -> None:
    with bench.client() as (client, _link):
        refused = {
            "kind": "patch",
            "collection": "identity.me",
            "id": bench.setting.user_id,
            "fields": {"role": "admin"},
        }
        client.do("op", op=refused)
        renamed(bench, client, "Behind a refused one")
        client.do("sync")
        state = client.do("state")
        codes = {receipt.get("code") for receipt in state["receipts"].values()}
        expect("field.not_writable" in codes, f"receipts are {state['receipts']}")
        expect(bench.setting.me()[1] == "Behind a refused one", f"the server has {bench.setting.me()}")


def off_the_chain_it_keeps_what_is_listed_and_drops_the_rest(bench: Bench) -> None:
    with bench.client() as (client, link):
        client.do("sync")
        link.fault = once(another_log, then=no_courses)
        client.do("sync")
        client.do("sync")
        shown = client.do("rows", collection="catalog.lessons")["rows"]
        expect(not shown, f"it still shows {len(shown)} lessons of courses that the new log does not give it")
        link.clear()
        client.do("want", buckets=bench.setting.want)
        client.do("sync")
        client.do("sync")
        expect_truth(bench, client)


def a_row_that_went_missing_is_noticed_and_comes_again(bench: Bench) -> None:
    with bench.client() as (client, link):
        link.fault = once(lost_row)
        client.do("sync")
        client.do("sync")
        expect_truth(bench, client)


def a_restored_server_is_given_back_what_it_lost(bench: Bench) -> None:
    with bench.client() as (client, link):
        renamed(bench, client, "Kept in the journal")
        client.do("sync")
        link.clear()
        link.fault = once(rewound)
        renamed(bench, client, "After the restore")
        client.ask("sync")
        client.do("sync")
        again = [passed.raw for passed in link.exchanges() if b"Kept in the journal" in passed.raw]
        expect(again, "a watermark below what was confirmed did not make it send its journal again")
        expect(bench.setting.me()[1] == "After the restore", f"the server has {bench.setting.me()}")
        expect_taken(client)


# --- what is looked at ------------------------------------------------------------------------------------------


def expect_truth(bench: Bench, client: Client) -> None:
    """It holds, set by set, what an undisturbed fill brings. Its own ops may have changed sets of its own meanwhile."""
    truth = hold_all(bench.setting.server, bench.setting.device(), bench.setting.want)
    digests = client.do("state")["digests"]
    for bucket, tier in truth.sets:
        due, is_own = truth.digest((bucket, tier)), bucket.startswith("user:")
        found = digests.get(f"{bucket}/{tier}", NOTHING)
        expect(is_own or found == due, f"of {bucket} tier {tier} it holds {found}, and the server {due}")
    shown = client.do("rows", collection="catalog.lessons")["rows"]
    due_rows = truth.collections.get("catalog.lessons", {})
    expect(shown.keys() == due_rows.keys(), f"it shows {len(shown)} lessons of {len(due_rows)}")


def expect_taken(client: Client) -> None:
    state = client.do("state")
    expect(state["pending"] == 0, f"{state['pending']} ops are not taken yet")
    wrong = {id_: receipt for id_, receipt in state["receipts"].items() if receipt["outcome"] == "parked"}
    expect(not wrong, f"refused: {wrong}")


def renamed(bench: Bench, client: Client, name: str) -> None:
    client.do(
        "op",
        op={
            "kind": "patch",
            "collection": "identity.me",
            "id": bench.setting.user_id,
            "fields": {"display_name": name},
        },
    )


def lessons(client: Client) -> list[str]:
    return sorted(client.do("rows", collection="catalog.lessons")["rows"])


def progress(bench: Bench, lesson_id: str, seconds: int) -> dict[str, Any]:
    """How far a person came in a lesson; two devices may both say so."""
    id_ = bench.setting.derived_id("catalog.progress", bench.setting.user_id, lesson_id)
    fields = {"lesson_id": lesson_id, "seconds": seconds, "seen_ppm": 1_000}
    return {"kind": "create", "collection": "catalog.progress", "id": id_, "fields": fields}


def progress_of(bench: Bench, lesson_id: str) -> int | None:
    held = hold_all(bench.setting.server, bench.setting.device(), [])
    rows = held.collections.get("catalog.progress", {}).values()
    return next((row.get("seconds") for row in rows if row.get("lesson_id") == lesson_id), None)


def ops_of(raw: bytes) -> tuple[str, str]:
    """The hash of the ops of a request, and the first of their bytes."""
    part = raw.partition(b'"ops":')[2]
    return op_hash(part), part[:60].decode(errors="replace")


CHECKS = (
    a_cold_client_holds_everything,
    at_rest_one_request_is_enough,
    answers_cut_after_any_byte_end_in_the_same_rows,
    an_answer_lost_after_commit_is_asked_for_again_with_the_same_bytes,
    a_request_that_arrives_twice_counts_once,
    a_captive_portal_changes_nothing,
    a_busy_server_is_asked_again_after_a_while,
    killed_at_any_moment_it_goes_on_from_its_store,
    two_copies_of_one_store_both_keep_their_words,
    a_long_queue_arrives_whole_and_in_order,
    a_refused_op_is_told_and_holds_up_nobody,
    off_the_chain_it_keeps_what_is_listed_and_drops_the_rest,
    a_row_that_went_missing_is_noticed_and_comes_again,
    a_restored_server_is_given_back_what_it_lost,
)
