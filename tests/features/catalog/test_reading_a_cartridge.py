"""What a page of a cartridge becomes, and what is said of the rest."""

from pathlib import Path

import msgspec
import pytest

from server.base.import_report import ReportItem
from server.catalog.blocks import Block, Heading, Image, Math, Note, Paragraph, encode_blocks, walk
from server.catalog.cartridge import Plan, read_cartridge
from server.catalog.cartridge.manifest import licence_of
from tests.support.cartridges import cartridge, manifest, page, picture

REAL = Path(__file__).resolve().parents[4] / "shared" / "content" / "physics-motion.imscc"


@pytest.fixture
def read(tmp_path: Path):
    def run(content: bytes) -> Plan:
        path = tmp_path / "course.imscc"
        path.write_bytes(content)
        return read_cartridge(path)

    return run


def wire(blocks: list[Block]) -> list[dict[str, object]]:
    return msgspec.json.decode(encode_blocks(blocks))


def blocks_of(read, body: str, files: dict[str, bytes] | None = None) -> list[dict[str, object]]:
    plan = read(cartridge({"pages/one.html": page(body)}, files))
    return wire(plan.sections[0].lessons[0].blocks)


def item(plan: Plan, identifier: str) -> ReportItem:
    return next(found for found in plan.items if found.item == identifier)


@pytest.mark.skipif(not REAL.exists(), reason="the real course material does not lie beside the checkout")
def test_a_real_textbook_unit_comes_along_whole() -> None:
    plan = read_cartridge(REAL)

    assert (plan.title, plan.licence, plan.language) == ("Physics", "CC BY 4.0", "en")
    assert [len(section.lessons) for section in plan.sections] == [5, 3, 5]
    assert len(plan.images) == 61
    assert {found.state for found in plan.items} == {"ok"}
    kinds = [block for section in plan.sections for lesson in section.lessons for block, _ in walk(lesson.blocks)]
    assert sum(isinstance(block, Math) for block in kinds) > 50
    written = b"".join(encode_blocks(lesson.blocks) for section in plan.sections for lesson in section.lessons)
    assert written.count(b"<math") == 188  # As many as the file has.
    assert sum(isinstance(block, Image) for block in kinds) == 68
    assert sum(isinstance(block, Note) and block.folded for block in kinds) == 18


def test_a_page_becomes_blocks_in_reading_order(read) -> None:
    found = blocks_of(
        read,
        "<h1>Lesson 1</h1><h3>Motion</h3><p>A <b>bold</b> word, H<sub>2</sub>O.</p>"
        "<ul><li>one</li><li>two<ol><li>deeper</li></ol></li></ul><pre>x = 1\n "
        " y</pre><blockquote><p>said</p></blockquote>",
    )

    assert found == [
        {"type": "heading", "level": 2, "text": "Motion", "id": "motion"},
        {"type": "paragraph", "html": "A <strong>bold</strong> word, H<sub>2</sub>O."},
        {
            "type": "list",
            "ordered": False,
            "items": [
                {"html": "one"},
                {"html": "two", "blocks": [{"type": "list", "ordered": True, "items": [{"html": "deeper"}]}]},
            ],
        },
        {"type": "code", "text": "x = 1\n  y"},
        {"type": "quote", "blocks": [{"type": "paragraph", "html": "said"}]},
    ]


def test_a_formula_alone_is_a_block_and_one_among_words_stays_there(read) -> None:
    formula = '<math xmlns="http://www.w3.org/1998/Math/MathML" xmlns="x"><mfrac><mi>d</mi><mi>t</mi></mfrac></math>'

    alone, among = blocks_of(read, f"<div> {formula} .</div><p>so {formula} it is</p>")

    assert alone == {"type": "math", "mathml": "<math><mfrac><mi>d</mi><mi>t</mi></mfrac></math>", "alt": "d / t"}
    assert among == {"type": "paragraph", "html": "so <math><mfrac><mi>d</mi><mi>t</mi></mfrac></math> it is"}


def test_boxes_keep_their_titles_and_solutions_start_folded(read) -> None:
    found = blocks_of(
        read,
        "<aside><h3>Teacher Support</h3><p>For you.</p></aside><details><summary>Solution</summary><p>42</p></details>"
        "<aside><p>By the way.</p></aside>",
    )

    assert [(box["kind"], box.get("title", ""), box.get("folded", False)) for box in found] == [
        ("teacher", "Teacher Support", False),
        ("solution", "Solution", True),
        ("info", "", False),
    ]


def test_a_table_keeps_its_head_its_caption_and_its_merged_cells(read) -> None:
    [table] = blocks_of(
        read,
        "<table><caption>Units</caption><tr><th>what</th><th>unit</th></tr><tr><td colspan='2'>length"
        " <em>l</em></td></tr></table>",
    )

    assert table == {
        "type": "table",
        "caption": "Units",
        "head": [[{"html": "what"}, {"html": "unit"}]],
        "rows": [[{"html": "length <em>l</em>", "across": 2}]],
    }


def test_images_are_found_however_their_place_is_written(read) -> None:
    plan = read(
        cartridge(
            {
                "pages/one.html": page(
                    '<img src="../media/a%20b.png" alt="one"/><figure><img src="$IMS-CC-FILEBASE$/c.png?x=1"/>'
                    "<figcaption>See <em>this</em></figcaption></figure>"
                )
            },
            {"media/a b.png": picture(), "web_resources/c.png": picture()},
        )
    )

    assert plan.images == ["media/a b.png", "web_resources/c.png"]
    one, two = plan.sections[0].lessons[0].blocks
    assert isinstance(one, Image)
    assert isinstance(two, Image)
    assert (one.alt, two.caption) == ("one", "See <em>this</em>")


def test_what_a_phone_cannot_show_is_named_in_the_report(read) -> None:
    plan = read(
        cartridge(
            {
                "one.html": page(
                    '<p>a</p><script>steal()</script><img src="gone.png" alt="A cat"/><img src="https://x.example/y.png"/>'
                    '<iframe src="https://www.youtube.com/embed/1" title="A film"></iframe><a href="http://old.example/">old</a>'
                ),
                "two.html": page("<p>fine</p>"),
            }
        )
    )

    assert item(plan, "i1").state == "partial"
    assert {reason.code for reason in item(plan, "i1").reasons} == {
        "script.removed",
        "image.missing",
        "image.remote",
        "content.unsupported",
        "link.not_https",
    }
    assert item(plan, "i2").state == "ok"
    assert Paragraph(html="<em>A cat</em>") in plan.sections[0].lessons[0].blocks


def test_items_of_other_kinds_are_left_out_with_the_reason(read) -> None:
    items = "".join(
        f'<item identifier="x{kind}" identifierref="{kind}"><title>{kind}</title></item>'
        for kind in ("d", "t", "f", "gone")
    )
    resources = (
        '<resource identifier="d" type="imsdt_xmlv1p3"><file href="d.xml"/></resource>'
        '<resource identifier="t" type="imsbasiclti_xmlv1p3"><file href="t.xml"/></resource>'
        '<resource identifier="f" type="webcontent" href="f.docx"><file href="f.docx"/></resource>'
    )
    plan = read(
        cartridge(
            {"one.html": page("<p>fine</p>")},
            {"f.docx": b"PK"},
            manifest_text=manifest(["one.html"], extra_items=items, extra_resources=resources),
        )
    )

    told = {found.item: found.reasons[0].code for found in plan.items if found.state == "skipped"}
    assert told == {
        "xd": "discussion.unsupported",
        "xt": "tool.unsupported",
        "xf": "file.unsupported",
        "xgone": "item.no_resource",
    }


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "page.empty"),
        (b'<!DOCTYPE html [<!ENTITY x "y">]><html><body>&x;</body></html>', "page.entities"),
        (b"<div>" * 3_000, "page.too_large"),
        (page("<p></p>").encode(), "page.empty"),
    ],
    ids=["nothing", "entities of its own", "deep", "no words"],
)
def test_a_page_that_cannot_be_read_costs_itself_alone(read, content: bytes, code: str) -> None:
    plan = read(cartridge({"bad.html": content, "good.html": page("<p>fine</p>")}))

    assert [lesson.title for lesson in plan.sections[0].lessons] == ["Lesson 2"]
    assert item(plan, "i1").reasons[0].code == code


def test_broken_markup_and_wrong_letters_are_mended_and_said(read) -> None:
    plan = read(
        cartridge({"a.html": "<html><body><p>a<b>c</p><div>d", "b.html": page("<p>café</p>").encode("latin-1")})
    )

    assert [item(plan, name).state for name in ("i1", "i2")] == ["partial", "partial"]
    assert {reason.code for name in ("i1", "i2") for reason in item(plan, name).reasons} == {"page.mended"}


def test_a_page_in_the_encoding_it_names_is_read_in_it(read) -> None:
    content = '<?xml version="1.0" encoding="windows-1251"?>' + page("<p>Привет&nbsp;мир</p>")

    plan = read(cartridge({"a.html": content.encode("windows-1251")}))

    assert plan.sections[0].lessons[0].blocks == [Paragraph(html="Привет&nbsp;мир")]


def test_headings_are_renumbered_and_those_over_nothing_left_out(read) -> None:
    plan = read(
        cartridge(
            {"a.html": page("<h2>A</h2><h4>B</h4><p>x</p><h4>Empty</h4><h2>C</h2><h6>D</h6><p>y</p><h2>End</h2>")}
        )
    )

    headings = [block for block in plan.sections[0].lessons[0].blocks if isinstance(block, Heading)]
    assert [(heading.text, heading.level) for heading in headings] == [("A", 2), ("B", 3), ("C", 2), ("D", 4)]


def test_files_that_no_lesson_shows_are_named(read) -> None:
    resources = '<resource identifier="f1" type="webcontent" href="x.png"><file href="x.png"/></resource>'
    plan = read(
        cartridge(
            {"a.html": page("<p>x</p>")},
            {"x.png": picture()},
            manifest_text=manifest(["a.html"], extra_resources=resources),
        )
    )

    assert item(plan, "f1").reasons[0].code == "image.not_used"
    assert plan.images == []


@pytest.mark.parametrize(
    ("rights", "licence"),
    [
        ("OpenStax, Creative Commons Attribution 4.0", "CC BY 4.0"),
        ("Creative Commons Attribution-NonCommercial-ShareAlike 3.0", "CC BY-NC-SA 3.0"),
        ("https://creativecommons.org/licenses/by-sa/4.0/", "CC BY-SA 4.0"),
        ("CC BY-NC 2.0", "CC BY-NC 2.0"),
        ("CC0, no rights reserved", "CC0 1.0"),
        ("All rights reserved", ""),
    ],
)
def test_a_licence_is_shown_by_its_short_name(rights: str, licence: str) -> None:
    assert licence_of(rights) == licence


def test_an_apostrophe_kept_as_a_control_character_of_windows_is_an_apostrophe(read) -> None:
    blocks = blocks_of(read, "<p>The father\x92s speed \x96 and his daughter&#146;s</p>")

    assert blocks[0]["html"] == "The father’s speed – and his daughter’s"


def test_films_sound_and_papers_of_the_zip_stand_in_their_lessons(read) -> None:
    body = (
        '<p>See <a href="$IMS-CC-FILEBASE$/notes%20one.pdf?canvas_download=1">the notes</a> first.</p>'
        '<video controls="" title="The fall"><source src="fall.mp4" type="video/mp4"/>'
        '<track src="fall.en.vtt" kind="captions"/></video>'
        '<p>Again: <a href="web_resources/notes one.pdf">notes</a></p><audio src="voice.mp3"></audio>'
        '<iframe src="https://films.example/embed/1" title="Elsewhere"></iframe><audio src="gone.mp3"></audio>'
    )
    files = dict.fromkeys(("web_resources/notes one.pdf", "fall.mp4", "fall.en.vtt", "voice.mp3", "talk.mp4"), b"x")
    items = '<item identifier="x" identifierref="r-x"><title>The talk</title></item>'
    resources = '<resource identifier="r-x" type="webcontent" href="talk.mp4"><file href="talk.mp4"/></resource>'
    told = manifest(["one.html"], extra_items=items, extra_resources=resources)
    plan = read(cartridge({"one.html": page(body)}, files, manifest_text=told))

    first, talk = plan.sections[0].lessons
    shown = [(type(block).__name__, block.title) for block in first.blocks if hasattr(block, "file_id")]
    assert shown == [("Document", "the notes"), ("Video", "The fall"), ("Audio", "voice.mp3")]
    assert [type(block).__name__ for block in talk.blocks] == ["Video"]
    assert plan.files == ["web_resources/notes one.pdf", "fall.mp4", "fall.en.vtt", "voice.mp3", "talk.mp4"]
    [about] = [item for item in plan.items if item.kind == "page"]
    assert [reason.code for reason in about.reasons] == ["content.unsupported", "content.unsupported"]
    assert "gone.mp3" in about.reasons[1].message


def test_pages_and_quizzes_that_canvas_keeps_outside_its_modules_come_last(read) -> None:
    quiz = '<resource identifier="q" type="imsqti_xmlv1p2/imscc_xmlv1p1/assessment"><file href="q/assessment_qti.xml"/>'
    resources = (
        '<resource identifier="w" type="webcontent" href="wiki_content/extra.html"/>'
        f"{quiz}</resource>"
        '<resource identifier="s" type="associatedcontent/x" href="course_settings/canvas_export.txt"/>'
        '<resource identifier="m" type="associatedcontent/x" href="q/assessment_meta.xml"/>'
    )
    files = {
        "wiki_content/extra.html": page("<p>More</p>", title="Extra").encode(),
        "q/assessment_qti.xml": b"<questestinterop/>",
        "non_cc_assessments/q.xml.qti": b"<questestinterop><item/></questestinterop>",
        "course_settings/canvas_export.txt": b"x",
    }
    told = manifest(["one.html"], extra_resources=resources)
    plan = read(cartridge({"one.html": page("<p>x</p>")}, files, manifest_text=told))

    *_, more = plan.sections
    assert [lesson.title for lesson in more.lessons] == ["Extra"]
    assert (
        more.quizzes[0].content == files["non_cc_assessments/q.xml.qti"]
    )  # The whole one, not what a cartridge may say.
    [left] = [item for item in plan.items if item.state == "skipped"]
    assert left.reasons[0].message.startswith("2 files hold settings")


def test_namespaces_that_are_none_spoil_no_manifest_and_no_link(read) -> None:
    told = manifest(["one.html"]).replace("xmlns:lom=", 'xmlns:xsi="http: //www.w3.org/2001/x" xmlns:lom=')
    plan = read(cartridge({"one.html": page("<p>x</p>")}, manifest_text=told))
    assert plan.title == "Small course"
