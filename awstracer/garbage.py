"""What takes much memory, and makes nothing that would have to be looked for: no garbage in cycles."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Nothing that is made here becomes garbage before the end; to look for some takes a quarter of the time.

    Frozen, it isn't looked through later either: it holds no cycles, and goes when nobody refers to it.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.freeze()
            gc.enable()
