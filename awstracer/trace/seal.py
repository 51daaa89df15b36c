"""The seal of a trace tells whether this person's recorder wrote it, and nobody has changed it since.

It is an HMAC (RFC 2104, with SHA-256) over the JSON of everything else in the file, under a random key that only this
person can read. A trace from somebody else has none, or another key's; so has one that was changed in an editor. Such a
trace is foreign: `plan/safety_checks` asks about what it does on this machine.

The key is in the state folder. Without it each trace is foreign, and nothing else is lost.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

KEY_LENGTH = 32  # bytes
SHORTEST_KEY = 16  # bytes: of a key for placeholders that an older version made
SEAL = "seal"  # a member of `recorded`


def sealed(trace: Mapping[str, Any], key: bytes) -> dict[str, Any]:
    """Return the JSON of a trace with its seal."""
    return {**trace, "recorded": {**trace["recorded"], SEAL: _seal(trace, key)}}


def is_intact(trace: Any, key: bytes) -> bool:
    """Return whether the JSON of a trace has the seal that this key gives it."""
    recorded = trace.get("recorded") if isinstance(trace, dict) else None
    seal = recorded.get(SEAL) if isinstance(recorded, dict) else None
    if not isinstance(seal, str) or not seal.isascii():
        return False
    try:
        return hmac.compare_digest(seal, _seal(trace, key))
    except RecursionError:  # it is nested too deeply to be a trace
        return False


def _seal(trace: Mapping[str, Any], key: bytes) -> str:
    recorded = {name: value for name, value in trace["recorded"].items() if name != SEAL}
    text = json.dumps({**trace, "recorded": recorded}, sort_keys=True, separators=(",", ":"))
    return hmac.new(key, text.encode("ascii"), hashlib.sha256).hexdigest()


# --- keys


def make_key(file: Path) -> bytes | None:
    """Return the key in a file, which is made if it isn't there; None if that can't be done."""
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            _create_key(file)
    return read_key(file)


def read_key(file: Path) -> bytes | None:
    """Return the key in a file; None if there is none. What is empty or short is no key: anybody could know it."""
    with contextlib.suppress(OSError):
        key = file.read_bytes()
        return key if len(key) >= SHORTEST_KEY else None
    return None


def _create_key(file: Path) -> None:
    """Create the file of a key, of mode 0600. If several processes do so at once, one of them succeeds."""
    draft = file.with_name(f".{file.name}.{os.urandom(8).hex()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(os.urandom(KEY_LENGTH))
        with contextlib.suppress(FileExistsError):
            os.link(draft, file)
    finally:
        draft.unlink()
