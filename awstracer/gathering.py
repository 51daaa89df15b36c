"""What the processes of a recorded script tell, put together: commands, secrets, sleeps. The state of one recording."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from awstracer import recorded, tracefile
from awstracer.trace import Command

Message = dict[str, Any]


class Gathering:
    """One recording of a script; `commands` are those told so far.

    key           of the session's holes
    environment   the one that the script began in
    keep          is handed all commands, to have them on disk, after each
    note          is told what the person is to know at the end
    """

    def __init__(
        self,
        *,
        key: bytes,
        environment: Mapping[str, str],
        keep_secrets: bool,
        commands: Sequence[Command] = (),
        keep: Callable[[Sequence[Command]], None],
        note: Callable[[str], None],
    ) -> None:
        self.commands, self._left = list(commands), len(commands)
        self._key, self._keep_secrets = key, keep_secrets
        self._keep, self._note = keep, note
        self._environment = {name: value for name, value in environment.items() if name in _told()}
        self._secrets: set[str] = set()
        self._sleeping: dict[int, datetime] = {}
        self._slept: list[tuple[datetime, datetime]] = []

    @property
    def in_order(self) -> tuple[Command, ...]:
        """The commands in the order in which they started, with the pauses between them."""
        told = sorted(self.commands[self._left :], key=lambda command: command.started)
        paused = [replace(each, pause=self._pause(each, told[:number])) for number, each in enumerate(told)]
        return (*self.commands[: self._left], *paused)

    def answer(self, message: Message) -> Message:
        """Take what a process tells, and answer it; ValueError for a message that is none."""
        match message.get("do"):
            case "ask":
                return {
                    "key": self._key.hex(),
                    "secrets": sorted(self._secrets),
                    "environment": self._environment,
                    "keep_secrets": self._keep_secrets,
                }
            case "keep":
                self._secrets.update(message["secrets"])
                self._add(tracefile.command_of(message["command"]))
                return {"kept": True}
            case "note":
                self._note(str(message["text"]))
                return {"noted": True}
        raise ValueError(f"no message: {message.get('do')}")

    def falls_asleep(self, who: int) -> None:
        """A process of the script begins to sleep."""
        self._sleeping[who] = _now()

    def wakes(self, who: int) -> None:
        """It has ended."""
        self._slept.append((self._sleeping.pop(who), _now()))

    def _add(self, command: Command) -> None:
        earlier = [each for each in self.commands[self._left :] if each.started < command.started]
        self.commands.append(replace(command, pause=self._pause(command, earlier)))
        self._keep(self.commands)

    def _pause(self, command: Command, earlier: Sequence[Command]) -> float:
        """For how long the script slept between the earlier commands and this one."""
        sleeps = self._slept + [(began, command.started) for began in self._sleeping.values()]
        times = [each.ended if each.ended < command.started else each.started for each in earlier]
        begin = max(times, default=min((began for began, _ in sleeps), default=command.started))
        return recorded.slept(sleeps, begin, command.started)


def _told() -> set[str]:
    return {recorded.ACCESS_KEY, *recorded.REGION_2, *(name for names in recorded.VARIABLES.values() for name in names)}


def _now() -> datetime:
    return datetime.now(timezone.utc)
