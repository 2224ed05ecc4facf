"""A link that dies every 5 KB: how many bytes more come down than over one that holds.

Method: two phones of one person fill 2,000 rows of about 450 bytes, packed with zstd, in pages that grow and shrink as
a phone's do. One link is fair, the other is cut whenever 5,000 bytes have come down on it, heads counted. Of what is
more, about two fifths are heads (290 bytes a connection); the rest came after the last mark, and comes again. Marks
three times as dense would take a third of it away, and cost every fair link 7 %.
"""

import httpx
import psycopg

from bench import sample_rows
from bench.api import Person, add_people, api, settings_of
from bench.figures import Figure, Servers
from tests.support.afar import Afar
from tests.support.phone import Phone
from tests.support.proxy import FAIR, Fate, proxy_to

ROWS = 2_000
LINK_BYTES = 5_000
MORE_MAX = 0.10

_ROWS = """
insert into bench_rows (id, course_id, title, words)
select gen_random_uuid(), %(owner)s, 'row ' || n,
       (select string_agg(md5((n * 31 + k)::text), ' ') from generate_series(1, 10) k)
from generate_series(1, %(rows)s::int) n
"""


async def measure(servers: Servers) -> list[Figure]:
    url = servers.new_database()
    sample_rows.prepare(url, 1_000)
    with settings_of(servers, url) as settings, psycopg.connect(url, autocommit=True) as connection:
        [person] = await add_people(settings, 1)
        connection.execute(_ROWS, {"owner": person.user_id, "rows": ROWS})
        sample_rows.publish(connection)
        with api(settings) as port:
            fair, _ = await _fill(port, person, FAIR)
            cut, again = await _fill(port, person, Fate(down_max=LINK_BYTES))
    more = cut / fair - 1
    return [
        Figure(
            f"link cut every 5 KB, {ROWS:,} rows: bytes down ({100 * more:.1f} % more)",
            cut / 1000,
            "kB",
            fair / 1000,
            "over a link that holds",
            f"≤ {MORE_MAX:.0%} more",
            holds=more <= MORE_MAX,
        ),
        Figure("rows sent again that stood above a stored mark", again, "", goal="0", holds=again == 0),
    ]


async def _fill(port: int, person: Person, fate: Fate) -> tuple[int, int]:
    """(bytes down, rows sent again) until a new phone holds everything."""
    async with proxy_to(f"http://127.0.0.1:{port}") as proxy, httpx.AsyncClient(base_url=proxy.url) as client:
        proxy.fate_of = lambda _: fate
        there = Afar(Phone(client), proxy, f"Bearer {person.token}", packing="zstd", bytes_wanted=8_192, paces=True)
        await there.sync()
        assert len(there.phone.all(sample_rows.ROWS.name)) == ROWS
        return proxy.bytes_down, there.again
