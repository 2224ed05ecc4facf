"""The example client keeps the protocol; one that breaks a rule is found out; so is the document's every example."""

import hashlib
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from server.conformance import client_checks as client
from server.conformance.setting import Setting, settle
from server.conformance.wire import Broken, encode, op_hash
from sync import refusals
from sync.errors import Refusal
from tests.support.installation import ROOT, Installation

PAGE = (ROOT / "docs" / "reference" / "sync-protocol.md").read_text()
EXAMPLE = (ROOT / "examples" / "phone.py").read_text()


@pytest.fixture(scope="module")
def amina(installation: Installation) -> dict[str, str]:
    accounts = json.loads((installation.data / "demo-accounts.json").read_text())
    return next(account for account in accounts if account["email"].startswith("amina"))


@pytest.fixture(scope="module")
def setting(installation: Installation, amina: dict[str, str]) -> Setting:
    return settle(installation.url, amina["email"], amina["password"])


def test_the_server_and_the_example_client_keep_every_rule(installation: Installation, amina: dict[str, str]) -> None:
    said = installation.spark(
        "conformance", installation.url, "--email", amina["email"], "--password", amina["password"],
        "--client", f"{sys.executable} examples/drive.py",
    )  # fmt: skip

    assert "BROKEN" not in said, said
    assert "28 of 28 kept" in said, said


BROKEN_CLIENTS: list[tuple[str, str, str, Callable[[client.Bench], None]]] = [
    (
        "it stores rows without their cursor, and drops none",
        'self.put(cursor=line["cursor"] if is_last else line["mark"]["cursor"])',
        "pass",
        client.at_rest_one_request_is_enough,
    ),
    (
        "it keeps the cursor of a cut answer and not its rows",
        'values = [heading["bucket"]',
        'if int(id_[-1], 16) % 2:\n            return\n        values = [heading["bucket"]',
        client.a_cold_client_holds_everything,
    ),
    (
        "it writes an op anew when it sends it again",
        "ops.append(op)",
        'self.spaces = getattr(self, "spaces", 0) + 1; ops.append(op.replace(",", "," + " " * self.spaces))',
        client.an_answer_lost_after_commit_is_asked_for_again_with_the_same_bytes,
    ),
    (
        "it forgets what was taken",
        'self.db.execute("update ops set receipt = null where n > ?", [n])',
        "pass",
        client.a_restored_server_is_given_back_what_it_lost,
    ),
    (
        "it believes whoever answers",
        "raise Cut\n        heading",
        "self.db.execute('delete from ops'); self.commit(); return False\n        heading",
        client.a_captive_portal_changes_nothing,
    ),
    (
        "it does not wait",
        'wait_s = float(error.headers.get("retry-after") or 1)',
        "wait_s = 0.01",
        client.a_busy_server_is_asked_again_after_a_while,
    ),
    (
        "it does not look at digests",
        "if any(self.digest(bucket, tier) != digest",
        "if False and any(self.digest(bucket, tier) != digest",
        client.a_row_that_went_missing_is_noticed_and_comes_again,
    ),
    (
        "it takes no notice of another log",
        'elif "reconcile" in line:',
        'elif "reconcile" in line and False:',
        client.off_the_chain_it_keeps_what_is_listed_and_drops_the_rest,
    ),
    (
        "it never becomes another device",
        "raise Forked\n        #",
        "pass\n        #",
        client.two_copies_of_one_store_both_keep_their_words,
    ),
    (
        "it sends the newest first",
        "where receipt is null order by n limit",
        "where receipt is null order by n desc limit",
        client.a_long_queue_arrives_whole_and_in_order,
    ),
    (
        "it keeps its ops in memory",
        "pragma synchronous = full;",
        "pragma synchronous = full; delete from ops where 1;",
        client.killed_at_any_moment_it_goes_on_from_its_store,
    ),
]


@pytest.mark.parametrize(("story", "rule", "broken", "check"), BROKEN_CLIENTS, ids=[row[0] for row in BROKEN_CLIENTS])
def test_a_client_that_breaks_a_rule_is_found_out(
    setting: Setting, tmp_path: Path, story: str, rule: str, broken: str, check: Callable[[client.Bench], None]
) -> None:
    assert EXAMPLE.count(rule) == 1, f"{story}: the example has changed"
    (tmp_path / "phone.py").write_text(EXAMPLE.replace(rule, broken))
    (tmp_path / "drive.py").write_text((ROOT / "examples" / "drive.py").read_text())
    stores = tmp_path / "stores"
    stores.mkdir()

    with pytest.raises(Broken):
        check(client.Bench(setting, f"{sys.executable} {tmp_path / 'drive.py'}", stores, answer_s=4))


def test_the_example_client_is_about_200_lines() -> None:
    code = re.sub(r'"""(?:.|\n)*?"""', "", EXAMPLE, count=1).splitlines()

    assert len([line for line in code if line.strip() and not line.strip().startswith(("#", '"""'))]) <= 220


# --- the document's vectors -------------------------------------------------------------------------------------


def test_the_hash_of_an_op_is_the_one_on_the_page() -> None:
    op, due = re.findall(r"of\n`(\{\"n\":1.*?\})`\nit is `([0-9a-f]{16})`", PAGE)[0]

    assert op_hash(op.encode()) == due


def test_the_digests_of_lines_are_those_on_the_page() -> None:
    found = re.findall(r"\| `(\[\d.*\])` \| `([0-9a-f]{16})` \|", PAGE)

    assert len(found) == 2
    assert [hashlib.md5(line.encode(), usedforsecurity=False).hexdigest()[:16] for line, _ in found] == [
        digest for _, digest in found
    ]


def test_the_id_of_a_keyed_row_is_the_one_on_the_page(setting: Setting) -> None:
    user, lesson, due = re.findall(
        r"of user\n`([0-9a-f-]{36})` and lesson `([0-9a-f-]{36})` is\n`([0-9a-f-]{36})`", PAGE
    )[0]

    assert setting.derived_id("catalog.progress", user, lesson) == due


def test_every_example_of_the_page_is_json() -> None:
    for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL):
        text = block.replace("\n ", " ")
        for line in text.strip().split("\n"):
            assert encode(json.loads(line))


def test_every_code_of_a_receipt_stands_on_the_page() -> None:
    codes = {kind.code for kind in vars(refusals).values() if isinstance(kind, type) and issubclass(kind, Refusal)}

    assert sorted(code for code in codes if f"`{code}`" not in PAGE) == []
