"""Escapes control characters, so that no text from a trace or from AWS can control the terminal.

The text "a" + ESC + "[31m" is shown as `a\\x1b[31m`. Tabs and line breaks stay. This module imports
nothing else of the package, since `--help` needs it.
"""

from __future__ import annotations

import re

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def escape_controls(text: str) -> str:
    """Return the text with its control characters, bidirectional marks and lone surrogates escaped."""
    if text.isprintable():  # true for most texts, and quicker than the expression
        return text
    return CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)
