"""Styles: how marked text becomes a string for the terminal, in colours or in plain.

`render((Segment("--user-name "), Segment("tu", Provenance.OVERRIDDEN)), styles)` returns the words with `tu` in green
if `styles` is `coloured()`, and without escape sequences if it is `PLAIN`. `cli/main` decides once whether there are
colours, and passes the styles to all others. Control characters are escaped by `cli/sanitize`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from awstracer.cli.sanitize import BREAK_BEFORE_OWN_LINE, escape_controls
from awstracer.commandline.text import MarkedText, Provenance, json_text, to_str
from awstracer.secrets.placeholders import DISPLAYED, PLACEHOLDER

OWN_LINE = re.compile(BREAK_BEFORE_OWN_LINE)


@dataclass(frozen=True)
class Styles:
    """The escape sequence that begins each kind of text, and the one that ends it, `reset`; empty strings in plain."""

    prompt: str
    heading: str
    marks: Mapping[Provenance, str]
    reset: str


PLAIN = Styles(prompt="", heading="", marks=dict.fromkeys(Provenance, ""), reset="")


def coloured() -> Styles:
    """Return the styles of a terminal with colours; make Windows' console interpret them."""
    import colorama  # only a terminal needs it: a dry run in a pipe starts quicker without it
    from colorama import Fore, Style

    colorama.just_fix_windows_console()
    return Styles(
        prompt=Style.BRIGHT + Fore.BLUE,
        heading=Style.DIM,
        marks={
            Provenance.RECORDED: "",
            Provenance.OVERRIDDEN: Style.BRIGHT + Fore.GREEN,
            Provenance.DERIVED: Style.BRIGHT + Fore.YELLOW,
            Provenance.PENDING: Style.BRIGHT + Fore.CYAN,
            Provenance.HIDDEN: Style.BRIGHT + Fore.MAGENTA,
        },
        reset=Style.RESET_ALL,
    )


def escape(text: str) -> str:
    """Return the text with control characters escaped, and with `<secret>` for each placeholder of a secret.

    Line breaks stay, unless a line of the text could be taken for one of the program's own.
    """
    return escape_controls(PLACEHOLDER.sub(DISPLAYED, _without_own_lines(text, text)))


def escape_line(text: str) -> str:
    """Return the text as `escape` does, with spaces for line breaks."""
    return escape(text.replace("\n", " "))


def _without_own_lines(text: str, whole: str) -> str:
    """Return a text, a part of `whole`, with its line breaks escaped if one precedes what looks like our own line."""
    return text.replace("\n", "\\n") if OWN_LINE.search(whole) else text


def render(text: MarkedText, styles: Styles) -> str:
    """Return a marked text as a string, each segment in the style of its provenance."""
    shown = [(DISPLAYED if each.provenance is Provenance.HIDDEN else each.text, each.provenance) for each in text]
    whole = "".join([text for text, _ in shown])
    if not styles.reset:  # one search for the whole line, since a large trace has very many segments
        return escape(whole)
    parts = [(escape(_without_own_lines(text, whole)), provenance) for text, provenance in shown]
    return "".join([styled(text, styles.marks[provenance], styles) for text, provenance in parts])


def styled(text: str, style: str, styles: Styles) -> str:
    """Return the text between `style` and the reset sequence; as it is if the style is empty."""
    return f"{style}{text}{styles.reset}" if style else text


def truncate(value: object, length: int = 120) -> str:
    """Return a value as text, JSON unless it is a string, truncated to `length` characters."""
    text = value if isinstance(value, str) else to_str(json_text(value))
    return text if len(text) <= length else text[: length - 3] + "..."
