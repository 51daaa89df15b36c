"""Pause the garbage collector while a large trace is loaded, or its relations are derived.

A trace of 10,000 commands is some million objects, none of which is garbage before the program ends. The collector
would look through all of them again and again: a quarter of the time of a dry run.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def gc_paused() -> Iterator[None]:
    """Collect no garbage in cycles before the block ends, and never look for it among what was made in the block."""
    is_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_enabled:
            gc.freeze()
            gc.enable()
