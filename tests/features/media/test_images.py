"""What becomes of a picture before it reaches a phone."""

import io

import pytest
from PIL import Image

from server.base.errors import AppError
from server.media import images
from server.media.images import prepare_confined, prepare_image
from tests.support.cartridges import picture


def opened(body: bytes) -> Image.Image:
    return Image.open(io.BytesIO(body))


@pytest.mark.parametrize(
    ("width", "widths"), [(2000, [480, 960]), (960, [480, 960]), (700, [480, 700]), (480, [480]), (40, [40])]
)
def test_a_picture_has_two_widths_and_is_never_made_larger(width: int, widths: list[int]) -> None:
    prepared = prepare_image(picture(width, width // 2))

    assert [variant.width for variant in prepared.variants] == widths
    assert [opened(variant.body).size for variant in prepared.variants] == [(wide, round(wide / 2)) for wide in widths]
    assert {opened(variant.body).format for variant in prepared.variants} == {"WEBP"}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"])
def test_the_type_is_what_the_bytes_say(kind: str) -> None:
    assert prepare_image(picture(kind=kind)).mime == f"image/{kind.lower()}"


def test_where_and_when_it_was_taken_stays_behind_and_it_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010F] = "SecretCamera"
    content = picture(60, 20, kind="JPEG", exif=exif)
    assert b"SecretCamera" in content

    prepared = prepare_image(content)

    assert (prepared.width, prepared.height) == (20, 60)
    [variant] = prepared.variants
    assert b"SecretCamera" not in variant.body
    assert not opened(variant.body).getexif()


def test_what_shows_through_still_does() -> None:
    body = io.BytesIO()
    Image.new("RGBA", (20, 20), (255, 0, 0, 0)).save(body, "PNG")

    assert opened(prepare_image(body.getvalue()).variants[0].body).mode == "RGBA"


def test_the_same_picture_gives_the_same_bytes() -> None:
    content = picture(500, 300)

    assert prepare_image(content) == prepare_image(content)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "image.unsupported"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>steal()</script></svg>", "image.unsupported"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "image.unsupported"),
        (picture(300, 300, kind="JPEG")[:400], "image.unreadable"),
        (picture(100, 100)[:-40], "image.unreadable"),
    ],
    ids=["nothing", "svg", "postscript", "half a jpeg", "half a png"],
)
def test_what_is_no_picture_of_ours_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(AppError) as refused:
        prepare_image(content)
    assert refused.value.code == code


def test_too_many_pixels_are_refused_before_they_are_decoded() -> None:
    body = io.BytesIO()
    Image.new("1", (19_000, 19_000)).save(body, "PNG")
    assert len(body.getvalue()) < 200_000

    with pytest.raises(images.ImageTooLarge):
        prepare_image(body.getvalue())


async def test_what_people_send_is_decoded_in_a_child_with_the_same_result() -> None:
    content = picture(700, 300, kind="JPEG")

    assert await prepare_confined(content) == prepare_image(content)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (picture(300, 300, kind="JPEG")[:400], "image.unreadable"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "image.unsupported"),
    ],
    ids=["half a jpeg", "postscript"],
)
async def test_a_child_refuses_in_the_same_words(content: bytes, code: str) -> None:
    with pytest.raises(AppError) as refused:
        await prepare_confined(content)
    assert refused.value.code == code
