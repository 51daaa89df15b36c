"""Escapes control characters, so that no text from a trace or from AWS can control the terminal, or hide in it.

The text "a" + ESC + "[31m" is shown as `a\\x1b[31m`. Tabs and line breaks stay. `CONTROL` is the one table of such
characters; `cli/terminal` uses it for the output of awscli. This module imports nothing else of the package, since
`--help` needs it.
"""

from __future__ import annotations

import re

# C0 and C1, bidirectional marks, what has no width or breaks a line, surrogates, the byte order mark, and tags, with
# which a text can be written that nobody sees.
CONTROL = (
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff"
    r"\U000e0000-\U000e007f]"
)
# A line break after which a text could be taken for a line of the programs themselves.
BREAK_BEFORE_OWN_LINE = r"\n(?=[^\S\n]*(?:\(play\)|awstrace[a-z-]*:))"
_PATTERN = re.compile(CONTROL)


def escape_controls(text: str) -> str:
    """Return the text with its control characters, invisible characters and lone surrogates escaped."""
    if text.isprintable():  # true for most texts, and quicker than the expression
        return text
    return _PATTERN.sub(lambda match: escaped(match[0]), text)


def escaped(character: str) -> str:
    """Return a character as Python's escape of it."""
    return character.encode("unicode_escape").decode("ascii")
