"""Calls operations with recorded parameters, and keeps botocore's clients for the next call of the same kind.

A replay of 200 lines needs few kinds of call: `iam get-user --region eu-west-1` is one, whatever the user's name, for
the recorded parameters take the place of those that awscli would read from the line. The first line of a kind is run
by a driver up to its call. This gives a session, the global options as awscli and the handlers of this operation have
resolved them, and a client. From then on awscli's operation caller sends the recorded parameters with this client,
and awscli's formatter prints the response: 5 to 10 ms in place of the 50 ms of a new driver.

A client is used again only while it is as good as a new one. What decides it is in the key: the line, the environment,
the person's files. Its credentials come from a place where they stay the same, and no request of it was refused,
redirected or sent again, which it would remember. Everything else has a driver of its own in `aws/driver`.
"""

from __future__ import annotations

import argparse
import copy
import os
import time
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import awscli.clidriver
import awscli.customizations.paginate
from botocore import UNSIGNED
from botocore.credentials import Credentials

from awstracer.aws import isolation
from awstracer.aws.argument_table import make_optional
from awstracer.aws.capture import CallRecorder, Outcome, snapshot
from awstracer.aws.catalog import load_aliases
from awstracer.aws.driver_factory import DriverFactory, customer_models_state, file_state
from awstracer.commandline.options import split_options
from awstracer.trace.model import Opaque, Operation

CAPACITY = 64  # kinds of call; each has a session and a client, of about a megabyte
IDLE = 3.0  # seconds after which a server may be about to close a connection
CONSTANT = ("env", "shared-credentials-file", "config-file")  # the credential providers whose answers stay the same
BUNDLE = "AWS_CA_BUNDLE"  # names a file
UPGRADE_WARNINGS = "AWS_CLI_UPGRADE_DEBUG_MODE"  # awscli warns at each line of what version 2 does otherwise
HARMLESS = {  # global options that change nothing but the call and what is printed, and whether each takes a value
    "--cli-connect-timeout": True,
    "--cli-read-timeout": True,
    "--color": True,
    "--endpoint-url": True,
    "--no-paginate": False,
    "--no-sign-request": False,
    "--no-verify-ssl": False,
    "--output": True,
    "--profile": True,
    "--query": True,
    "--region": True,
}


@dataclass(frozen=True)
class CallSettings:
    """What decides the clients of a line beside its operation, and the credentials: options, environment, files."""

    options: tuple[str, ...]
    environment: frozenset[tuple[str, str]]
    files: tuple[object, ...]


@dataclass(frozen=True)
class PlainLine:
    """A line that says nothing but the two words of an operation, and harmless global options."""

    argv: tuple[str, ...]
    words: tuple[str, ...]
    settings: CallSettings

    @classmethod
    def parse(cls, argv: Sequence[str]) -> PlainLine | None:
        """Return a line as it would run here and now; None if it says more."""
        rest, taken = split_options(argv, HARMLESS)
        words, options = tuple(argv[at] for at in rest), tuple(argv[at] for at in taken)
        if len(words) != 2 or any(word.startswith("-") for word in words):
            return None
        files = (*map(file_state, _settings_files()), *customer_models_state())
        return cls(tuple(argv), words, CallSettings(options, frozenset(os.environ.items()), files))


def _settings_files() -> list[str]:
    names = (
        os.environ.get("AWS_CONFIG_FILE", "~/.aws/config"),
        os.environ.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
        "~/.aws/cli/alias",
        os.environ.get(BUNDLE, ""),
    )
    return [os.path.expanduser(name) for name in names if name]


class ClientCache:
    """Calls the operations of plain lines, with one session and client for each kind of call."""

    def __init__(self, drivers: DriverFactory) -> None:
        self._drivers = drivers
        self._calls: OrderedDict[PlainLine, _PreparedCall] = OrderedDict()
        self._unfit: set[CallSettings] = set()

    def call(self, argv: Sequence[str], parameters: Mapping[str, Any]) -> Outcome | None:
        """Call the operation of a line; return None, with nothing sent, if it needs a driver of its own.

        Raise BadConfiguration if the person's configuration allows no driver.
        """
        line = PlainLine.parse(argv)
        call = self._take(line) if line is not None else None
        if line is None or call is None:
            return None
        outcome = call.send(parameters)
        if call.is_as_new(outcome):
            self._keep(line, call)
        return outcome

    def prepare_calls(self, lines: Iterable[Sequence[str]]) -> None:
        """Make the clients of those lines that occur more than once, for processes that will be forked from this one.

        Nothing is sent, and no credential provider is asked that could ask somebody else.
        """
        for argv, number in Counter(map(tuple, lines)).most_common(CAPACITY):
            line = PlainLine.parse(argv) if number > 1 else None
            call = self._take(line) if line is not None else None
            if line is not None and call is not None:
                self._keep(line, call)

    def _take(self, line: PlainLine) -> _PreparedCall | None:
        call = self._calls.pop(line, None)
        if call is not None and call.process in (None, os.getpid()):  # a forked process shares no connection
            return call
        return self._prepared(line) if line.settings not in self._unfit else None

    def _keep(self, line: PlainLine, call: _PreparedCall) -> None:
        self._calls[line] = call
        if len(self._calls) > CAPACITY:
            self._calls.popitem(last=False)

    def _prepared(self, line: PlainLine) -> _PreparedCall | None:
        """Run a line up to its call, and make the client; return None if its settings or its command don't allow it."""
        if line.words[0] in load_aliases():  # whatever the alias does, it would do now
            return None
        driver, capture = self._drivers.create(), CallRecorder()
        session = driver.session
        events = session.get_component("event_emitter")

        def check(**_: Any) -> None:
            if not _may_share_clients(session):
                self._unfit.add(line.settings)
                raise SystemExit

        events.register_first("session-initialized", check)
        events.register_last("before-building-argument-table-parser", make_optional)
        capture.attach(events)
        event = isolation.run_until(driver, line.argv, "calling-command", before_handlers=False)
        operation = capture.operation
        if event is None or operation is None or not isolation.has_standard_caller(capture.command):
            return None
        try:
            client = isolation.create_client(session, operation.service, event["parsed_globals"])
        except Exception:  # noqa: BLE001 - whatever is wrong, the driver will say it
            return None
        if not _is_constant(session, client):
            self._unfit.add(line.settings)
            return None
        return _PreparedCall(session, client, capture, operation, event["parsed_globals"])


def _may_share_clients(session: Any) -> bool:
    """Return whether nobody takes part in a session's calls, and its credentials are at hand without asking anybody."""
    if session.full_config.get("plugins") or session.get_scoped_config().get("cli_history"):
        return False
    if UPGRADE_WARNINGS in os.environ or isolation.is_history_enabled():
        return False
    if session.get_config_variable("ca_bundle") not in (None, os.environ.get(BUNDLE)):  # a file that isn't in the key
        return False
    config = session.get_default_client_config()
    if config is not None and config.signature_version is UNSIGNED:
        return True
    providers = session.get_component("credential_provider").providers
    return any(provider.METHOD in CONSTANT and provider.load() is not None for provider in providers)


def _is_constant(session: Any, client: Any) -> bool:
    """Return whether a client signs with credentials that stay the same, or doesn't sign."""
    credentials = isolation.resolved_credentials(session)
    lasts = type(credentials) is Credentials and credentials.method in CONSTANT
    return (lasts or client.meta.config.signature_version is UNSIGNED) and session.get_auth_token() is None


class _PreparedCall:
    """One kind of call: sends parameters with the client of its session."""

    def __init__(
        self, session: Any, client: Any, capture: CallRecorder, operation: Operation, parsed_globals: argparse.Namespace
    ) -> None:
        self.process: int | None = None
        self._session, self._client, self._capture = session, client, capture
        self._operation, self._globals = operation, parsed_globals
        self._paging = paging_parameters(session, operation.service, operation.name)
        self._caller = awscli.clidriver.CLIOperationCaller(session)
        self._last_used = time.monotonic()

    def send(self, parameters: Mapping[str, Any]) -> Outcome:
        """Call the operation and print its response."""
        if time.monotonic() - self._last_used > IDLE:
            self._client.close()
        self._capture.reset()
        self._capture.operation = replace(self._operation, parameters=snapshot(parameters))
        self.process = os.getpid()
        options = copy.copy(self._globals)
        options.paginate = options.paginate and not self._paging & set(parameters)
        name = self._operation.name
        code = isolation.run_call(lambda: self._caller.invoke(self._operation.service, name, dict(parameters), options))
        self._last_used = time.monotonic()
        return self._capture.outcome(code)

    def is_as_new(self, outcome: Outcome) -> bool:
        """Return whether the client remembers nothing of the call that came to this outcome."""
        return outcome.exit_code == 0 and self._capture.attempts <= len(outcome.calls) and not outcome.faults


class RecordedParameters:
    """Puts recorded parameters in the place of those that a driver reads from a line.

    A local file that is sent stays as awscli opened it.
    """

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._parameters = parameters
        self._paging: dict[str, set[str]] = {}

    def attach(self, session: Any) -> None:
        """Register for the events of a session."""
        events = session.get_component("event_emitter")
        events.register_last("before-building-argument-table-parser", make_optional)
        events.register_last("building-argument-table", self._find_paging)
        events.register_last("calling-command", self._substitute)

    def _find_paging(self, *, event_name: str, operation_model: Any, session: Any, **_: Any) -> None:
        service = operation_model.service_model.service_name
        self._paging[event_name.partition(".")[2]] = paging_parameters(session, service, operation_model.name)

    def _substitute(self, *, event_name: str, call_parameters: Any, parsed_globals: Any, **_: Any) -> None:
        recorded = self._parameters
        opened = {name: value for name, value in call_parameters.items() if isinstance(recorded.get(name), Opaque)}
        call_parameters.clear()
        call_parameters.update(recorded)
        call_parameters.update(opened)
        if self._paging.get(event_name.partition(".")[2], set()) & set(recorded):
            parsed_globals.paginate = False


def paging_parameters(session: Any, service: str, operation: str) -> set[str]:
    """Return the parameters with which somebody turns the pages of an operation, so that awscli doesn't.

    Follows `awscli.customizations.paginate.check_should_enable_pagination`.
    """
    config = awscli.customizations.paginate.get_paginator_config(session, service, operation) or {}
    tokens = config.get("input_token", [])
    return {*([tokens] if isinstance(tokens, str) else tokens), config.get("limit_key", "")}
