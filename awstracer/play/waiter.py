"""Decides what the outcome of a replayed command means: done, to be sent again, or failed.

Two things in a trace make an outcome mean something else than its exit code says:

- A command that failed when it was recorded is done when it fails with the same error code. A script asks
  `iam get-user --user-name alice` to see whether there is an alice: `NoSuchEntity` is the expected error.
- A command that was recorded as a poll is sent again until the conditions of `Poll.until` hold of what it prints, say
  `DBInstances[0].DBInstanceStatus` is `available`, or while it fails with one of the codes in `Poll.failing`.

`record/poll_detector` finds the polls in a recording. `play/player` sleeps and runs the command again. `play/retry` has
the errors that pass by themselves, though the script did not wait for them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

from awstracer.trace.model import Call, Command, Poll, error_code

SHORTEST_LIMIT = 600.0  # seconds
LIMIT_IN_DURATIONS = 10  # times as long as the recorded poll took
SHORTEST_RECORDED_INTERVAL = 0.5  # seconds
SHORTEST_INTERVAL = 0.2  # seconds, with -s


class PollStatus(Enum):
    """What a run of a command means for the replay."""

    DONE = "done"
    AGAIN = "again"
    FAILED = "failed"


def poll_status(command: Command, exit_code: int, calls: Sequence[Call], get_printed: Callable[[], Any]) -> PollStatus:
    """Return what a run of a recorded command means that ended with this exit code and made these calls.

    `get_printed` returns what the run printed: its response or, of that, what its `--query` selects. It is called for
    polls only.
    """
    if fails_as_recorded(command, exit_code, calls):
        return PollStatus.DONE
    poll = command.poll
    if exit_code != 0:
        may_pass = poll is not None and error_code(calls) in poll.failing
        return PollStatus.AGAIN if may_pass else PollStatus.FAILED
    if poll is None:
        return PollStatus.DONE
    is_met = command.exit_code == 0 and poll.first_unmet(get_printed()) is None
    return PollStatus.DONE if is_met else PollStatus.AGAIN


def fails_as_recorded(command: Command, exit_code: int, calls: Sequence[Call]) -> bool:
    """Return whether a command failed now as it did when it was recorded: with the same last error code.

    Where the recorded command called nothing (awscli rejected the line), any failure counts.
    """
    has_failed_twice = command.exit_code != 0 and exit_code != 0
    return has_failed_twice and (not command.calls or error_code(calls) == command.error_code)


def poll_limit(command: Command) -> float:
    """Return the seconds after which a poll ends though its conditions do not hold."""
    return max(SHORTEST_LIMIT, LIMIT_IN_DURATIONS * (command.ended - command.started).total_seconds())


def poll_interval(poll: Poll, pause: float | None) -> float:
    """Return the seconds between two runs of a poll: those of `pause` (`-s`) or, if that is None, the recorded ones."""
    if pause is not None:
        return max(pause, SHORTEST_INTERVAL)
    return max(poll.interval, SHORTEST_RECORDED_INTERVAL)
