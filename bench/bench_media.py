"""What people send, made small: a film, a scan, and photos.

Films are ffmpeg's own test picture with something moving in it; the floor is the same ffmpeg without us.
"""

import io
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pikepdf
from PIL import Image, ImageFilter

from bench.figures import Figure, Servers
from server.media.confined import run_confined
from server.media.intake.examining import examine
from server.media.renditions import film
from server.media.renditions.decoders import paper, picture
from server.media.renditions.decoding import DECODE, PICTURE, ffmpeg
from server.media.renditions.probing import probe

FILM_S = 60
PAGES = 10
PICTURES = 25
MB = 1_000_000


async def measure(servers: Servers) -> list[Figure]:
    del servers  # Nothing here asks a server: what is measured is what decoders cost.
    with tempfile.TemporaryDirectory(prefix="spark-bench-") as name:
        folder = Path(name)
        return [*await _film(folder), *await _scan(folder), *await _pictures(folder)]


async def _film(folder: Path) -> list[Figure]:
    source = folder / "film.mp4"
    moving = f"testsrc2=size=1280x720:rate=30:duration={FILM_S},noise=alls=8:allf=t"
    sound = f"sine=frequency=300:duration={FILM_S}"
    _run(f"-f lavfi -i {moving} -f lavfi -i {sound} -c:v libx264 -preset veryfast -crf 23 -c:a aac {source}")
    probed = await probe(source, demuxer="mov", folder=folder)
    figures = []
    for name, goal_s, goal_mb in (("v240", 10.0, 1.0), ("v360", None, None), ("opus", None, None)):
        options = film.film_options(film.SIZES[name], probed) if name in film.SIZES else film.sound_options(name)
        begun = time.perf_counter()
        _run(f"-threads 2 -i {source} {shlex.join(options)} {folder / 'floor'}")
        floor_s = time.perf_counter() - begun
        begun = time.perf_counter()
        made = await film.make(name, source, demuxer="mov", probed=probed, folder=folder, on_ppm=_nobody)
        spent = time.perf_counter() - begun
        size = made.path.stat().st_size / MB
        goal = "" if goal_s is None else f"≤ {goal_s:.0f} s"
        figures.append(
            Figure(
                f"{FILM_S} s of 720p → {name}", spent, "s", floor_s, "bare ffmpeg", goal,
                None if goal_s is None else spent <= goal_s,
            )
        )  # fmt: skip
        goal = "" if goal_mb is None else f"≤ {goal_mb:.0f} MB"
        holds = None if goal_mb is None else size <= goal_mb
        figures.append(Figure(f"{FILM_S} s of 720p → {name}, size", size, "MB", None, "", goal, holds))
    return figures


async def _scan(folder: Path) -> list[Figure]:
    path = folder / "scan.pdf"
    path.write_bytes(scan_of(PAGES))
    came = path.stat().st_size / MB
    begun = time.perf_counter()
    os.chdir(folder)
    paper.decode(path.open("rb"))
    floor_s = time.perf_counter() - begun
    made_in = folder / "made"
    made_in.mkdir()
    begun = time.perf_counter()
    examined = await examine(path, name="scan.pdf", claimed="application/pdf", folder=made_in, clamd="")
    spent = time.perf_counter() - begun
    small = next(made.path for made in examined.made if made.name == "pdf").stat().st_size / MB
    what = f"{PAGES} scanned pages, {came:.0f} MB"
    return [
        Figure(f"{what} → a paper, its words and its first page", spent, "s", floor_s, "pikepdf and Pillow alone"),
        Figure(f"{what} → size", small, "MB", None, "", "≤ 2.5 MB", small <= 2.5),
    ]


async def _pictures(folder: Path) -> list[Figure]:
    path = folder / "photo.jpg"
    path.write_bytes(_photo(3000, 2000))
    content = path.read_bytes()
    begun = time.perf_counter()
    for _ in range(PICTURES):
        _mime, image = picture.open_upright(content)
        for _name, shrunk in picture.shrink(image):
            picture.encode(shrunk)
    floor_s = time.perf_counter() - begun
    made_in = folder / "pictures"
    made_in.mkdir()
    begun = time.perf_counter()
    for _ in range(PICTURES):
        await run_confined(
            sys.executable, ["-I", "-B", str(DECODE), "picture"], stdin=path, folder=made_in, limits=PICTURE
        )
    spent = time.perf_counter() - begun
    return [Figure(f"{PICTURES} photos of 6 MP → WebP, a child each", spent, "s", floor_s, "in one process")]


def scan_of(pages: int) -> bytes:
    """Paper, its grain, and what is written on it: as a scanner at 300 dots an inch gives it."""
    pdf = pikepdf.Pdf.new()
    for _ in range(pages):
        page = pdf.add_blank_page(page_size=(595, 842))
        image = pikepdf.Stream(pdf, _sheet(2480, 3508))
        image.stream_dict = pikepdf.Dictionary(
            Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=2480, Height=3508, BitsPerComponent=8,
            ColorSpace=pikepdf.Name.DeviceRGB, Filter=pikepdf.Name.DCTDecode,
        )  # fmt: skip
        page.obj["/Resources"] = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=pdf.make_indirect(image)))
        page.obj["/Contents"] = pdf.make_stream(b"q 595 0 0 842 0 0 cm /Im0 Do Q")
    body = io.BytesIO()
    pdf.save(body)
    return body.getvalue()


def _sheet(width: int, height: int) -> bytes:
    grain = Image.frombytes("L", (width, height), os.urandom(width * height)).filter(ImageFilter.GaussianBlur(1))
    sheet = Image.merge("RGB", [grain.point(lambda tone, add=add: tone // 4 + 170 + add) for add in (15, 8, 0)])
    for line in range(200, height - 200, 70):
        for word in range(200, width - 400, 90):
            sheet.paste((40, 40, 70), (word, line, word + 12, line + 40))
            sheet.paste((40, 40, 70), (word + 24, line + 12, word + 60, line + 24))
    body = io.BytesIO()
    sheet.save(body, "JPEG", quality=95, subsampling=0)
    return body.getvalue()


def _photo(width: int, height: int) -> bytes:
    body = io.BytesIO()
    Image.effect_mandelbrot((width, height), (-2.2, -1.2, 1.0, 1.2), 60).convert("RGB").save(body, "JPEG", quality=90)
    return body.getvalue()


def _run(arguments: str) -> None:
    subprocess.run([ffmpeg(), "-v", "error", "-y", *shlex.split(arguments)], check=True, stdin=subprocess.DEVNULL)


def _nobody(_ppm: int) -> None:
    return None


__all__ = ["measure", "scan_of"]
