"""The demo school: people with random passwords, a course of our own making, a practice test, answered questions.

Laid once; a second call finds it and changes nothing. The passwords lie in SPARK_DATA/demo-accounts.json (0600).
"""

import os
import secrets
from pathlib import Path
from uuid import UUID

import msgspec
from sqlalchemy import text

from server.assessments import demo as assessments_demo
from server.base.tx import Tx
from server.base.work import Work
from server.catalog import demo as catalog_demo
from server.identity.accounts import NewAccount, answer_for, create_account, find_by_email, set_password
from server.questions import demo as questions_demo
from server.settings import Settings

ACCOUNTS_FILE = "demo-accounts.json"
PEOPLE = (
    ("student", "Amina Karimova"),
    ("student", "Brian Otieno"),
    ("educator", "Oybek Rahimov"),
    ("mentor", "Madina Yusupova"),
    ("admin", "Siti Rahayu"),
)


class DemoAccount(msgspec.Struct, frozen=True):
    role: str
    name: str
    email: str
    password: str


def read_accounts(settings: Settings) -> list[DemoAccount]:
    """The accounts as they were laid; empty where there is no demo."""
    path = settings.data / ACCOUNTS_FILE
    return msgspec.json.decode(path.read_bytes(), type=list[DemoAccount]) if path.exists() else []


async def lay_demo(work: Work) -> list[DemoAccount]:
    """Lay what is missing. The accounts, if they are new; an empty list if everything stood already."""
    known = read_accounts(work.settings)
    accounts = known or [_account(role, name) for role, name in PEOPLE]
    if not known:
        _write(work.settings.data / ACCOUNTS_FILE, accounts)  # Before the rows: a kill between them loses no password.
    async with work.database.transaction() as tx:
        if not await _is_laid(tx):
            await _lay(tx, work, accounts)
            return accounts
    return [] if known else accounts


async def _lay(tx: Tx, work: Work, accounts: list[DemoAccount]) -> None:
    people: dict[str, UUID] = {}
    for account in accounts:
        people.setdefault(account.role, await _person(tx, account))
    subjects = list((await tx.db.execute(text("select id from catalog_subjects where deleted_at is null"))).scalars())
    await answer_for(tx, user_id=people["mentor"], subject_ids=subjects)
    await tx.db.flush()  # What follows looks people up by SQL.
    slug = await catalog_demo.lay_course(tx, work, owner_id=people["educator"])
    await assessments_demo.lay_practice_test(tx, course_slug=slug, owner_id=people["educator"])
    await questions_demo.lay_questions(tx, asker_id=people["student"], mentor_id=people["mentor"])
    await tx.audit("demo.laid", kind="installation")


async def _person(tx: Tx, account: DemoAccount) -> UUID:
    found = await find_by_email(tx, account.email)
    if found is not None:
        await set_password(tx, found, account.password)
        return found.id
    new = NewAccount(
        email=account.email, full_name=account.name, role=account.role, password=account.password, is_verified=True
    )
    return (await create_account(tx, new)).id


async def _is_laid(tx: Tx) -> bool:
    statement = text("select exists(select 1 from base_audit where action = 'demo.laid')")
    return bool((await tx.db.execute(statement)).scalar_one())


def _account(role: str, name: str) -> DemoAccount:
    first = name.partition(" ")[0].lower()
    # Composed so that the rule of passwords.py always holds; 60 random bits.
    return DemoAccount(
        role=role,
        name=name,
        email=f"{first}@demo.example",
        password=f"S{secrets.token_hex(3)}-{secrets.token_urlsafe(6)}x7",
    )


def _write(path: Path, accounts: list[DemoAccount]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(accounts)))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
