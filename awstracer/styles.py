"""How text is shown: in colours or without, and so that nothing in it steers the terminal.

Renderers give back strings and don't ask whether to colour: they are handed a set of styles, `PLAIN` or
the one of `colours`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from awstracer.holes import HOLE, SHOWN
from awstracer.legible import escaped
from awstracer.text import Provenance, Text, json_text, plain


@dataclass(frozen=True)
class Styles:
    """What to write before a piece of text of each sort, and `reset` behind it."""

    prompt: str
    heading: str
    marks: Mapping[Provenance, str]
    reset: str


PLAIN = Styles(prompt="", heading="", marks=dict.fromkeys(Provenance, ""), reset="")


def visible(text: str) -> str:
    """A text whose control characters are spelled out, so that no value can steer the terminal, and holes are short."""
    return escaped(HOLE.sub(SHOWN, text))


def one_line(text: str) -> str:
    """A text as one line that can be shown."""
    return visible(text).replace("\n", " ")


def painted(text: Text, styles: Styles) -> str:
    """A marked text in the styles' colours."""
    if not styles.reset:
        return visible("".join([SHOWN if span.provenance is Provenance.HIDDEN else span.text for span in text]))
    shown = [SHOWN if span.provenance is Provenance.HIDDEN else visible(span.text) for span in text]
    return "".join(
        styled(piece, styles.marks[span.provenance], styles) for piece, span in zip(shown, text, strict=True)
    )


def styled(text: str, style: str, styles: Styles) -> str:
    return f"{style}{text}{styles.reset}" if style else text


def short(value: object, length: int = 120) -> str:
    text = value if isinstance(value, str) else plain(json_text(value))
    return text if len(text) <= length else text[: length - 3] + "..."
