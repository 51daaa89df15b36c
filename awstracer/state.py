"""Where awstracer keeps what outlives its sessions."""

from __future__ import annotations

import os
from pathlib import Path


def folder() -> Path:
    """The person's own folder for that, as the XDG Base Directory Specification has it; it may not be there yet."""
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path("~/.local/state").expanduser()) / "awstracer"
