"""What an educator has on a phone: a short film with sound, what is said in it, and a page photographed from a book."""

import io
import subprocess
from pathlib import Path

import imageio_ffmpeg
from PIL import Image, ImageDraw, ImageFilter

WORDS = "Heat flows from what is warm to what is cold. It never rests until both are equally warm."


def small_film(folder: Path, *, seconds: int, shows: str = "smptebars=size=320x180:rate=10") -> Path:
    """320 × 180, ten calm pictures a second; its sound weighs more than they."""
    path = folder / "kettle.mp4"
    source = [
        *("-f", "lavfi", "-i", f"{shows}:duration={seconds}"),
        *("-f", "lavfi", "-i", f"anoisesrc=color=pink:amplitude=0.3:seed=7:duration={seconds}"),
    ]
    made = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "36", "-pix_fmt", "yuv420p", "-g", "100"]
    sound = ["-c:a", "aac", "-b:a", "16k", "-ac", "1", "-movflags", "+faststart"]
    run = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-threads", "1"]
    subprocess.run([*run, *source, *made, *sound, str(path)], check=True)
    return path


def recording(folder: Path, *, seconds: int) -> Path:
    """Somebody speaking far away, as a phone records it."""
    path = folder / "kettle-sings.m4a"
    source = ["-f", "lavfi", "-i", f"anoisesrc=color=brown:amplitude=0.3:seed=7:duration={seconds}"]
    run = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-threads", "1"]
    subprocess.run([*run, *source, "-c:a", "aac", "-b:a", "24k", "-ac", "1", str(path)], check=True)
    return path


def captions(folder: Path, *, seconds: int) -> Path:
    """One sentence for the whole film, as SubRip, in which most are made."""
    path = folder / "kettle.srt"
    path.write_text(f"1\r\n00:00:00,000 --> 00:{seconds // 60:02}:{seconds % 60:02},000\r\n{WORDS}\r\n")
    return path


def photographed_page(folder: Path, *, width: int = 820, height: int = 1150) -> Path:
    """Grey paper, lit from one side, with grain: what a phone's camera makes of a page."""
    light = Image.linear_gradient("L").rotate(90).resize((width, height)).point(lambda value: 190 + value // 5)
    page = Image.merge("RGB", (light, light, light.point(lambda value: value - 12)))
    pen = ImageDraw.Draw(page)
    for number in range(22):
        pen.text((70, 100 + number * 44), f"{number + 1}. {WORDS}"[:90], fill=(40, 40, 52), font_size=17)
    grain = Image.effect_noise((width, height), 14).convert("RGB")
    photographed = Image.blend(page.filter(ImageFilter.GaussianBlur(0.6)), grain, 0.04)
    written = io.BytesIO()
    photographed.save(written, "JPEG", quality=45)
    path = folder / "page.jpg"
    path.write_bytes(written.getvalue())
    return path
