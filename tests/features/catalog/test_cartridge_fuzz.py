"""Goal: whatever the bytes, a cartridge is a plan or a refusal with a name, soon.

Method: damage good cartridges (a byte in the zip, a piece of a page, a piece of the manifest) and read them.
"""

import io
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.base.errors import Invalid
from server.catalog.blocks import encode_blocks
from server.catalog.cartridge import Plan, read_cartridge
from tests.support.cartridges import cartridge, manifest, page, picture

READ_S_MAX = 10.0  # Of the processor: a busy machine says nothing.

PIECES = [
    "<p>",
    "</p>",
    "<div>",
    "</div>",
    "<ul><li>",
    "</li></ul>",
    "<ol>",
    "<table><tr><td>",
    "</td></tr></table>",
    "<th colspan='999'>",
    "<math>",
    "</math>",
    "<mfrac><mi>a</mi>",
    "<math><mtext><p>x</p></mtext></math>",
    "<aside><h3>T</h3>",
    "</aside>",
    "<details>",
    "<summary>S</summary>",
    "<figure>",
    "<figcaption>",
    "</figure>",
    "<img src='p.png'>",
    "<img src='../../x'>",
    "<img>",
    "<img src='data:x'>",
    "<h1>A</h1>",
    "<h6>",
    "<dl><dt>t<dd>d</dl>",
    "<dd><img src='p.png'></dd>",
    "<pre>",
    "<blockquote>",
    "<span><h4>z</h4></span>",
    "<svg>",
    "<iframe src='https://a.example'>",
    "<script>",
    "</script>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?pi",
    "&nbsp;",
    "&unknown;",
    "&#0;",
    "&#xD800;",
    "\x00",
    "\ufffe",
    "words ",
    "<a href='https://a.example'>",
    "<a href='\x01'>",
    "</a>",
    "<br/>",
    "<a:b c:d='e'>",
    "<p/>",
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "c.imscc"


def outcome(place: Path, content: bytes) -> Plan | str:
    place.write_bytes(content)
    started = time.process_time()
    try:
        plan = read_cartridge(place)
    except Invalid as refusal:
        return refusal.code
    assert time.process_time() - started < READ_S_MAX
    for section in plan.sections:
        for lesson in section.lessons:
            assert encode_blocks(lesson.blocks)
    return plan


@given(pieces=st.lists(st.sampled_from(PIECES), max_size=60))
def test_any_page_becomes_blocks_or_a_line_in_the_report(place: Path, pieces: list[str]) -> None:
    content = cartridge({"a.html": page("".join(pieces)), "good.html": page("<p>fine</p>")}, {"p.png": picture()})

    found = outcome(place, content)

    assert isinstance(found, Plan)
    assert {item.item for item in found.items} >= {"i1", "i2"}


@given(text=st.text(max_size=300))
def test_any_text_is_read(place: Path, text: str) -> None:
    content = text.encode("utf-8", errors="surrogatepass")

    assert isinstance(outcome(place, cartridge({"a.html": content, "good.html": page("<p>fine</p>")})), Plan)


@given(data=st.data())
def test_any_damage_to_the_manifest_is_a_plan_or_a_refusal(place: Path, data: st.DataObject) -> None:
    good = manifest(["a.html"])
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, min(len(good), start + 60)))
    put = data.draw(
        st.sampled_from(["", "<", "&", "\x00", "<item>", "</item>", '"', "<title>", "<item identifier='x'/>"])
    )

    outcome(place, cartridge({"a.html": page("<p>x</p>")}, manifest_text=good[:start] + put + good[end:]))


@given(data=st.data())
def test_any_damage_to_the_zip_is_a_plan_or_a_refusal(place: Path, data: st.DataObject) -> None:
    content = bytearray(cartridge({"a.html": page("<p>x</p>"), "b.html": page("<p>y</p>")}, {"p.png": picture()}))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)) | st.just(len(content)))

    outcome(place, bytes(content[:cut]))


def test_a_page_of_many_thousand_elements_is_read_in_a_moment(place: Path) -> None:
    rows = "<tr>" + "<td>1</td>" * 20 + "</tr>"
    found = outcome(
        place, cartridge({"a.html": page(f"<table>{rows * 2_000}</table>"), "b.html": page("<p>x</p>" * 20_000)})
    )

    assert isinstance(found, Plan)
    assert [(item.item, item.state) for item in found.items] == [("i1", "ok"), ("i2", "failed")]
    assert found.items[1].reasons[0].code == "content.invalid"  # More blocks than a lesson may have.


def test_a_zip_with_rubbish_before_and_after_is_still_read(place: Path) -> None:
    body = io.BytesIO(b"rubbish" + cartridge({"a.html": page("<p>x</p>")}))
    assert zipfile.is_zipfile(body)

    assert isinstance(outcome(place, body.getvalue()), Plan)
