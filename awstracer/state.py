"""The old name of `tracefile.state_directory`, for modules that aren't renamed yet."""

from awstracer.tracefile import state_directory as folder

__all__ = ["folder"]
