"""Runs `aws` lines in this process, with awscli's own driver.

`AwsCli.run(["ec2", "create-vpc", "--cidr-block", "10.0.0.0/16"])` does what `aws ec2 create-vpc ...` does, and returns
an `Outcome` with the API calls. `AwsCli.replay` runs a recorded line: the operation is called with the plan's
parameters, `file://` words stand for their recorded contents, and `--endpoint-url` holds for all API requests.

Each line has a driver of its own, unless `aws/clients` has a client for it. `aws/capture` records the calls,
`aws/isolation` undoes what a line changes in the process, `aws/catalog` says what awscli offers.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from awstracer.aws import argument_files, endpoints, isolation
from awstracer.aws.argument_files import Files
from awstracer.aws.argument_table import make_optional
from awstracer.aws.capture import CallRecorder, Outcome
from awstracer.aws.catalog import Catalog
from awstracer.aws.clients import ClientCache, load_client_code, paging_parameters
from awstracer.aws.driver_factory import DriverFactory
from awstracer.aws.loaded_awscli import Content, Reader, record_files
from awstracer.aws.settings import AWS_FAILED, Environment
from awstracer.errors import BadConfiguration, ExitCode
from awstracer.trace.model import STDIN, Opaque

NO_ENVIRONMENT: Environment = {}


class AwsCli:
    """awscli in this process; `catalog` is what it offers."""

    def __init__(self, drivers: DriverFactory | None = None) -> None:
        self._drivers = drivers or DriverFactory()
        self.catalog = Catalog(self._drivers)
        self._clients = ClientCache(self._drivers)

    def run(self, argv: Sequence[str]) -> Outcome:
        """Run a line as `aws` would, with this process's streams, and return what it did."""
        return self._run(argv, lambda _, capture: record_files(capture.files))

    def replay(
        self,
        argv: Sequence[str],
        *,
        parameters: Mapping[str, Any] | None,
        files: Files,
        environment: Environment = NO_ENVIRONMENT,
    ) -> Outcome:
        """Run a recorded line. Its `file://` words stand for what `files` holds, and no other word is expanded.

        An `--endpoint-url` holds for all API requests of the command.

        `files[STDIN]` is the line's standard input. `environment` holds for this line only; variables with None are
        removed.

        With `parameters` the operation is called with these, and the line has only what is no parameter. No line can
        have all parameters (bytes inside a structure), and awscli changes some (a literal `https://...`). Without, the
        line is a custom command's, and calls no operation of its own.
        """
        words = {word: content for word, content in files.items() if word != STDIN}

        def prepare(driver: Any, _: CallRecorder) -> Reader:
            if parameters is None:
                _forbid_operations(driver.session)
            else:
                _substitute_parameters(driver.session, parameters)
            endpoints.hold_endpoint(driver)
            return argument_files.serve_files(driver.session, words)

        with _environment_changed(environment), _input_from(files.get(STDIN)):
            outcome = self._call(argv, parameters) if parameters is not None else None
            return outcome or self._run(argv, prepare)

    def _call(self, argv: Sequence[str], parameters: Mapping[str, Any]) -> Outcome | None:
        """Call an operation with a cached client; return None, with nothing sent, if the line needs a driver."""
        try:
            return self._clients.call(argv, parameters)
        except BadConfiguration:  # the driver will say it
            return None
        except KeyboardInterrupt:  # before the call: during it, the call ends and has an outcome
            print()
            return Outcome(ExitCode.INTERRUPTED)

    def _run(self, argv: Sequence[str], prepare: Callable[[Any, CallRecorder], Reader]) -> Outcome:
        try:
            driver, capture = self._drivers.create(), CallRecorder()
        except BadConfiguration as error:
            print(error, file=sys.stderr)  # as awscli would end, without its traceback
            return Outcome(AWS_FAILED)
        reader = prepare(driver, capture)
        capture.attach(driver.session.get_component("event_emitter"))
        exit_code, was_read = isolation.run_line(driver, argv, reader)
        return replace(capture.outcome(exit_code), read_input=was_read)

    def account(self, extra: Sequence[str]) -> str | None:
        """Return the account of the credentials in use, as STS says; None if it doesn't. `extra` are global options.

        Raise KeyboardInterrupt if Ctrl-C is pressed. Any other failure will meet the commands, which report it.
        """
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            outcome = self.replay(["sts", "get-caller-identity", *extra], parameters={}, files={})
        if outcome.exit_code == ExitCode.INTERRUPTED:
            raise KeyboardInterrupt
        return next((str(call.response["Account"]) for call in outcome.calls if call.response), None)

    def preload(self) -> None:
        """Load what every line needs, so that processes forked from this one have it."""
        self.catalog.global_options()
        load_client_code(self._drivers.create().session)

    def prepare_calls(self, lines: Iterable[Sequence[str]]) -> None:
        """Make the clients of operations' lines, as `replay` takes them, for processes forked from this one.

        Nothing is sent, printed or asked. Raise KeyboardInterrupt if Ctrl-C is pressed.
        """
        with contextlib.suppress(BadConfiguration):  # each line will report it
            self._clients.prepare_calls(lines)


def _substitute_parameters(session: Any, recorded: Mapping[str, Any]) -> None:
    """Have the operation of a session's line called with recorded parameters, in place of those that the line gives.

    A local file that is sent stays as awscli opened it.
    """
    paging: set[str] = set()

    def find_paging(*, operation_model: Any, session: Any, **_: Any) -> None:
        paging.update(paging_parameters(session, operation_model.service_model.service_name, operation_model.name))

    def substitute(*, call_parameters: Any, parsed_globals: Any, **_: Any) -> None:
        opened = {name: value for name, value in call_parameters.items() if isinstance(recorded.get(name), Opaque)}
        call_parameters.clear()
        call_parameters.update({**recorded, **opened})
        if paging & set(recorded):
            parsed_globals.paginate = False

    events = session.get_component("event_emitter")
    events.register_last("before-building-argument-table-parser", make_optional)
    events.register_last("building-argument-table", find_paging)
    events.register_last("calling-command", substitute)


def _forbid_operations(session: Any) -> None:
    """Have a session's line fail where it would call an operation as its own command: nothing has shown its parameters.

    awscli raises an exception that a handler of `calling-command` returns (`ServiceOperation.__call__`).
    """
    own: list[str] = []

    def remember(*, command: Any, **_: Any) -> None:
        if len(command.lineage_names) == 2:  # a waiter has three
            own.append(" ".join(command.lineage_names))

    def forbid(**_: Any) -> Exception | None:
        return RuntimeError(f"aws {own[-1]} has no operation in the trace, and is not run") if own else None

    events = session.get_component("event_emitter")
    events.register_last("building-argument-table", remember)
    events.register_last("calling-command", forbid)


@contextlib.contextmanager
def _environment_changed(changes: Environment) -> Iterator[None]:
    """Set environment variables, and remove those with None, for the time of the block."""
    before = {name: os.environ.get(name) for name in changes}
    try:
        _set_environment(changes)
        yield
    finally:
        _set_environment(before)


def _set_environment(variables: Environment) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@contextlib.contextmanager
def _input_from(content: Content | None) -> Iterator[None]:
    """Let the standard input hold a content; None for what it holds anyway."""
    before = sys.stdin
    if content is not None:
        raw = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
        sys.stdin = io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8")
    try:
        yield
    finally:
        sys.stdin = before
