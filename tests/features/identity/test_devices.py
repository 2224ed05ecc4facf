"""Where a person is signed in: seen, ended one by one, and told of."""

import httpx
from sqlalchemy import text

from tests.support.api import PASSWORD, Api, email_of

PHONE = "0198c0de-0000-7000-8000-000000000001"
OTHER = "0198c0de-0000-7000-8000-000000000002"


async def token_of(api: Api, device_id: str, name: str = "Amina") -> str:
    body = {"email": email_of(name), "password": PASSWORD, "device_id": device_id, "device_name": "Chrome on Android"}
    return str((await api.http.post("/api/v1/auth/login", json=body)).json()["data"]["access_token"])


async def as_(api: Api, token: str, method: str, path: str) -> httpx.Response:
    return await api.http.request(method, f"/api/v1/auth/{path}", headers={"authorization": f"Bearer {token}"})


async def told(api: Api) -> list[str]:
    async with api.work.database.transaction() as tx:
        return list((await tx.db.execute(text("select kind from notifications_notifications order by id"))).scalars())


async def test_only_a_sign_in_on_another_device_is_told(api: Api) -> None:
    await api.add("Amina Karimova", "student")

    await token_of(api, PHONE)
    await token_of(api, PHONE)
    assert await told(api) == []

    await token_of(api, OTHER)
    assert await told(api) == ["security.new_device"]


async def test_a_session_is_seen_and_ended_from_another_one(api: Api) -> None:
    await api.add("Amina Karimova", "student")
    here, there = await token_of(api, PHONE), await token_of(api, OTHER)

    listed = (await as_(api, here, "GET", "sessions")).json()["data"]
    [other] = [session for session in listed if not session["is_current"]]
    assert (len(listed), other["device_name"]) == (2, "Chrome on Android")
    assert (await as_(api, here, "DELETE", f"sessions/{other['id']}")).status_code == 200

    assert (await as_(api, there, "GET", "me")).status_code == 401
    assert (await as_(api, here, "GET", "me")).status_code == 200


async def test_nobody_ends_somebody_elses_session(api: Api) -> None:
    await api.add("Amina Karimova", "student")
    await api.add("Brian Otieno", "student")
    amina, brian = await token_of(api, PHONE), await token_of(api, OTHER, "Brian")
    [hers] = (await as_(api, amina, "GET", "sessions")).json()["data"]

    refused = await as_(api, brian, "DELETE", f"sessions/{hers['id']}")

    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "record.not_found")
    assert (await as_(api, amina, "GET", "me")).status_code == 200


async def test_a_copied_token_is_told_to_its_owner(api: Api) -> None:
    await api.add("Amina Karimova", "student")
    await token_of(api, PHONE)
    stolen = api.http.cookies["rt"]
    headers = {"x-csrf-token": api.http.cookies["csrf"]}
    for _ in range(2):
        headers["x-csrf-token"] = api.http.cookies["csrf"]
        await api.http.post("/api/v1/auth/refresh", json={"device_id": PHONE}, headers=headers)

    body = {"refresh_token": stolen, "device_id": OTHER}
    assert (await api.http.post("/api/v1/auth/refresh", json=body)).json()["error"]["code"] == "token.reused"

    assert await told(api) == ["security.session_ended"]
