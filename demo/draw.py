"""Draws the picture in the README: a part of a recorded run of the demo, as a terminal window in SVG.

The run comes as an asciicast from `run.py --record`. What its terminal showed is read into lines of coloured runs; an
excerpt is cut out, and its JSON documents are left out; the lines are drawn as text that can be selected. The demo's
identifiers are the same in each run, so the picture changes only when awstracer does.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

COLUMNS = 120  # no line of the excerpt is longer
EXCERPT = ("$ cat setup.sh", "# Record how a table is made and filled")  # from the first to before the second
SHORTENED = "[...]"  # in the place of a JSON document

FONT_SIZE, LINE_HEIGHT, CELL = 14.0, 20.0, 8.43  # a monospace character is 0.602 of the font's size wide
PADDING, TITLE_BAR, RADIUS = 18.0, 36.0, 10.0
FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"
BACKGROUND, TITLE_BACKGROUND, BORDER, FOREGROUND, TITLE = "#161b22", "#21262d", "#444c56", "#d1d7e0", "#9198a1"
BUTTONS = ("#ff5f57", "#febc2e", "#28c840")
COLOURS = {
    "30": "#656c76",
    "31": "#ff7b72",
    "32": "#56d364",
    "33": "#f2cc60",
    "34": "#79c0ff",
    "35": "#d2a8ff",
    "36": "#56d4dd",
    "37": "#f0f6fc",
}

SELECT_STYLE = re.compile(r"\x1b\[([0-9;]*)m")
OTHER_CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-ln-z]|\x1b\][^\x07]*\x07|[\x00-\x09\x0b-\x1a\x1c-\x1f]")


class DrawingFailed(Exception):
    """The cast can't be drawn; says why."""


@dataclass(frozen=True)
class Style:
    """How text looks; no colour is the terminal's own."""

    colour: str | None = None
    bold: bool = False
    dim: bool = False


@dataclass(frozen=True)
class Run:
    """Characters next to each other that look alike."""

    text: str
    style: Style = Style()


Line = tuple[Run, ...]


# --- from the cast to lines


def shown(cast: str) -> str:
    """All that the terminal of a cast was sent."""
    header, *events = (json.loads(line) for line in cast.splitlines())
    if not isinstance(header, dict) or header.get("version") != 2:
        raise DrawingFailed("this is no asciicast of version 2")
    return "".join(text for _, kind, text in events if kind == "o")


def lines_of(output: str) -> Iterator[Line]:
    """Terminal output as lines; a style goes on until another is selected."""
    style = Style()
    for text in OTHER_CONTROLS.sub("", output).split("\n"):
        runs: list[Run] = []
        for position, piece in enumerate(SELECT_STYLE.split(text)):
            if position % 2:
                style = selected(style, piece)
            elif piece:
                runs.append(Run(piece, style))
        yield tuple(runs)


def selected(style: Style, codes: str) -> Style:
    """The style after an escape sequence with these codes."""
    for code in codes.split(";"):
        match code.lstrip("0"):
            case "":
                style = Style()
            case "1":
                style = replace(style, bold=True)
            case "2":
                style = replace(style, dim=True)
            case "22":
                style = replace(style, bold=False, dim=False)
            case "39":
                style = replace(style, colour=None)
            case colour if colour in COLOURS:
                style = replace(style, colour=COLOURS[colour])
    return style


def text_of(line: Line) -> str:
    """A line without its styles."""
    return "".join(run.text for run in line)


# --- from all lines to those drawn


def excerpt(lines: Sequence[Line]) -> list[Line]:
    """The lines of the part to draw, without empty ones around it."""
    texts = [text_of(line) for line in lines]
    for wanted in EXCERPT:
        if wanted not in texts:
            raise DrawingFailed(f"the cast does not show {wanted!r}")
    begin, end = map(texts.index, EXCERPT)
    while not texts[end - 1].strip():
        end -= 1
    return list(lines[begin:end])


def shortened(lines: Iterable[Line]) -> Iterator[Line]:
    """Yield the lines, with a mark in the place of each JSON document."""
    is_inside = False
    for line in lines:
        if text_of(line) == "{":
            is_inside = True
            yield (Run(SHORTENED, Style(dim=True)),)
        elif not is_inside:
            yield line
        elif text_of(line) == "}":
            is_inside = False


def wrapped(line: Line, width: int = COLUMNS) -> Iterator[Line]:
    """A line as a terminal of this width shows it: on several rows if it's long."""
    row: list[Run] = []
    free = width
    for run in line:
        text = run.text
        while len(text) > free:
            yield (*row, Run(text[:free], run.style))
            text, row, free = text[free:], [], width
        row.append(Run(text, run.style))
        free -= len(text)
    yield tuple(row)


# --- from lines to SVG


def picture(rows: Sequence[Line], title: str) -> str:
    """The rows in a terminal window."""
    width = COLUMNS * CELL + 2 * PADDING
    height = TITLE_BAR + len(rows) * LINE_HEIGHT + 2 * PADDING
    first = TITLE_BAR + PADDING + FONT_SIZE
    texts = (drawn(row, first + number * LINE_HEIGHT) for number, row in enumerate(rows) if row)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
            f'width="{width:g}" height="{height:g}" role="img">',
            f"<title>{escape(title)}</title>",
            "<style>text { white-space: pre }</style>",  # for browsers; other viewers heed xml:space
            *window(width, height, title),
            f'<g font-family={quoteattr(FONTS)} font-size="{FONT_SIZE:g}" fill="{FOREGROUND}" xml:space="preserve">',
            *texts,
            "</g>",
            "</svg>",
            "",
        ]
    )


def window(width: float, height: float, title: str) -> Iterator[str]:
    """The window's frame, and its bar with three buttons."""
    frame = f'x="0.5" y="0.5" width="{width - 1:g}" height="{height - 1:g}" rx="{RADIUS:g}"'
    bar = f"M0.5 {TITLE_BAR:g}V{RADIUS + 0.5:g}a{RADIUS:g} {RADIUS:g} 0 0 1 {RADIUS:g} -{RADIUS:g}"
    bar += f"H{width - RADIUS - 0.5:g}a{RADIUS:g} {RADIUS:g} 0 0 1 {RADIUS:g} {RADIUS:g}V{TITLE_BAR:g}z"
    middle = TITLE_BAR / 2
    yield f'<rect {frame} fill="{BACKGROUND}"/>'
    yield f'<path d="{bar}" fill="{TITLE_BACKGROUND}"/>'
    yield f'<rect {frame} fill="none" stroke="{BORDER}"/>'
    for number, colour in enumerate(BUTTONS):
        yield f'<circle cx="{PADDING + 4 + number * 20:g}" cy="{middle:g}" r="6" fill="{colour}"/>'
    yield (
        f'<text x="{width / 2:g}" y="{middle + 4.5:g}" text-anchor="middle" fill="{TITLE}" '
        f"font-family=\"system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif\" font-size=\"13\">"
        f"{escape(title)}</text>"
    )


def drawn(row: Line, y: float) -> str:
    """A row of text; each run is put at its own column, whatever the width of the viewer's font."""
    column = 0
    spans = []
    for run in row:
        x, length = PADDING + column * CELL, len(run.text) * CELL
        spans.append(
            f'<tspan x="{x:.2f}" textLength="{length:.2f}" lengthAdjust="spacingAndGlyphs"{look(run.style)}>'
            f"{escape(run.text)}</tspan>"
        )
        column += len(run.text)
    return f'<text y="{y:g}">{"".join(spans)}</text>'


def look(style: Style) -> str:
    """A style as attributes."""
    colour = f' fill="{style.colour}"' if style.colour else ""
    return colour + (' font-weight="bold"' if style.bold else "") + (' fill-opacity="0.65"' if style.dim else "")


# --- the command


def draw(cast: str, title: str) -> str:
    """The SVG of a cast's excerpt."""
    lines = shortened(excerpt(list(lines_of(shown(cast)))))
    return picture([row for line in lines for row in wrapped(line)], title)


def main(argv: Sequence[str] | None = None) -> int:
    """Draw a cast; 0 if it could be done."""
    parser = argparse.ArgumentParser(description="Draw a part of a recorded run of the demo as an SVG.")
    parser.add_argument("cast", type=Path, help="what run.py --record wrote")
    parser.add_argument("svg", type=Path, help="where the picture goes")
    args = parser.parse_args(argv)
    try:
        args.svg.write_text(draw(args.cast.read_text(encoding="utf-8"), "awstracer"), encoding="utf-8")
    except (DrawingFailed, OSError, ValueError) as failure:
        print(f"draw: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
