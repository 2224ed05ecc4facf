"""A phone without space, offline, in the middle of a test: what was taken is kept, and what cannot be kept is said."""

import asyncio

import pytest
from playwright.async_api import CDPSession, expect

from tests.e2e.test_browser_killed import answer_one_choice, begin_a_test_offline, chosen_everywhere, expect_answered
from tests.e2e.test_two_people_one_phone import account
from tests.support.browser import Phone, Phones
from tests.support.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(400)]

BALLAST_BYTES = 4 * 1024 * 1024
CLOSED_S = 3  # Chromium asks for the space anew once nobody has had the databases open for two seconds.


class Disk:
    """What the browser grants this origin, through its own debugging port."""

    def __init__(self, phone: Phone, port: CDPSession, origin: str) -> None:
        self._phone = phone
        self._port = port
        self._origin = {"origin": origin}

    @property
    async def usage(self) -> int:
        return int((await self._port.send("Storage.getUsageAndQuota", self._origin))["usage"])

    async def leave(self, spare: int, address: str) -> None:
        """From the next opening on there are `spare` bytes left; a negative number: it is over what it may have."""
        page = self._phone.screen
        await page.goto("about:blank")
        await asyncio.sleep(CLOSED_S)
        quota = await self.usage + spare
        await self._port.send("Storage.overrideQuotaForOrigin", {**self._origin, "quotaSize": quota})
        await page.goto(address)

    async def free(self) -> None:
        await self._port.send("Storage.overrideQuotaForOrigin", self._origin)


async def disk_of(phone: Phone, origin: str) -> Disk:
    assert phone.context is not None
    return Disk(phone, await phone.context.new_cdp_session(phone.screen), origin)


async def test_a_full_phone_keeps_the_next_answer_and_says_when_it_cannot(
    installation: Installation, drawer: Phones
) -> None:
    phone = drawer["full"]
    await phone.open()
    await phone.sign_in(*account(installation, "Brian"))
    await begin_a_test_offline(phone)
    first = await answer_one_choice(phone)
    await expect_answered(phone, 1)
    address = phone.screen.url
    disk = await disk_of(phone, installation.url)
    before = await disk.usage

    # One byte is left: the reserve is given up, and the answer is kept.
    await disk.leave(1, address)
    await expect_answered(phone, 1)
    second = await answer_one_choice(phone)
    await expect_answered(phone, 2)
    assert before - await disk.usage > BALLAST_BYTES / 2

    # No reserve any more: the answer is not taken, and the person is told what to do.
    await disk.leave(-1_000, address)
    await expect_answered(phone, 2)
    await phone.shows("This phone is full. Remove a download to make room.")
    await answer_one_choice(phone)
    await phone.shows("This phone is full. Remove a download, then try again.")
    await expect_answered(phone, 2)
    await expect(phone.screen.get_by_role("radio", checked=True)).to_have_count(0)  # Nothing looks taken that is not.

    # Room again: the same tap is kept now.
    await disk.free()
    third = await answer_one_choice(phone)
    await expect_answered(phone, 3)
    await phone.close()

    await phone.open(address.removeprefix(installation.url), offline=True)
    await expect_answered(phone, 3)
    assert sorted(await chosen_everywhere(phone)) == sorted([first, second, third])
