"""Exactly once, whatever happens to the connection. SPEC.md U1, U2, U13."""

from collections.abc import Iterator
from enum import Enum

from hypothesis import given
from hypothesis import strategies as st

from sync.errors import Outage
from sync.memory import MemoryStore, Tables
from sync.testing.lab import Lab
from sync.testing.phone import Pen, id_of
from sync.testing.sample import SPENDINGS, sample_registry

ACCOUNT = id_of("account")
NO_CREDIT_AMOUNT = 7


class Fault(Enum):
    """What happens to one attempt."""

    NONE = 0
    BEFORE_COMMIT = 1
    AFTER_COMMIT = 2


def breaking(faults: list[Fault]) -> MemoryStore:
    """A store whose connections die around the commit as the list says, and then never again."""
    left: Iterator[Fault] = iter(faults)
    now = Fault.NONE

    def strike(moment: str) -> None:
        nonlocal now
        if moment == "before commit":
            now = next(left, Fault.NONE)
        if (now, moment) in ((Fault.BEFORE_COMMIT, "before commit"), (Fault.AFTER_COMMIT, "after commit")):
            raise Outage(moment)

    return MemoryStore(Tables(sample_registry()), fault=strike)


@given(
    amounts=st.lists(st.integers(1, 9), max_size=8),
    faults=st.lists(st.sampled_from(Fault), max_size=20),
    resend_from=st.lists(st.integers(0, 8), max_size=10),
)
async def test_U2_each_op_lands_once_however_often_it_is_sent(
    amounts: list[int], faults: list[Fault], resend_from: list[int]
):
    """Goal: exactly once, refusals included.

    Method: resend the queue from anywhere while connections die around the commit; let it settle.
    """
    lab, pen = Lab(breaking(faults)), Pen()
    for amount in amounts:
        pen.command("sample.spend", account_id=ACCOUNT, amount=amount)
    settle = [0] * (len(faults) + 1)

    for start in resend_from + settle:
        try:
            await lab.push(pen, pen.ops[start:])
        except Outage:
            continue  # As a phone does: it knows nothing, so it sends again.

    answer = await lab.push(pen)
    spent = (await lab.row(SPENDINGS, ACCOUNT) or {"amount": 0})["amount"]
    assert spent == sum(amount for amount in amounts if amount != NO_CREDIT_AMOUNT)
    assert answer.watermark[0] == len(amounts)
    assert [receipt.n for receipt in answer.receipts] == list(range(1, len(amounts) + 1))


@given(
    amounts=st.lists(st.integers(1, 9), min_size=1, max_size=8),
    forks=st.lists(st.integers(0, 8), max_size=3),
)
async def test_U5_each_wish_lands_once_however_often_a_phone_forks(amounts: list[int], forks: list[int]):
    """Goal: an identity outlives its number. Method: the same wishes again under new devices, in part or whole."""
    lab = Lab(MemoryStore(Tables(sample_registry())))
    first = Pen()
    for index, amount in enumerate(amounts):
        first.command("sample.spend", account_id=ACCOUNT, amount=amount, more={"op": id_of(f"wish {index}")})

    for number, sent in enumerate(forks):
        clone = Pen(f"fork {number}")
        for index, amount in enumerate(amounts[:sent]):
            clone.command(
                "sample.spend", account_id=ACCOUNT, amount=amount, more={"op": id_of(f"wish {index}"), "again": True}
            )
        await lab.push(clone)
    await lab.push(first)

    spent = (await lab.row(SPENDINGS, ACCOUNT) or {"amount": 0})["amount"]
    assert spent == sum(amount for amount in amounts if amount != NO_CREDIT_AMOUNT)
