"""The demo course's pictures, drawn when it is laid: nothing binary lies in the repository, and nobody else's work."""

import io
from collections.abc import Callable, Sequence

from PIL import Image, ImageDraw, ImageFont

SCALE = 3  # Drawn large and shrunk: smooth edges.
WIDTH, HEIGHT = 960, 480
Y_STEPS = 5

PAPER = (255, 255, 255)
INK = (31, 41, 55)
SOFT = (203, 213, 225)
BLUE = (29, 78, 216)
ORANGE = (217, 119, 6)
GREEN = (4, 120, 87)
SKY = (224, 236, 255)
SAND = (254, 243, 199)

Point = tuple[float, float]
Color = tuple[int, int, int]


class Sheet:
    """A page of 960 × 480 points, drawn at three times that."""

    def __init__(self, *, paper: Color = PAPER) -> None:
        self._image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), paper)
        self._draw = ImageDraw.Draw(self._image)

    def line(self, points: Sequence[Point], color: Color = INK, *, width: float = 4) -> None:
        self._draw.line([_scaled(point) for point in points], fill=color, width=round(width * SCALE), joint="curve")

    def arrow(self, start: Point, end: Point, color: Color, *, width: float = 6) -> None:
        """A straight arrow, its head at `end`."""
        length = ((end[0] - start[0]) ** 2 + (end[1] - start[1]) ** 2) ** 0.5
        ahead = ((end[0] - start[0]) / length, (end[1] - start[1]) / length)
        head = width * 3.2
        neck = (end[0] - ahead[0] * head, end[1] - ahead[1] * head)
        aside = (-ahead[1] * head * 0.5, ahead[0] * head * 0.5)
        self.line([start, neck], color, width=width)
        self.shape([end, (neck[0] + aside[0], neck[1] + aside[1]), (neck[0] - aside[0], neck[1] - aside[1])], color)

    def shape(self, points: Sequence[Point], color: Color) -> None:
        self._draw.polygon([_scaled(point) for point in points], fill=color)

    def box(self, left: float, top: float, right: float, bottom: float, color: Color, *, radius: float = 0) -> None:
        edges = (left * SCALE, top * SCALE, right * SCALE, bottom * SCALE)
        self._draw.rounded_rectangle(edges, radius=radius * SCALE, fill=color)

    def dot(self, at: Point, color: Color, *, radius: float = 9) -> None:
        self._draw.ellipse(
            [(at[0] - radius) * SCALE, (at[1] - radius) * SCALE, (at[0] + radius) * SCALE, (at[1] + radius) * SCALE],
            fill=color,
        )

    def text(self, at: Point, words: str, color: Color = INK, *, size: int = 24, anchor: str = "mm") -> None:
        font = ImageFont.load_default(size * SCALE)
        self._draw.text(_scaled(at), words, fill=color, font=font, anchor=anchor)

    def png(self) -> bytes:
        body = io.BytesIO()
        self._image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(body, "PNG")
        return body.getvalue()


def _scaled(point: Point) -> Point:
    return (point[0] * SCALE, point[1] * SCALE)


def walk_to_school() -> bytes:
    """Distance is the whole path, displacement the straight arrow."""
    sheet = Sheet(paper=SKY)
    sheet.box(0, 400, WIDTH, HEIGHT, (187, 222, 180))
    _house(sheet, 150, "Home", ORANGE)
    _house(sheet, 810, "School", BLUE)
    path = [(190, 330), (300, 330), (300, 120), (540, 120), (540, 250), (690, 250), (690, 330), (770, 330)]
    sheet.line(path, GREEN, width=6)
    for point in path[1:-1]:
        sheet.dot(point, GREEN, radius=3)
    sheet.text((420, 90), "distance: the whole walk", GREEN, size=26)
    sheet.arrow((190, 372), (768, 372), BLUE, width=7)
    sheet.text((480, 432), "displacement: from start to end, straight", BLUE, size=26)
    return sheet.png()


def _house(sheet: Sheet, x: float, name: str, color: Color) -> None:
    sheet.box(x - 45, 290, x + 45, 360, color)
    sheet.shape([(x - 62, 292), (x, 232), (x + 62, 292)], INK)
    sheet.box(x - 12, 318, x + 12, 360, PAPER)
    sheet.text((x, 210), name, INK, size=24)


def number_line() -> bytes:
    """Positions have a sign: it says on which side of zero."""
    sheet = Sheet()
    _axis(sheet, 260)
    sheet.dot((480 + 2 * 80, 260), ORANGE, radius=12)
    sheet.dot((480 - 3 * 80, 260), BLUE, radius=12)
    sheet.arrow((480 + 2 * 80, 190), (480 - 3 * 80 + 6, 190), BLUE)
    sheet.text((440, 152), "displacement: 5 m to the left", BLUE, size=28)
    sheet.text((640, 345), "start", ORANGE)
    sheet.text((240, 345), "end", BLUE)
    return sheet.png()


def _axis(sheet: Sheet, y: float) -> None:
    sheet.arrow((60, y), (910, y), INK, width=4)
    for step in range(-5, 6):
        x = 480 + step * 80
        if step < 5:
            sheet.line([(x, y - 9), (x, y + 9)], INK, width=3)
            sheet.text((x, y + 38), f"{step}", INK, size=22)
    sheet.text((915, y + 40), "x (m)", INK, size=22)


def speed_and_velocity() -> bytes:
    """The same speed, two velocities."""
    sheet = Sheet(paper=SKY)
    sheet.box(0, 150, WIDTH, 350, (100, 116, 139))
    for x in range(20, WIDTH, 120):
        sheet.box(x, 246, x + 60, 254, PAPER)
    _car(sheet, 260, 200, ORANGE)
    sheet.arrow((330, 200), (520, 200), ORANGE, width=8)
    sheet.text((450, 118), "60 km/h to the east: +60 km/h", ORANGE, size=26)
    _car(sheet, 700, 300, BLUE)
    sheet.arrow((630, 300), (440, 300), BLUE, width=8)
    sheet.text((510, 388), "60 km/h to the west: -60 km/h", BLUE, size=26)
    return sheet.png()


def _car(sheet: Sheet, x: float, y: float, color: Color) -> None:
    sheet.box(x - 60, y - 16, x + 60, y + 20, color, radius=10)
    sheet.box(x - 32, y - 38, x + 30, y - 8, color, radius=12)
    for wheel in (x - 34, x + 34):
        sheet.dot((wheel, y + 22), INK, radius=13)
        sheet.dot((wheel, y + 22), SOFT, radius=5)


def distance_graph() -> bytes:
    """Steep is fast, flat is standing still."""
    sheet = Sheet()
    place = _graph(sheet, x_words="time (s)", y_words="distance (m)", x_top=60, x_steps=6, y_top=100)
    sheet.line([place(0, 0), place(20, 60), place(40, 60), place(60, 80)], BLUE, width=7)
    sheet.text(place(6, 42), "fast", BLUE, size=26)
    sheet.text(place(30, 70), "standing still", GREEN, size=26)
    sheet.text(place(53, 58), "slow", ORANGE, size=26)
    for point in ((0, 0), (20, 60), (40, 60), (60, 80)):
        sheet.dot(place(*point), INK, radius=7)
    return sheet.png()


def velocity_graph() -> bytes:
    """The area below a velocity is the displacement."""
    sheet = Sheet()
    place = _graph(sheet, x_words="time (s)", y_words="velocity (m/s)", x_top=5, x_steps=5, y_top=20)
    sheet.shape([place(0, 0), place(4, 16), place(4, 0)], SAND)
    sheet.line([place(0, 0), place(5, 20)], ORANGE, width=7)
    sheet.line([place(4, 0), place(4, 16)], INK, width=2)
    sheet.text(place(2.7, 4), "area = 32 m", INK, size=26)
    sheet.text(place(2.3, 17), "slope: 4 m/s in each second", ORANGE, size=26)
    return sheet.png()


def _graph(
    sheet: Sheet, *, x_words: str, y_words: str, x_top: int, x_steps: int, y_top: int
) -> Callable[[float, float], Point]:
    """Axes and a grid; answers where a value lies."""
    left, bottom, right, top = 130, 400, 900, 60

    def place(x: float, y: float) -> Point:
        return (left + x / x_top * (right - left), bottom - y / y_top * (bottom - top))

    for step in range(1, x_steps + 1):
        x = x_top * step / x_steps
        sheet.line([place(x, 0), place(x, y_top)], SOFT, width=1.5)
        sheet.text((place(x, 0)[0], bottom + 24), f"{x:g}", INK, size=20)
    for step in range(1, Y_STEPS + 1):
        y = y_top * step / Y_STEPS
        sheet.line([place(0, y), place(x_top, y)], SOFT, width=1.5)
        sheet.text((left - 30, place(0, y)[1]), f"{y:g}", INK, size=20)
    sheet.arrow((left, bottom), (right + 25, bottom), INK, width=4)
    sheet.arrow((left, bottom), (left, top - 25), INK, width=4)
    sheet.text(((left + right) / 2, bottom + 58), x_words, INK, size=24)
    sheet.text((left - 110, top - 34), y_words, INK, size=24, anchor="lm")
    return place


def falling_ball() -> bytes:
    """A ball every three tenths of a second: the gaps grow."""
    sheet = Sheet(paper=SKY)
    sheet.box(0, 446, WIDTH, HEIGHT, (187, 222, 180))
    for step in range(5):
        seconds = step * 0.3
        y = 40 + 4.9 * seconds**2 * 52
        sheet.dot((300, y), ORANGE, radius=11)
        sheet.text((350, y), f"{seconds:.1f} s", INK, size=20, anchor="lm")
        if step:
            sheet.arrow((250, y - 2), (250, y + 9.8 * seconds * 2.6), BLUE, width=4)
    sheet.text((620, 150), "The gaps grow: it falls faster", INK, size=26)
    sheet.text((620, 190), "and faster, 9.8 m/s more", INK, size=26)
    sheet.text((620, 230), "in every second.", INK, size=26)
    sheet.text((620, 330), "Blue arrows: its velocity", BLUE, size=26)
    return sheet.png()


def push_and_friction() -> bytes:
    """Forces on a box: what is left over makes it speed up."""
    sheet = Sheet()
    sheet.box(0, 360, WIDTH, HEIGHT, SOFT)
    sheet.box(390, 220, 570, 360, SAND, radius=8)
    sheet.text((480, 290), "10 kg", INK, size=32)
    sheet.arrow((180, 290), (384, 290), BLUE, width=10)
    sheet.text((280, 245), "push 50 N", BLUE, size=28)
    sheet.arrow((660, 335), (574, 335), ORANGE, width=8)
    sheet.text((760, 335), "friction 20 N", ORANGE, size=28)
    sheet.arrow((430, 160), (620, 160), GREEN, width=8)
    sheet.text((525, 118), "speeds up by 3 m/s in each second", GREEN, size=28)
    return sheet.png()
