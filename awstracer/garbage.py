"""The old name of `memory.gc_paused`, for modules that aren't renamed yet."""

from awstracer.memory import gc_paused as uncollected

__all__ = ["uncollected"]
