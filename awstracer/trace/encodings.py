"""Encodings in which one string carries another: base64, and percent-encoding as in URLs.

Policies and user data are often sent encoded. `vpc-id%3Dvpc-0a1b` carries `vpc-id=vpc-0a1b`; a module that looks for
`vpc-0a1b` decodes the string first, and maps the position of what it finds back to the encoded string.

The form of a UUID stands here too, since two packages look for it in strings.
"""

from __future__ import annotations

import base64
import re

BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
SHORTEST_BASE64 = 16  # characters; many shorter words are valid base64 by chance
UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\x7e\u00a0-\uffff]")
SEVERAL_WORDS = re.compile(r"\s|[{=]")
PERCENT = re.compile(r"%[2-7][0-9A-Fa-f]")  # of printable ASCII characters
UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.I)  # 128 bits, written in hexadecimal
IN_URL = re.compile(r"://(?:[^\s/:@\"']*:|[^\s\"'<>?]*\?(?:[^\s\"'<>]*[&;])?[\w.-]+=)\Z")


def decode_base64(text: str) -> str | None:
    """Return the text that a base64 string stands for; None if it isn't base64 of a text with several words."""
    if len(text) < SHORTEST_BASE64 or len(text) % 4 or not BASE64.fullmatch(text):
        return None
    try:
        plain = base64.b64decode(text, validate=True).decode("utf-8")
    except ValueError:
        return None
    return plain if not UNPRINTABLE.search(plain) and SEVERAL_WORDS.search(plain) else None


def decode_percent(text: str) -> tuple[str, list[int]]:
    """Decode a percent-encoded text; return it with the position in `text` of each of its characters, and of its end.

    A text in which nothing is encoded is returned unchanged, with no positions: `a%3Db` gives `a=b` and [0, 1, 4, 5].
    """
    if "%" not in text or not PERCENT.search(text):
        return text, []
    positions: list[int] = []
    end = 0
    for match in PERCENT.finditer(text):
        positions += range(end, match.start() + 1)
        end = match.end()
    plain = PERCENT.sub(lambda match: chr(int(match[0][1:], 16)), text)
    return plain, [*positions, *range(end, len(text) + 1)]


def is_in_url(before: str) -> bool:
    """Return whether a value right behind the text `before` is a password or a query parameter of a URL.

    There it must be percent-encoded: `https://example.com/?token=` and `postgres://user:` are such texts.
    """
    return bool(IN_URL.search(before))
