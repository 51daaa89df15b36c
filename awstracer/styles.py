"""How text is shown: in colours or without, and so that nothing in it steers the terminal.

Renderers give back strings and don't ask whether to colour: they are handed a set of styles, `PLAIN` or
the one of `colours`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from awstracer.commandline import HIDDEN, Mark, Text, json_text, plain
from awstracer.holes import HOLE, SHOWN
from awstracer.legible import escaped


@dataclass(frozen=True)
class Styles:
    """What to write before a piece of text of each sort, and `reset` behind it."""

    prompt: str
    heading: str
    marks: Mapping[Mark, str]
    reset: str


PLAIN = Styles(prompt="", heading="", marks=dict.fromkeys(Mark, ""), reset="")


def visible(text: str) -> str:
    """A text whose control characters are spelled out, so that no value can steer the terminal, and holes are short."""
    return escaped(HOLE.sub(SHOWN, text))


def one_line(text: str) -> str:
    """A text as one line that can be shown."""
    return visible(text).replace("\n", " ")


def painted(text: Text, styles: Styles) -> str:
    """A marked text in the styles' colours."""
    if not styles.reset:
        return visible("".join([SHOWN if span.mark is HIDDEN else span.text for span in text]))
    shown = [SHOWN if span.mark is HIDDEN else visible(span.text) for span in text]
    return "".join(styled(piece, styles.marks[span.mark], styles) for piece, span in zip(shown, text, strict=True))


def styled(text: str, style: str, styles: Styles) -> str:
    return f"{style}{text}{styles.reset}" if style else text


def short(value: object, length: int = 120) -> str:
    text = value if isinstance(value, str) else plain(json_text(value))
    return text if len(text) <= length else text[: length - 3] + "..."
