"""The state of one script's recording: its commands, the secrets in them, and the pauses between them.

The processes of the script report while they run, in any order. `ScriptRecording` replies to their messages
(`record/protocol`), writes each command to the journal at once, and orders the commands at the end by when they
started. If the script ran `sleep 5` between two commands, the second one has a pause of 5 seconds.
`record/server` has the connections.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from awstracer.aws.settings import OBSERVED_VARIABLES
from awstracer.record import rules
from awstracer.record.protocol import Acknowledgement, CommandReport, Message, NoteReport, SessionInfo, SessionRequest
from awstracer.trace import serializer
from awstracer.trace.model import Command, utc_now


class ScriptRecording:
    """One recording of a script.

    key          the key of the placeholders
    environment  the one that the script began with
    unsaved      the commands that an earlier recording has left in the journal
    write        writes all commands to the journal
    note         takes a sentence that the person is to read when the script has ended
    """

    def __init__(
        self,
        *,
        key: bytes,
        environment: Mapping[str, str],
        keep_secrets: bool,
        unsaved: Sequence[Command] = (),
        write: Callable[[Sequence[Command]], None],
        note: Callable[[str], None],
    ) -> None:
        self._unsaved, self._commands = tuple(unsaved), list[Command]()
        self._key, self._keep_secrets = key, keep_secrets
        self._write, self.note = write, note
        self._environment = {name: environment[name] for name in OBSERVED_VARIABLES if name in environment}
        self._secrets: set[str] = set()
        self._sleeping: dict[Hashable, datetime] = {}
        self._sleeps: list[tuple[datetime, datetime]] = []

    @property
    def commands(self) -> tuple[Command, ...]:
        """All commands, in the order in which they started, with the pauses between them."""
        ordered = sorted(self._commands, key=lambda command: command.started)
        paused = [replace(each, pause=self._pause(each, ordered[:number])) for number, each in enumerate(ordered)]
        return (*self._unsaved, *paused)

    def reply_to(self, message: Message) -> Message:
        """Take a message from a process, and return the reply. Raise ValueError for one that is not expected."""
        match message:
            case SessionRequest():
                return SessionInfo(
                    key=self._key.hex(),
                    secrets=sorted(self._secrets),
                    environment=self._environment,
                    keep_secrets=self._keep_secrets,
                )
            case CommandReport():
                self._secrets.update(message.secrets)
                self._add(serializer.command_from_json(message.command))
            case NoteReport():
                self.note(message.text)
            case _:
                raise ValueError(f"a recorder gets no {type(message).__name__}")
        return Acknowledgement()

    def start_sleep(self, sleeper: Hashable) -> None:
        """Note that a process of the script begins to sleep."""
        self._sleeping[sleeper] = utc_now()

    def end_sleep(self, sleeper: Hashable) -> None:
        """Note that the process has ended."""
        self._sleeps.append((self._sleeping.pop(sleeper), utc_now()))

    def _add(self, command: Command) -> None:
        earlier = [each for each in self._commands if each.started < command.started]
        self._commands.append(replace(command, pause=self._pause(command, earlier)))
        self._write([*self._unsaved, *self._commands])

    def _pause(self, command: Command, earlier: Sequence[Command]) -> float:
        """Return for how many seconds the script slept between the earlier commands and this one."""
        sleeps = self._sleeps + [(began, command.started) for began in self._sleeping.values()]
        times = [each.ended if each.ended < command.started else each.started for each in earlier]
        begin = max(times, default=min((began for began, _ in sleeps), default=command.started))
        return rules.seconds_slept(sleeps, begin, command.started)
