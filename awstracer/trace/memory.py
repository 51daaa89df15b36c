"""Pause the garbage collector while a large trace is loaded, or its relations are derived.

A trace of 10,000 commands has several million objects, all of which are used until the program ends. The collector
would traverse all of them again and again: a quarter of the time of a dry run.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def gc_paused() -> Iterator[None]:
    """Disable the collector inside the block, and exclude for good what the block created."""
    is_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_enabled:
            gc.freeze()
            gc.enable()
