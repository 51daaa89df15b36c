"""Keys of placeholders: with the same key, `secrets/placeholders` gives equal secrets equal placeholders."""

from __future__ import annotations

import os

KEY_LENGTH = 32  # bytes


def new_key() -> bytes:
    """Return a random key."""
    return os.urandom(KEY_LENGTH)
