"""Caches botocore's clients: the next call of the same kind takes 5 to 10 ms, in place of the 50 ms of a new driver.

`iam get-user --region eu-west-1` is one kind of call, whatever the user's name: the recorded parameters are sent, and
not those that awscli would read from the line. The first line of a kind is run by a driver up to its call. This gives a
session, a client, and the global options as awscli's handlers have resolved them. From then on awscli's operation
caller sends parameters with this client, and awscli's formatter prints the responses.

A client stays in the cache only while it is as good as a new one:

- its kind is the line, the environment and the person's files: if one of them changes, it is another kind;
- its credentials stay the same, and no plugin and no history takes part in its calls;
- each of its requests succeeded at once: a client remembers redirects and retries.

Every other line has a driver of its own (`aws/driver`).
"""

from __future__ import annotations

import argparse
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
from botocore.credentials import Credentials

from awstracer.aws import isolation
from awstracer.aws.argument_table import make_optional
from awstracer.aws.capture import CallRecorder, Outcome, snapshot
from awstracer.aws.catalog import load_aliases
from awstracer.aws.driver_factory import DriverFactory, customer_models_state, file_state
from awstracer.aws.settings import V1_GLOBAL_OPTIONS, configuration_files
from awstracer.commandline.options import split_options
from awstracer.trace.model import Operation

CAPACITY = 64  # kinds of call; each has a session and a client, of about a megabyte
MAX_IDLE = 3.0  # seconds after which a server may be about to close a connection
CONSTANT = ("env", "shared-credentials-file", "config-file")  # the credential providers whose answers stay the same
UPGRADE_WARNINGS = "AWS_CLI_UPGRADE_DEBUG_MODE"  # awscli warns at each line of what version 2 does otherwise
NEED_A_DRIVER = ("--ca-bundle", "--debug", "--v2-debug", "--version")
HARMLESS = {name: has_value for name, has_value in V1_GLOBAL_OPTIONS.items() if name not in NEED_A_DRIVER}


@dataclass(frozen=True)
class CallKind:
    """What decides the client of a line: the words of its operation, and options, environment and files."""

    words: tuple[str, ...]
    settings: Hashable

    @classmethod
    def of(cls, argv: Sequence[str]) -> CallKind | None:
        """Return the kind of a line here and now; None if it has more than an operation's words and harmless options.

        An alias is no operation. Raise BadConfiguration if the file of aliases can't be read.
        """
        rest, taken = split_options(argv, HARMLESS)
        words, options = tuple(argv[at] for at in rest), tuple(argv[at] for at in taken)
        if len(words) != 2 or any(word.startswith("-") for word in words) or words[0] in load_aliases():
            return None
        files = (*map(file_state, configuration_files(os.environ)), *customer_models_state())
        return cls(words, (options, frozenset(os.environ.items()), files))


class ClientCache:
    """Calls the operations of lines, with one session and client for each kind of call."""

    def __init__(self, drivers: DriverFactory) -> None:
        self._drivers = drivers
        self._calls: dict[CallKind, _PreparedCall] = {}
        self._unfit: set[Hashable] = set()  # settings under which no client can be cached

    def call(self, argv: Sequence[str], parameters: Mapping[str, Any]) -> Outcome | None:
        """Call the operation of a line; return None, with nothing sent, if it needs a driver of its own.

        Raise BadConfiguration if the person's configuration allows no driver.
        """
        kind = CallKind.of(argv)
        call = self._find(kind, argv) if kind else None
        if kind is None or call is None:
            return None
        outcome = call.send(parameters)
        if not call.is_as_new(outcome):
            del self._calls[kind]
        return outcome

    def prepare_calls(self, lines: Iterable[Sequence[str]]) -> None:
        """Make the clients of those lines that occur more than once, for processes that will be forked from this one.

        Nothing is sent, and no credential provider is asked that could ask somebody else.
        """
        for argv, number in Counter(map(tuple, lines)).most_common(CAPACITY):
            kind = CallKind.of(argv)
            if kind and number > 1:
                self._find(kind, argv)

    def _find(self, kind: CallKind, argv: Sequence[str]) -> _PreparedCall | None:
        """Return the call of a kind, which is prepared if it is new; None if the line needs a driver of its own."""
        if kind not in self._calls and kind.settings not in self._unfit:
            call = self._prepare(kind, argv)
            if call is not None:
                self._calls[kind] = call
            if len(self._calls) > CAPACITY:
                del self._calls[next(iter(self._calls))]
        return self._calls.get(kind)

    def _prepare(self, kind: CallKind, argv: Sequence[str]) -> _PreparedCall | None:
        """Run a line up to its call, and make the client; return None if its settings or its command don't allow it."""
        driver, capture = self._drivers.create(), CallRecorder()
        events = driver.session.get_component("event_emitter")

        def check(**_: Any) -> None:
            if not _may_share_clients(driver.session):
                self._unfit.add(kind.settings)
                raise SystemExit

        events.register_first("session-initialized", check)
        events.register_last("before-building-argument-table-parser", make_optional)
        capture.attach(events)
        options = isolation.run_until_call(driver, argv)
        if options is None or capture.operation is None or not isolation.has_standard_caller(capture.command):
            return None
        try:
            call = _PreparedCall(driver.session, capture, capture.operation, options)
        except Exception:  # noqa: BLE001 - whatever is wrong, the driver will say it
            return None
        if _is_unsigned(driver.session) or _has_constant_credentials(driver.session):
            return call
        self._unfit.add(kind.settings)
        return None


def _may_share_clients(session: Any) -> bool:
    """Return whether nobody takes part in a session's calls, and its credentials are at hand without asking anybody."""
    if session.full_config.get("plugins") or session.get_scoped_config().get("cli_history"):
        return False
    if UPGRADE_WARNINGS in os.environ:
        return False
    providers = session.get_component("credential_provider").providers
    constant = (provider for provider in providers if provider.METHOD in CONSTANT)
    return _is_unsigned(session) or any(provider.load() is not None for provider in constant)


def _is_unsigned(session: Any) -> bool:
    config = session.get_default_client_config()
    return config is not None and config.signature_version is UNSIGNED


def _has_constant_credentials(session: Any) -> bool:
    """Return whether the credentials that a session's client has found stay the same."""
    credentials = session.get_credentials()
    return type(credentials) is Credentials and credentials.method in CONSTANT


class _PreparedCall:
    """One kind of call: sends parameters with the client of its session."""

    def __init__(self, session: Any, capture: CallRecorder, operation: Operation, options: argparse.Namespace) -> None:
        self._capture, self._operation, self._options = capture, operation, options
        self._client = isolation.create_client(session, operation.service, options)
        self._paging = paging_parameters(session, operation.service, operation.name)
        self._caller = awscli.clidriver.CLIOperationCaller(session)
        self._process, self._last_used = os.getpid(), time.monotonic()

    def send(self, parameters: Mapping[str, Any]) -> Outcome:
        """Call the operation and print its response."""
        if self._process != os.getpid() or time.monotonic() - self._last_used > MAX_IDLE:
            self._client.close()  # a forked process shares no connection
        self._capture.reset()
        self._capture.operation = replace(self._operation, parameters=snapshot(parameters))
        options = copy.copy(self._options)
        options.paginate = options.paginate and not self._paging & set(parameters)
        service, name = self._operation.service, self._operation.name
        code = isolation.run_call(lambda: self._caller.invoke(service, name, dict(parameters), options))
        self._process, self._last_used = os.getpid(), time.monotonic()
        return self._capture.outcome(code)

    def is_as_new(self, outcome: Outcome) -> bool:
        """Return whether the client remembers nothing of the call that came to this outcome."""
        return outcome.exit_code == 0 and self._capture.attempts <= len(outcome.calls) and not outcome.faults


def paging_parameters(session: Any, service: str, operation: str) -> set[str]:
    """Return the parameters by which a caller turns the pages of an operation itself, so that awscli doesn't.

    Follows `awscli.customizations.paginate.check_should_enable_pagination`.
    """
    config = awscli.customizations.paginate.get_paginator_config(session, service, operation) or {}
    tokens = config.get("input_token", [])
    return {*([tokens] if isinstance(tokens, str) else tokens), config.get("limit_key", "")}
