"""A lesson's content: its limits, and the sieve that keeps it harmless."""

from html.parser import HTMLParser
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.catalog.blocks import (
    BLOCKS_MAX,
    DEPTH_MAX,
    Audio,
    BadContent,
    Block,
    Document,
    Image,
    Math,
    Note,
    Package,
    Paragraph,
    Video,
    decode_blocks,
    encode_blocks,
    files_of,
    words_of,
)
from server.catalog.inline import INLINE_TAGS, MATH_ATTRIBUTES, MATH_TAGS, clean_blocks, clean_inline, clean_math

HOSTILE = [
    "<script>steal()</script>",
    "<img src=x onerror=steal()>",
    '<a href="javascript:steal()">x</a>',
    '<a href="http://plain.example/">x</a>',
    '<a href="//other.example/">x</a>',
    '<a href="https://user@evil.example/">x</a>',
    '<em onclick="steal()" style="color:red" class="x" id="y">x</em>',
    '<math><mtext><style><!--</style><img title="--&gt;&lt;img src=1 onerror=steal()&gt;"></mtext></math>',
    '<math><annotation-xml encoding="text/html"><p><img src=x onerror=steal()></p></annotation-xml></math>',
    '<math><maction actiontype="statusline" xlink:href="javascript:steal()">x</maction></math>',
    '<math href="javascript:steal()"><mi>x</mi></math>',
    "<svg><script>steal()</script></svg>",
    "<iframe srcdoc='<script>steal()</script>'></iframe>",
    "<form action='https://evil.example'><input name=password></form>",
]
PIECES = [
    *HOSTILE,
    "<em>",
    "</em>",
    "<math>",
    "</math>",
    "<mtext>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "'",
    '"',
    ">",
    "&lt;",
]


class Harm(HTMLParser):
    """Finds what must not be there, as a parser sees it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in INLINE_TAGS | MATH_TAGS:
            self.found.append(tag)
        for name, value in attrs:
            is_link = tag == "a" and name == "href" and str(value).startswith("https://")
            if not (is_link or (tag == "a" and name == "rel") or name in MATH_ATTRIBUTES.get(tag, set())):
                self.found.append(f"{tag} {name}={value}")

    def handle_comment(self, data: str) -> None:
        self.found.append(data)


@pytest.mark.parametrize("html", HOSTILE)
def test_the_sieve_lets_no_harm_through(html: str) -> None:
    cleaned = clean_inline(f"before {html} after")

    assert Harm(cleaned).found == []
    assert cleaned.startswith("before")
    assert cleaned.endswith("after")


@given(st.lists(st.sampled_from(PIECES), max_size=12))
def test_what_has_been_through_the_sieve_goes_through_unchanged(pieces: list[str]) -> None:
    once = clean_inline("".join(pieces))

    assert Harm(once).found == []
    assert clean_inline(once) == once


def test_the_sieve_keeps_what_lessons_need() -> None:
    formula = '<math display="block"><mfrac><mi>a</mi><mn>2</mn></mfrac></math>'
    html = f"H<sub>2</sub>O, <strong>m</strong>, <dfn>term</dfn>, {formula}"

    assert clean_inline(html) == html
    assert (
        clean_inline('<a href="https://a.example/b">c</a>')
        == '<a href="https://a.example/b" rel="noopener noreferrer">c</a>'
    )


def test_a_formula_is_one_math_element_or_nothing() -> None:
    assert clean_math("<math><mi>x</mi></math>") == "<math><mi>x</mi></math>"
    assert clean_math("words") == ""
    assert clean_math("<b>x</b>") == ""


def test_blocks_come_back_as_they_went() -> None:
    blocks: list[Block] = [
        Note(kind="tip", title="Hint", blocks=[Paragraph(html="x")]),
        Video(file_id=UUID(int=1), title="A fall", captions=True),
        Audio(file_id=UUID(int=2), title="A bell"),
        Document(file_id=UUID(int=3), title="A scan"),
        Package(package_id=UUID(int=4), title="A quiz from elsewhere"),
        Math(mathml="", alt="x squared", latex="x^2"),
    ]

    assert decode_blocks(encode_blocks(blocks)) == blocks
    assert clean_blocks(blocks) == blocks


def test_the_files_of_a_lesson_are_those_of_all_its_blocks_each_once() -> None:
    picture = Image(file_id=UUID(int=1), alt="A fall", width=480, height=270)
    film = Video(file_id=UUID(int=2), title="A fall", captions_ids=[UUID(int=6), UUID(int=7)])
    sound = Audio(file_id=UUID(int=3), title="A bell")
    scan, quiz = Document(file_id=UUID(int=4), title="A scan"), Package(package_id=UUID(int=5), title="A quiz")

    found = files_of([Note(kind="info", blocks=[film, picture]), sound, picture, scan, quiz, Paragraph(html="x")])

    assert [id_.int for id_ in found] == [2, 6, 7, 1, 3, 4, 5]


@pytest.mark.parametrize(
    "content",
    [
        b"{}",
        b'[{"type":"play"}]',
        b'[{"type":"video","file_id":"00000000-0000-0000-0000-000000000001","title":""}]',
        b'[{"type":"paragraph","html":"x","onclick":"steal()"}]',
        b'[{"type":"heading","level":1,"text":"x","id":"x"}]',
        b'[{"type":"heading","level":2,"text":"x","id":"<b>"}]',
        b'[{"type":"table","rows":[]}]',
        b"[" * 100_000,
        b"\xff\xfe",
        b'[{"type":"paragraph","html":"' + b"x" * 20_001 + b'"}]',
    ],
    ids=[
        "no list",
        "unknown type",
        "film without a title",
        "unknown field",
        "title's level",
        "odd id",
        "empty table",
        "deep",
        "no text",
        "long",
    ],
)
def test_content_outside_the_format_is_refused_by_name(content: bytes) -> None:
    with pytest.raises(BadContent):
        decode_blocks(content)


def test_too_many_blocks_and_too_deep_ones_are_refused() -> None:
    with pytest.raises(BadContent, match="blocks"):
        encode_blocks([Paragraph(html="x")] * (BLOCKS_MAX + 1))
    nested = Paragraph(html="x")
    deep = msgspec.structs.replace(Note(kind="info", blocks=[nested]))
    for _ in range(DEPTH_MAX):
        deep = Note(kind="info", blocks=[deep])
    with pytest.raises(BadContent, match="deeper"):
        encode_blocks([deep])


def test_written_blocks_go_through_the_sieve_at_every_depth() -> None:
    block = Note(kind="info", blocks=[Paragraph(html="a<script>b</script>")])

    assert clean_blocks([block]) == [Note(kind="info", blocks=[Paragraph(html="a")])]
    assert words_of([block]) == 1
