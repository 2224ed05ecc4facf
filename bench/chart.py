"""Pictures of curves as SVG: panels with logarithmic axes, lines named at their ends, for light and dark pages.

Nothing to install and nothing to run: the file is text, says its own title and points, and takes its colours from what
the reader's page prefers.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

Points = Sequence[tuple[float, float]]

PANEL_W, PANEL_H = 470, 300
LEFT, RIGHT, TOP, BOTTOM = 56, 132, 52, 46  # of a panel; names of lines stand at the right
HEAD, FOOT, EDGE = 58, 34, 12
END_LABEL_FROM = 0.25  # of a power of ten beyond the last one
LABEL_GAP = 15  # between two names at the ends of lines
FEW_TENS = 1.8  # powers of ten on an axis

STYLE = """
svg { --paper: #ffffff; --ink: #1c2330; --soft: #5a6472; --line: #dfe3e8; --axis: #9aa3ae;
  --blue: #0b5fae; --green: #1a7a48; --orange: #a85400; --red: #b3261e; color-scheme: light dark; }
@media (prefers-color-scheme: dark) { svg { --paper: #12161c; --ink: #e8ecf2; --soft: #a2adbb; --line: #2a313b;
  --axis: #5d6876; --blue: #74b8ff; --green: #5fd49a; --orange: #ffb25c; --red: #ff8d84; } }
text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: var(--soft); }
.title { font-size: 19px; font-weight: 600; fill: var(--ink); }
.panel { font-size: 14px; font-weight: 600; fill: var(--ink); }
.name { font-weight: 600; }
.grid { stroke: var(--line); stroke-width: 1; }
.axis { stroke: var(--axis); stroke-width: 1; }
.curve { fill: none; stroke-width: 2.25; stroke-linejoin: round; stroke-linecap: round; }
.faint { stroke-width: 1.5; stroke-dasharray: 2 5; }
.leader { fill: none; stroke-width: 1; opacity: 0.5; }
"""


@dataclass(frozen=True)
class Series:
    name: str
    points: Points  # both numbers above 0
    colour: str  # blue, green, orange or red
    is_faint: bool = False  # thinner and dotted: the rarer case beside the usual one


@dataclass(frozen=True)
class Panel:
    title: str
    x_label: str
    unit: str  # of the other axis
    series: Sequence[Series]


def draw(title: str, below: str, panels: Sequence[Panel], *, columns: int) -> str:
    """The picture, as the text of an SVG file. `below` says where and when."""
    rows = math.ceil(len(panels) / columns)
    width = columns * PANEL_W + 2 * EDGE
    height = HEAD + rows * PANEL_H + FOOT
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title words">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="words">{escape(_words(panels))}</desc>',
        f"<style>{STYLE}</style>",
        f'<rect width="{width}" height="{height}" rx="8" fill="var(--paper)"/>',
        f'<text class="title" x="{EDGE + 12}" y="36">{escape(title)}</text>',
    ]
    for number, panel in enumerate(panels):
        x, y = EDGE + (number % columns) * PANEL_W, HEAD + (number // columns) * PANEL_H
        parts.append(f'<g transform="translate({x} {y})">{_panel(panel)}</g>')
    parts.append(f'<text x="{EDGE + 12}" y="{height - 14}">{escape(below)}</text></svg>')
    return "\n".join(parts) + "\n"


def _words(panels: Sequence[Panel]) -> str:
    """The same in words, for whoever cannot see it."""
    told = []
    for panel in panels:
        for series in panel.series:
            (first_x, first_y), (last_x, last_y) = series.points[0], series.points[-1]
            told.append(
                f"{panel.title}, {series.name}: {_number(first_y)} {panel.unit} at {_number(first_x)} {panel.x_label},"
                f" {_number(last_y)} at {_number(last_x)}."
            )
    return " ".join(told)


@dataclass(frozen=True)
class _Axis:
    """Values to pixels, logarithmic, with a line at every power of ten."""

    least: float
    most: float
    start: float
    end: float

    def place(self, value: float) -> float:
        part = (math.log10(value) - math.log10(self.least)) / (math.log10(self.most) - math.log10(self.least))
        return self.start + part * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Powers of ten; also twice and five times them, where the axis has few."""
        first, last = math.floor(math.log10(self.least)), math.floor(math.log10(self.most))
        steps = (1, 2, 5) if math.log10(self.most / self.least) < FEW_TENS else (1,)
        places = [step * 10.0**power for power in range(first, last + 1) for step in steps]
        return [place for place in places if self.least / 1.001 <= place <= self.most * 1.001]


def _panel(panel: Panel) -> str:
    across = _axis([x for s in panel.series for x, _ in s.points], LEFT, PANEL_W - RIGHT, air=1.0)
    up = _axis([y for s in panel.series for _, y in s.points], PANEL_H - BOTTOM, TOP, air=1.3)
    return "".join([*_frame(panel, across, up), *_names(panel, across, up), *_curves(panel, across, up)])


def _axis(values: Sequence[float], start: float, end: float, *, air: float) -> _Axis:
    """Wide enough for the values and at least one power of ten."""
    least, most = min(values) / air, max(values) * air
    while math.floor(math.log10(most)) - math.ceil(math.log10(least)) < 1:
        least, most = least / 1.5, most * 1.5
    return _Axis(least, most, start, end)


def _frame(panel: Panel, across: _Axis, up: _Axis) -> list[str]:
    left, right, top, bottom = LEFT, PANEL_W - RIGHT, TOP, PANEL_H - BOTTOM
    parts = [
        f'<text class="panel" x="12" y="22">{escape(panel.title)}</text>',
        f'<text x="{left}" y="{top - 10}">{escape(panel.unit)}</text>',
        f'<text x="{(left + right) / 2:.0f}" y="{bottom + 36}" text-anchor="middle">{escape(panel.x_label)}</text>',
    ]
    for tick in up.ticks():
        y = up.place(tick)
        parts.append(f'<path class="grid" d="M{left} {y:.1f}H{right}"/>')
        parts.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{_tick(tick)}</text>')
    for tick in across.ticks():
        x = across.place(tick)
        parts.append(f'<path class="grid" d="M{x:.1f} {top}V{bottom}"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{_tick(tick)}</text>')
    if math.log10(across.most) % 1 > END_LABEL_FROM:  # The axis ends between two powers: say where.
        end = f"{across.most:,.0f}"
        parts.append(f'<text x="{right}" y="{bottom + 18}" text-anchor="middle">{end}</text>')
    return [*parts, f'<path class="axis" d="M{left} {bottom}H{right}"/>']


def _curves(panel: Panel, across: _Axis, up: _Axis) -> list[str]:
    parts = []
    for series in panel.series:
        places = [(across.place(x), up.place(y)) for x, y in series.points]
        line = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        faint = " faint" if series.is_faint else ""
        parts.append(f'<path class="curve{faint}" stroke="var(--{series.colour})" d="{line}"/>')
        if series.is_faint:
            continue
        for (x, y), (value_x, value_y) in zip(places, series.points, strict=True):
            told = f"{series.name}: {_number(value_y)} {panel.unit} at {_number(value_x)} {panel.x_label}"
            parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.2" fill="var(--{series.colour})"><title>{escape(told)}'
                "</title></circle>"
            )
    return parts


def _names(panel: Panel, across: _Axis, up: _Axis) -> list[str]:
    """At the end of each line; moved apart where lines end close to each other, with a thread to their own."""
    ends = sorted(((up.place(s.points[-1][1]), s) for s in panel.series), key=lambda end: end[0])
    heights = _spread([y for y, _ in ends], least=TOP, most=PANEL_H - BOTTOM)
    parts = []
    for (y, series), at in zip(ends, heights, strict=True):
        x = across.place(series.points[-1][0])
        text_x = PANEL_W - RIGHT + 18
        parts.append(
            f'<path class="leader" stroke="var(--{series.colour})" d="M{x + 5:.1f} {y:.1f}L{text_x - 4:.1f} {at:.1f}"/>'
        )
        weight = "" if series.is_faint else ' class="name"'
        parts.append(
            f'<text{weight} x="{text_x}" y="{at + 4:.1f}" style="fill:var(--{series.colour})">'
            f"{escape(series.name)}</text>"
        )
    return parts


def _spread(wanted: Sequence[float], *, least: float, most: float) -> list[float]:
    """As near as can be to the wanted heights, which rise, but a line apart and within the frame."""
    groups: list[list[float]] = []  # of neighbours that push each other; each keeps to its own middle
    for number, height in enumerate(wanted):
        groups.append([height - number * LABEL_GAP])
        while len(groups) > 1 and _mean(groups[-2]) > _mean(groups[-1]):
            groups[-2:] = [groups[-2] + groups[-1]]
    starts = [_mean(group) for group in groups for _ in group]
    last = len(starts) - 1
    return [min(max(start, least), most - last * LABEL_GAP) + n * LABEL_GAP for n, start in enumerate(starts)]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _tick(value: float) -> str:
    return f"{value / 1_000_000:g} million" if value >= 1_000_000 else f"{value:,.6g}"


def _number(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value == int(value) or value >= 100 else f"{value:.2g}"
