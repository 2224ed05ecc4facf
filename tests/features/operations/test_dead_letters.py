"""What the server gave up is seen by staff, and by nobody else, and is tried again when they say so."""

import pytest
from sqlalchemy import text

from server.base.actor import SYSTEM, Actor
from server.base.ids import new_id
from server.operations.policy import may_retry_jobs, may_see_jobs
from tests.support.api import Api


@pytest.mark.parametrize(
    ("roles", "may"),
    [
        ((), False),
        (("student",), False),
        (("mentor",), False),
        (("educator",), False),
        (("staff",), True),
        (("admin",), True),
        (("super_admin",), True),
    ],
)
def test_who_may_look_after_jobs(roles: tuple[str, ...], may: bool) -> None:  # noqa: FBT001 - a table's column
    person = Actor(id=new_id(), roles=frozenset(roles))

    assert (may_see_jobs(person), may_retry_jobs(person)) == (may, may)
    assert may_see_jobs(SYSTEM)


async def fail_jobs(api: Api, count: int) -> None:
    async with api.work.database.transaction() as tx:
        await tx.db.execute(
            text(
                "insert into base_outbox (kind, payload, attempts, failed_at, error)"
                " select 'media.make_film', json_build_object('kind', 'media.make_film', 'name', 'v240', 'n', n)::text,"
                " 5, clock_timestamp(), 'NoSpace()' from generate_series(1, :count) n"
            ).bindparams(count=count)
        )


async def test_an_admin_reads_them_page_by_page_and_has_one_tried_again(api: Api) -> None:
    await api.add("Ada Admin", "admin")
    await fail_jobs(api, 3)

    async with api.signed_in("Ada") as http:
        first = (await http.get("/api/v1/jobs/failed", params={"limit": 2})).json()["data"]
        second = (await http.get("/api/v1/jobs/failed", params={"limit": 2, "before": first["next"]})).json()["data"]
        assert first["total"] == 3
        assert [job["about"] for job in [*first["jobs"], *second["jobs"]]] == [
            {"name": "v240", "n": str(number)} for number in (3, 2, 1)
        ]
        assert second["next"] is None
        job = first["jobs"][0]
        assert (job["kind"], job["attempts"], job["error"]) == ("media.make_film", 5, "NoSpace()")

        assert (await http.post(f"/api/v1/jobs/{job['id']}/retry")).status_code == 202
        again = await http.post(f"/api/v1/jobs/{job['id']}/retry")
        assert (again.status_code, again.json()["error"]["code"]) == (404, "job.unknown")
        absurd = await http.post(f"/api/v1/jobs/{10**30}/retry")
        assert absurd.json()["error"]["code"] == "job.unknown"
    async with api.work.database.transaction() as tx:
        due = text("select attempts, failed_at from base_outbox where id = :id")
        assert tuple((await tx.db.execute(due, {"id": job["id"]})).one()) == (0, None)


async def test_nobody_else_sees_or_retries_them(api: Api) -> None:
    await api.add("Ed Educator", "educator")
    await fail_jobs(api, 1)

    assert (await api.http.get("/api/v1/jobs/failed")).status_code == 401
    async with api.signed_in("Ed") as http:
        assert (await http.get("/api/v1/jobs/failed")).status_code == 403
        assert (await http.post("/api/v1/jobs/1/retry")).status_code == 403
