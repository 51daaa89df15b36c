"""One plain `aws` process, watched by the plugin: what its command did is recorded when it ends.

Nothing here may hurt the command: what goes wrong is said on stderr, and that is all.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from importlib import import_module
from pathlib import Path
from typing import Any

from awstracer import delivery, inputs, recorded, version2
from awstracer.capture import Capture, copied
from awstracer.delivery import Run
from awstracer.shapes import Models
from awstracer.variables import FILE, RECORDING

FAILED = 255


@functools.cache
def _watch() -> Watch:
    return Watch()


def watch(events: Any) -> None:
    """Take part in the events of an emitter; an `aws` process may have several, and runs one command."""
    _watch().join(events)


class Watch:
    """One process's command."""

    def __init__(self) -> None:
        self._capture, self._started = Capture(), _now()
        self._options: dict[str, bool] = {}
        self._version, self._awscli = 1, ""
        self._joined: list[Any] = []
        self._code: int | None = None
        self._stdin: inputs.KeptInput | None = None
        atexit.register(self._end)

    def join(self, events: Any) -> None:
        """Wait for an emitter's command to begin: awscli's own handlers are registered by then, and ours come last."""
        events.register_last("building-top-level-params", self._note_options)
        events.register_first("session-initialized", functools.partial(self._begin, events))

    def _note_options(self, *, argument_table: Mapping[str, Any], **_: Any) -> None:
        with self._faults_noted():
            for name, argument in argument_table.items():
                is_flag = name == "version" or argument.cli_type_name == "boolean"
                self._options[f"--{name}"] = not is_flag

    def _begin(self, events: Any, **_: Any) -> None:
        if events in self._joined:
            return
        self._joined.append(events)
        with self._faults_noted():
            self._awscli = str(import_module("awscli").__version__)
            self._capture.attach(events)
            self._version = 2 if self._awscli.startswith("2.") else 1
            if self._version == 2:
                events.register_first("before-parameter-build", self._decode)
        for prepare in (self._note_exit_code, self._note_files, self._note_input):
            with self._faults_noted():
                prepare()

    def _decode(self, *, params: Any, model: Any, context: Any, **_: Any) -> None:
        with self._faults_noted():
            later = copied(params)
            self._capture.amend(context, lambda first: version2.decoded(first, later, model.input_shape))

    def _note_exit_code(self) -> None:
        """Have awscli's history, which is told the exit code whether it is kept or not, tell it us."""
        history = import_module("awscli.clidriver").HISTORY_RECORDER
        record = history.record

        def noting(event: str, payload: Any, *rest: Any, **more: Any) -> None:
            if event == "CLI_RC":
                self._code = payload
            record(event, payload, *rest, **more)

        history.record = noting

    def _note_files(self) -> None:
        """Have awscli's readers of `file://` words note what they read; awscli is about to copy their table."""
        module = import_module("awscli.paramfile")
        for prefixes in (module.LOCAL_PREFIX_MAP, getattr(module, "REMOTE_PREFIX_MAP", {})):
            for prefix, (read, how) in list(prefixes.items()):
                prefixes[prefix] = (_noting(read, self._capture.files), how)

    def _note_input(self) -> None:
        self._stdin = self._stdin or inputs.keep()

    @contextlib.contextmanager
    def _faults_noted(self) -> Any:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is, the command must not notice
            self._capture.faults.append(f"{type(error).__name__}: {error}")

    def _end(self) -> None:
        """The process ends: its command is recorded."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with delivery.failures_told():
            self._record()

    def _record(self) -> None:
        models = Models(self._capture.models)
        misunderstood = FAILED if self._capture.calls else recorded.USAGE[0]
        outcome = self._capture.outcome(misunderstood if self._code is None else self._code)
        if self._stdin is not None and self._stdin.was_read:
            outcome = replace(outcome, read_input=True)
        if self._version == 2:
            outcome = version2.with_bytes(outcome, models.inputs())
        times, argv = (self._started, _now()), sys.argv[1:]
        run = Run(argv, outcome, *times, dict(os.environ), self._options, self._version, self._awscli, self._stdin)
        folder = os.environ.get(RECORDING)
        if folder:
            delivery.hand_over(run, models, Path(folder))
        else:
            delivery.append(Path(os.environ[FILE]).expanduser(), run, models)


def _noting(read: Callable[..., Any], files: dict[str, Any]) -> Callable[..., Any]:
    def noting(prefix: str, word: str, **how: Any) -> Any:
        content = read(prefix, word, **how)
        files[word] = content
        return content

    return noting


def _now() -> datetime:
    return datetime.now(timezone.utc)
