"""Caches botocore's sessions and clients: the next call of the same kind takes 5 to 10 ms, not the 50 of a new driver.

`iam get-user --region eu-west-1` is one kind of call, whatever the user's name: the recorded parameters are sent, and
not those that awscli would read from the line. Three things are made once and used again:

- the session, for all lines of the same settings: global options, environment and files. A driver has read the options
  of the first such line, and awscli's handlers have set the session up for them;
- the client, for all operations of a service;
- the call, for each operation: its command is run up to its call, with all that awscli's handlers do.

From then on awscli's operation caller sends parameters with this client, and awscli's formatter prints the responses.

A session and its clients are used only while they are as good as new ones:

- if the environment or one of the person's files changes, the settings are others;
- the credentials stay the same, and no plugin and no history takes part in the calls;
- each request succeeded at once: a client remembers redirects and retries.

Every other line has a driver of its own (`aws/driver`).
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import os
import time
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import awscli.clidriver
import awscli.customizations.paginate
from botocore import UNSIGNED
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError

from awstracer.aws import endpoints, isolation
from awstracer.aws.argument_table import make_optional
from awstracer.aws.capture import CallRecorder, Outcome, snapshot
from awstracer.aws.catalog import load_aliases
from awstracer.aws.driver_factory import DriverFactory, customer_models_state, file_state
from awstracer.aws.settings import V1_GLOBAL_OPTIONS, configuration_files
from awstracer.commandline.options import split_options
from awstracer.trace.model import Operation

CAPACITY = 64  # sessions; each client of one takes about a megabyte
MAX_IDLE = 3.0  # seconds after which a server may be about to close a connection
CONSTANT = ("env", "shared-credentials-file", "config-file")  # the credential providers whose answers stay the same
UPGRADE_WARNINGS = "AWS_CLI_UPGRADE_DEBUG_MODE"  # awscli warns at each line of what version 2 does otherwise
NEED_A_DRIVER = ("--ca-bundle", "--debug", "--v2-debug", "--version")
HARMLESS = {name: has_value for name, has_value in V1_GLOBAL_OPTIONS.items() if name not in NEED_A_DRIVER}


@dataclass(frozen=True)
class CallKind:
    """What decides how a line is called: the words of its operation; its options, the environment and the files."""

    words: tuple[str, ...]
    settings: Hashable

    @classmethod
    def of(cls, argv: Sequence[str]) -> CallKind | None:
        """Return the kind of a line here and now; None if it has more than an operation's words and harmless options.

        An alias is no operation. Raise BadConfiguration if the file of aliases can't be read.
        """
        own, of_globals = split_options(argv, HARMLESS)
        words, options = tuple(argv[at] for at in own), tuple(argv[at] for at in of_globals)
        if len(words) != 2 or any(word.startswith("-") for word in words) or words[0] in load_aliases():
            return None
        files = (*map(file_state, configuration_files(os.environ)), *customer_models_state())
        return cls(words, (options, frozenset(os.environ.items()), files))


class ClientCache:
    """Calls the operations of lines, with one session for all lines of the same settings."""

    def __init__(self, drivers: DriverFactory) -> None:
        self._drivers = drivers
        self._sessions: dict[Hashable, _SharedSession] = {}
        self._unfit: set[Hashable] = set()  # settings under which no client can be cached

    def call(self, argv: Sequence[str], parameters: Mapping[str, Any]) -> Outcome | None:
        """Call the operation of a line; return None, with nothing sent, if it needs a driver of its own.

        Raise BadConfiguration if the person's configuration allows no driver.
        """
        kind = CallKind.of(argv)
        session = self._session(kind, argv) if kind else None
        call = session.call_of(kind.words) if kind and session else None
        if kind is None or call is None:
            return None
        outcome = call.send(parameters)
        if not call.is_as_new(outcome):
            del self._sessions[kind.settings]
        return outcome

    def prepare_calls(self, lines: Iterable[Sequence[str]]) -> None:
        """Make the sessions of lines, and the clients of those that occur more than once, for forked processes.

        Nothing is sent, and no credential provider is asked that could ask somebody else.
        """
        for argv, number in Counter(map(tuple, lines)).items():
            kind = CallKind.of(argv)
            session = self._session(kind, argv) if kind else None
            if kind and session and number > 1:
                session.call_of(kind.words)

    def _session(self, kind: CallKind, argv: Sequence[str]) -> _SharedSession | None:
        """Return the session for a line's settings, which is made if there is none; None if they don't allow it."""
        if kind.settings not in self._sessions and kind.settings not in self._unfit:
            session = self._make_session(argv)
            if session is None:
                self._unfit.add(kind.settings)
            else:
                self._sessions[kind.settings] = session
            if len(self._sessions) > CAPACITY:
                del self._sessions[next(iter(self._sessions))]
        return self._sessions.get(kind.settings)

    def _make_session(self, argv: Sequence[str]) -> _SharedSession | None:
        driver = self._drivers.create()
        options = isolation.initialize_session(driver, argv, _may_share_clients)
        return None if options is None else _SharedSession(driver, options)


def _may_share_clients(session: Any) -> bool:
    """Return whether nobody takes part in a session's calls, and its credentials are at hand without asking anybody."""
    if session.full_config.get("plugins") or session.get_scoped_config().get("cli_history"):
        return False
    if UPGRADE_WARNINGS in os.environ:
        return False
    providers = session.get_component("credential_provider").providers
    constant = (provider for provider in providers if provider.METHOD in CONSTANT)
    return _is_unsigned(session) or (
        any(provider.load() is not None for provider in constant) and _has_constant_credentials(session)
    )


def _is_unsigned(session: Any) -> bool:
    config = session.get_default_client_config()
    return config is not None and config.signature_version is UNSIGNED


def _has_constant_credentials(session: Any) -> bool:
    """Return whether the credentials that a session finds stay the same."""
    credentials = session.get_credentials()
    return type(credentials) is Credentials and credentials.method in CONSTANT


class _SharedSession:
    """A session that has been set up for the global options of a line, and its calls: one for each operation."""

    def __init__(self, driver: Any, options: argparse.Namespace) -> None:
        self._driver, self._options = driver, options
        self._capture = CallRecorder()
        events = driver.session.get_component("event_emitter")
        events.register_last("before-building-argument-table-parser", make_optional)
        self._capture.attach(events)
        self._caller = awscli.clidriver.CLIOperationCaller(driver.session)
        self._calls: dict[tuple[str, ...], _PreparedCall | None] = {}
        self._clients: dict[str, _SharedClient] = {}
        if options.endpoint_url is not None:
            endpoints.keep_host(driver.session)
        isolation.share_clients(driver.session)

    def call_of(self, words: tuple[str, ...]) -> _PreparedCall | None:
        """Return the call of an operation; None if its command does more than call the operation."""
        if words not in self._calls:
            with isolation.handlers_restored(self._driver):
                self._calls[words] = self._prepare(words)
        return self._calls[words]

    def _prepare(self, words: tuple[str, ...]) -> _PreparedCall | None:
        """Run an operation's command up to its call, which makes its service's client if there is none yet."""
        self._capture.reset()
        ready = isolation.run_until_call(self._driver, words, self._options)
        operation = self._capture.operation
        if ready is None or operation is None:
            return None
        client = self._clients.setdefault(operation.service, _SharedClient(ready.client))
        paging = paging_parameters(self._driver.session, operation.service, operation.name)
        return _PreparedCall(self._caller, self._capture, client, operation, ready.options, paging)


class _SharedClient:
    """A client, whose connections are used by one process only, and not when they have been idle for long."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.note_use()

    def close_stale_connections(self) -> None:
        """Close the connections that another process may use, or that the server may be about to close."""
        if self._process != os.getpid() or time.monotonic() - self._last_used > MAX_IDLE:
            self._client.close()

    def note_use(self) -> None:
        """Remember that this process has used the client now."""
        self._process, self._last_used = os.getpid(), time.monotonic()


@dataclass(frozen=True)
class _PreparedCall:
    """The call of one operation; with one of the parameters in `paging`, awscli fetches no further pages."""

    caller: Any
    capture: CallRecorder
    client: _SharedClient
    operation: Operation
    options: argparse.Namespace
    paging: set[str]

    def send(self, parameters: Mapping[str, Any]) -> Outcome:
        """Call the operation and print its response."""
        self.client.close_stale_connections()
        self.capture.reset()
        self.capture.operation = replace(self.operation, parameters=snapshot(parameters))
        options = copy.copy(self.options)
        options.paginate = options.paginate and not self.paging & set(parameters)
        service, name = self.operation.service, self.operation.name
        code = isolation.run_call(lambda: self.caller.invoke(service, name, dict(parameters), options))
        self.client.note_use()
        return self.capture.outcome(code)

    def is_as_new(self, outcome: Outcome) -> bool:
        """Return whether the client remembers nothing of the call that came to this outcome."""
        return outcome.exit_code == 0 and self.capture.attempts <= len(outcome.calls) and not outcome.faults


def paging_parameters(session: Any, service: str, operation: str) -> set[str]:
    """Return the parameters of an operation that ask for one page: with one of them, awscli fetches no more pages.

    Follows `awscli.customizations.paginate.check_should_enable_pagination`.
    """
    config = awscli.customizations.paginate.get_paginator_config(session, service, operation) or {}
    tokens = config.get("input_token", [])
    return {*([tokens] if isinstance(tokens, str) else tokens), config.get("limit_key", "")}


def load_client_code(session: Any) -> None:
    """Have botocore load what every client needs."""
    with contextlib.suppress(BotoCoreError, ValueError):  # the person's settings: each line will report it
        session.create_client("sts", region_name="us-east-1", config=Config(signature_version=UNSIGNED))
