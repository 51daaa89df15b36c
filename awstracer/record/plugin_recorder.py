"""Records the command of one `aws` process, in which the plugin is loaded.

`PluginRecorder` attaches a `CallRecorder` when the command begins, and records what no API call has: the exit code, the
contents of `file://` words, the standard input. When the process ends, the command goes to the recorder of a script, if
AWSTRACER_RECORDING names its folder, or to the trace file in AWSTRACE_FILE (`record/client`). An error in here must not
hurt the command: it is printed on stderr at the end.

Standard library only: this runs in `aws`'s own Python.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from awstracer.aws import loaded_awscli
from awstracer.aws.api_model import CapturedApiModel
from awstracer.aws.capture import CallRecorder, snapshot
from awstracer.aws.settings import AWS_FAILED, RECORDER_VARIABLE, TRACE_FILE_VARIABLE
from awstracer.record import aws_cli_v2, rules
from awstracer.record.client import FinishedCommand, InputTee, append, deliver, errors_on_stderr, tee_stdin
from awstracer.trace.model import utc_now


@functools.cache
def _recorder() -> PluginRecorder:
    """Return the recorder of this process, which runs one command but may load plugins several times."""
    return PluginRecorder()


def watch(events: Any) -> None:
    """Record the command of awscli's event emitter."""
    _recorder().register(events)


class PluginRecorder:
    """Records this process's command when the process ends."""

    def __init__(self) -> None:
        self._capture, self._started = CallRecorder(), utc_now()
        self._options: dict[str, bool] = {}
        self._awscli_version = ""
        self._emitters: list[Any] = []
        self._exit_code: int | None = None
        self._stdin: InputTee | None = None
        atexit.register(self._end)

    def register(self, events: Any) -> None:
        """Wait for the command to begin: awscli has registered its own handlers by then, and ours come last."""
        events.register_last("building-top-level-params", self._read_options)
        events.register_first("session-initialized", functools.partial(self._begin, events))

    def emit(self, event_type: str, payload: Any, _source: str) -> None:
        """Take the exit code from awscli's history, which calls its handlers with this method."""
        if event_type == "CLI_RC":
            self._exit_code = payload

    @property
    def _is_v2(self) -> bool:
        return self._awscli_version.startswith("2.")

    def _read_options(self, *, argument_table: Mapping[str, Any], **_: Any) -> None:
        with self._errors_as_faults():
            for name, argument in argument_table.items():
                is_flag = name == "version" or argument.cli_type_name == "boolean"
                self._options[f"--{name}"] = not is_flag

    def _begin(self, events: Any, **_: Any) -> None:
        if events in self._emitters:
            return
        self._emitters.append(events)
        for prepare in (self._attach_capture, self._join_history, self._record_files, self._tee_stdin):
            with self._errors_as_faults():
                prepare(events)

    def _attach_capture(self, events: Any) -> None:
        self._awscli_version = loaded_awscli.version()
        self._capture.attach(events)
        if self._is_v2:
            events.register_first("before-parameter-build", self._decode_blobs)

    def _join_history(self, _: Any) -> None:
        history = loaded_awscli.history_recorder()
        history.add_handler(self)
        history.enable()  # whether it is written to disk is for awscli's own handler, which the user's settings add

    def _record_files(self, _: Any) -> None:
        loaded_awscli.replace_readers(loaded_awscli.record_files(self._capture.files))

    def _tee_stdin(self, _: Any) -> None:
        self._stdin = self._stdin or tee_stdin()

    def _decode_blobs(self, *, params: Any, model: Any, context: Any, **_: Any) -> None:
        with self._errors_as_faults():
            sent = snapshot(params)
            self._capture.amend(context, lambda first: aws_cli_v2.decode_blobs(first, sent, model.input_shape))

    @contextlib.contextmanager
    def _errors_as_faults(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - the command must not fail for it
            self._capture.faults.append(f"{type(error).__name__}: {error}")

    def _end(self) -> None:
        """Record the command, now that the process ends."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with errors_on_stderr():
            models = CapturedApiModel(self._capture.models)
            finished, folder = self._finished(models), os.environ.get(RECORDER_VARIABLE)
            if folder:
                deliver(finished, models, Path(folder))
            else:
                append(Path(os.environ[TRACE_FILE_VARIABLE]).expanduser(), finished, models)

    def _finished(self, models: CapturedApiModel) -> FinishedCommand:
        exit_code = self._exit_code
        if exit_code is None:  # awscli ended without telling its history: of a line that it didn't understand
            exit_code = AWS_FAILED if self._capture.calls else rules.USAGE_ERRORS[0]
        outcome = self._capture.outcome(exit_code)
        if self._stdin is not None and self._stdin.was_read:
            outcome = replace(outcome, read_input=True)
        if self._is_v2:
            outcome = aws_cli_v2.with_bytes(outcome, models.inputs())
        return FinishedCommand(
            argv=sys.argv[1:],
            outcome=outcome,
            started=self._started,
            ended=utc_now(),
            environment=dict(os.environ),
            options=self._options,
            major_version=2 if self._is_v2 else 1,
            awscli_version=self._awscli_version,
            stdin=self._stdin,
        )
