"""Failures that are as they should be: a command that failed when it was recorded, and fails in the same way now."""

from __future__ import annotations

from collections.abc import Sequence

from awstracer.trace import Call, Command, error_code


def fails_as_recorded(command: Command, exit_code: int, calls: Sequence[Call]) -> bool:
    """Whether a command that ended so, with these calls, failed as it did when it was recorded.

    The last error has to be the same; where nothing was called, any failure is.
    """
    has_failed_twice = command.exit_code != 0 and exit_code != 0
    return has_failed_twice and (not command.calls or error_code(calls) == command.error_code)
