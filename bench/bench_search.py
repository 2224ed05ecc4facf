"""Searching the catalogue and the library over HTTP: words as they are, half typed, in Cyrillic, with slips.

Method: 10,000 and 100,000 courses and items of 24 words each, from a vocabulary of 50,000, often and rare (Zipf);
one in five of them shows a paper of 200 more words;
180 questions of one or two words, one after another. The floor is the first page of the list without a question.
"""

import itertools
import random
import time

import httpx
import psycopg

from bench.api import add_people, api, opened, settings_of
from bench.figures import Figure, Servers, share
from server.base.search import gather_words
from server.settings import Settings

SIZES = {10_000: 50, 100_000: 100}  # items: the goal for the 95th part, ms
VOCABULARY = 50_000
QUESTIONS = 180
PAPER_WORDS = 200
FLOORS = 40
PEOPLE = 8  # A person may ask a hundred times a minute.
SYLLABLES = (
    "ba",
    "da",
    "fi",
    "ga",
    "ki",
    "la",
    "ma",
    "no",
    "pe",
    "ri",
    "so",
    "tu",
    "va",
    "yo",
    "zi",
    "sha",
    "chi",
    "qo",
)
TO_CYRILLIC = str.maketrans("abdfghiklmnopqrstuvyz", "абдфгҳиклмнопқрстувйз")


async def measure(servers: Servers) -> list[Figure]:
    found: list[Figure] = []
    for size, goal in SIZES.items():
        with settings_of(servers, servers.new_database()) as settings:
            people = await add_people(settings, PEOPLE)
            words = _words(random.Random(7))
            _lay(settings, words, size)
            await _gather(settings)
            with api(settings) as port:
                async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
                    found += await _ask(Asking(client, [person.token for person in people]), words, size, goal)
    return found


class Asking:
    """People who ask in turn."""

    def __init__(self, client: httpx.AsyncClient, tokens: list[str]) -> None:
        self._client = client
        self._turn = itertools.cycle(tokens)

    async def time(self, path: str, params: dict[str, str]) -> float:
        """In milliseconds."""
        headers = {"authorization": f"Bearer {next(self._turn)}"}
        begun = time.perf_counter()
        answer = await self._client.get(path, params=params, headers=headers)
        spent = (time.perf_counter() - begun) * 1000
        assert answer.status_code == 200, answer.text
        return spent


async def _ask(asking: Asking, words: list[str], size: int, goal: int) -> list[Figure]:
    chance = random.Random(11)
    figures = []
    for path, noun in (("/api/v1/courses", "courses"), ("/api/v1/library", "items")):
        spent: dict[str, list[float]] = {}
        floor = []
        for n in range(QUESTIONS):
            kind, question = _question(chance, words, n)
            spent.setdefault(kind, []).append(await asking.time(path, {"search": question}))
            if n < FLOORS:
                floor.append(await asking.time(path, {}))
        every = [value for values in spent.values() for value in values]
        ours = share(every, 0.95)
        name = f"a question among {size:,} {noun}, the 95th part"
        figures.append(
            Figure(name, ours, "ms", share(floor, 0.95), "the list without one", f"< {goal} ms", holds=ours < goal)
        )
        worst = max(spent, key=lambda kind: share(spent[kind], 0.95))
        figures.append(Figure(f"the same, {worst} (the slowest kind)", share(spent[worst], 0.95), "ms"))
    return figures


def _question(chance: random.Random, words: list[str], n: int) -> tuple[str, str]:
    rank = min(int(chance.paretovariate(0.8)), len(words) - 1)
    word, other = words[rank], words[chance.randrange(200)]
    match n % 6:
        case 0:
            return "one word", word
        case 1:
            return "two words", f"{word} {other}"
        case 2:
            return "half a word", word[: max(3, len(word) - 2)]
        case 3:
            return "in Cyrillic", word.translate(TO_CYRILLIC)
        case 4:
            return "one slip", _slip(chance, word)
        case _:
            return "two slips", _slip(chance, _slip(chance, word))


def _slip(chance: random.Random, word: str) -> str:
    place = chance.randrange(len(word) - 1)
    match chance.randrange(3):
        case 0:
            return word[:place] + word[place + 1 :]
        case 1:
            return word[:place] + chance.choice("aeioubdk") + word[place + 1 :]
        case _:
            return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def _words(chance: random.Random) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < VOCABULARY:
        found["".join(chance.choice(SYLLABLES) for _ in range(chance.randint(2, 5)))] = None
    return list(found)


def _lay(settings: Settings, words: list[str], size: int) -> None:
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute("create temporary table word (rank int primary key, word text)")
        with connection.cursor() as cursor, cursor.copy("copy word from stdin") as copy:
            for rank, word in enumerate(words):
                copy.write_row((rank, word))
        connection.execute("select setseed(0.5)")
        connection.execute(
            """
            create temporary table item as
            select n, uuidv7() as id, string_agg(w.word, ' ' order by k) as words
            from generate_series(1, %s) n cross join generate_series(1, 24) k
            join lateral (select least(power(random() + n * 0 + k * 0, -1.25)::int - 1, %s) as rank) r on true
            join word w on w.rank = greatest(r.rank, 0) group by n
            """,
            [size, VOCABULARY - 1],
        )
        connection.execute(
            "insert into catalog_courses (id, slug, title, description, language, created_by_id, status, published_at)"
            " select id, 'course-' || n, left(words, 60), words, 'uz', id, 'published', now() - n * interval '1 s'"
            " from item"
        )
        for table, more in (("library_items", "'published'"), ("library_shelf", "now() - n * interval '1 s'")):
            column = "status" if table == "library_items" else "published_at"
            connection.execute(
                f"insert into {table} (id, educator_id, educator_name, title, description, kind, language, subject_id,"
                f" licence, files, {column}) select id, id, 'Oybek R.', left(words, 60), words, 'book', 'uz',"
                f" (select id from catalog_subjects limit 1), 'CC BY 4.0', '[]', {more} from item"
            )
        _lay_papers(connection)
        connection.execute("vacuum analyze")


def _lay_papers(connection: psycopg.Connection) -> None:
    connection.execute("create temporary table paper as select id, uuidv7() as file_id from item where n %% 5 = 0", [])
    connection.execute(
        "insert into media_files (id, owner_id, sha256, mime, bytes, variants, kind)"
        " select file_id, file_id, encode(sha256(uuid_send(file_id)), 'hex'), 'application/pdf', 1, '[]', 'document'"
        " from paper"
    )
    connection.execute(
        """
        insert into media_texts (file_id, text)
        select p.file_id, string_agg(w.word, ' ')
        from paper p cross join generate_series(1, %s) k
        join lateral (select least(power(random() + k * 0, -1.25), %s)::int - 1 as rank where p.id is not null) r
        on true join word w on w.rank = greatest(r.rank, 0) group by p.file_id
        """,
        [PAPER_WORDS, VOCABULARY],
    )
    for column in ("course_id", "item_id"):
        connection.execute(
            f"insert into media_uses (id, file_id, {column}, published_at) select uuidv7(), file_id, id, now()"
            " from paper"
        )


async def _gather(settings: Settings) -> None:
    async with opened(settings) as work:
        left = 1
        while left:
            async with work.database.transaction() as tx:
                await gather_words(tx)
            with psycopg.connect(settings.database_url) as connection:
                left = connection.execute("select count(*) from search_seen").fetchone()[0]  # type: ignore[index]
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute("vacuum analyze")
