"""Files that mean harm, or are broken: refused by name, quickly, and nothing outside is ever read."""

from pathlib import Path

import pytest

from server.assessments.interchange import ReadKind, read_questions
from server.assessments.interchange.refusals import BYTES_MAX, PICTURED_BYTES_MAX, QUESTIONS_MAX
from server.base.errors import AppError

XML: tuple[ReadKind, ...] = ("moodle_xml", "qti12", "qti")
ALL: tuple[ReadKind, ...] = ("gift", "aiken", "csv", *XML, "spark")
ROOTS = {"moodle_xml": "quiz", "qti12": "questestinterop", "qti": "assessmentItem"}


def code_of(kind: ReadKind, content: bytes) -> str:
    with pytest.raises(AppError) as refused:
        read_questions(kind, content)
    return refused.value.code


@pytest.mark.parametrize("kind", XML)
def test_an_entity_that_names_a_file_is_refused_unread(kind: ReadKind, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hush")
    root = ROOTS[kind]
    content = f'<!DOCTYPE {root} [<!ENTITY x SYSTEM "{secret.as_uri()}">]><{root}>&x;</{root}>'

    assert code_of(kind, content.encode()) == "questions.entities"


@pytest.mark.parametrize("kind", XML)
def test_a_billion_laughs_are_refused_before_the_first(kind: ReadKind) -> None:
    laughs = '<!ENTITY l0 "ha">' + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    content = f"<!DOCTYPE q [{laughs}]><{ROOTS[kind]}>&l11;</{ROOTS[kind]}>"

    assert code_of(kind, content.encode()) == "questions.entities"


@pytest.mark.parametrize("kind", XML)
def test_a_parameter_entity_fetches_nothing(kind: ReadKind) -> None:
    content = f'<!DOCTYPE q [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x.dtd"> %p;]><{ROOTS[kind]}/>'

    assert code_of(kind, content.encode()) == "questions.entities"


def test_the_name_of_a_dtd_is_harmless_for_old_tools_write_it() -> None:
    content = b'<!DOCTYPE questestinterop SYSTEM "ims_qtiasiv1p2p1.dtd"><questestinterop/>'

    assert read_questions("qti12", content).entries == ()


@pytest.mark.parametrize("kind", XML)
def test_a_well_without_a_bottom_is_refused(kind: ReadKind) -> None:
    content = b"<a>" * 100_000

    assert code_of(kind, content) == "questions.format"


@pytest.mark.parametrize("kind", XML)
@pytest.mark.parametrize("content", [b"", b"<", b"hello", b"<a></b>", b"<other/>", b"\x00\x01\x02", b"<a>&nbsp;</a>"])
def test_what_is_no_such_xml_is_refused_by_name(kind: ReadKind, content: bytes) -> None:
    assert code_of(kind, content) in {"questions.format", "questions.entities"}


@pytest.mark.parametrize("kind", ["gift", "aiken", "csv"])
@pytest.mark.parametrize("content", [b"caf\xe9 {T}", b"\x00\x01", b"\xff\xfe\x00\xd8", "Ж".encode("cp1251")])
def test_text_that_is_not_utf_8_is_refused(kind: ReadKind, content: bytes) -> None:
    assert code_of(kind, content) == "questions.encoding"


def test_an_xml_file_in_the_encoding_that_it_names_is_read_and_another_one_refused() -> None:
    words = "<quiz><question type='truefalse'><name><text>Лёд</text></name></question></quiz>"
    told = '<?xml version="1.0" encoding="windows-1251"?>' + words

    assert read_questions("moodle_xml", told.encode("cp1251")).entries[0].title == "Лёд"
    assert code_of("moodle_xml", words.encode("cp1251")) in {"questions.encoding", "questions.format"}


@pytest.mark.parametrize("kind", ALL)
def test_more_bytes_than_one_import_takes_are_refused(kind: ReadKind) -> None:
    most = PICTURED_BYTES_MAX if kind == "moodle_xml" else BYTES_MAX
    assert code_of(kind, b" " * (most + 1)) == "questions.too_large"


@pytest.mark.parametrize(
    ("kind", "head", "one", "tail"),
    [
        ("gift", "", "Q {T}\n\n", ""),
        ("aiken", "", "Q\nA. x\nB. y\nANSWER: A\n", ""),
        ("csv", "kind,prompt,right\n", "true_false,Q,true\n", ""),
        ("moodle_xml", "<quiz>", "<question type='essay'/>", "</quiz>"),
        ("qti12", "<questestinterop>", "<item/>", "</questestinterop>"),
        ("spark", '{"format":"spark-questions/1","questions":[', "{},", "{}]}"),
    ],
)
def test_a_hundred_thousand_questions_are_refused(kind: ReadKind, head: str, one: str, tail: str) -> None:
    assert code_of(kind, (head + one * 100_000 + tail).encode()) == "questions.too_large"
    assert len(read_questions(kind, (head + one * (QUESTIONS_MAX - 1) + tail).encode()).entries) >= QUESTIONS_MAX - 1


def test_a_section_that_names_itself_ends() -> None:
    named = b'<assessmentSectionRef href="t.xml"/>'
    section = b'<assessmentTest title="t">' + named + named + b"</assessmentTest>"

    assert read_questions("qti", section, files={"t.xml": section}.get).entries == ()


def test_a_quote_that_never_ends_costs_the_table_and_says_where() -> None:
    assert code_of("csv", b'kind,prompt\nmcq,"never ends\n') == "questions.format"
    assert code_of("csv", b"name,age\nx,1\n") == "questions.format"
    assert code_of("csv", b"kind,prompt\nessay," + b"x" * 200_000) == "questions.format"


@pytest.mark.parametrize("kind", ["gift", "aiken", "csv", "moodle_xml"])
def test_texts_and_answers_without_end_are_their_questions_fault(kind: ReadKind) -> None:
    long = "x" * 11_000
    many = {
        "gift": f"{long} {{T}}\n\nQ {{{'=a ' * 60}}}",
        "aiken": f"{long}\nA. x\nB. y\nANSWER: A",
        "csv": f"kind,prompt,right\ntrue_false,{long},true\n",
        "moodle_xml": f"<quiz><question type='truefalse'><questiontext><text>{long}</text></questiontext>"
        "<answer fraction='100'>true</answer><answer fraction='0'>false</answer></question></quiz>",
    }[kind]

    assert {entry.outcome for entry in read_questions(kind, many.encode()).entries} == {"failed"}
