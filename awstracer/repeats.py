"""Operations' lines that are run once more: what awscli worked out for one up to its call is used again.

Recorded parameters take the place of what a line says at the very end of `calling-command`. Whatever awscli
does before that depends on the line, the environment and the person's files. So a line that says nothing but its
operation and global options comes to the same call as it did before, parameters apart, while these are the same:
then awscli's operation caller calls with the client of the first time, and awscli's `main` tells what goes wrong.

A client goes on being used only as long as it could be a new one: credentials that never change, no request that
was redirected, refused or sent again, which it would remember. For everything else there is a new driver.
"""

from __future__ import annotations

import argparse
import copy
import logging
import os
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# awscli first: from 1.46 on it brings the botocore that `import botocore` then means.
import awscli.clidriver  # isort: skip
import awscli.customizations.paginate
from botocore import UNSIGNED
from botocore.credentials import Credentials
from botocore.history import get_global_history_recorder
from botocore.loaders import Loader

from awstracer import arguments
from awstracer.capture import Capture, Outcome
from awstracer.options import without_options
from awstracer.trace import Opaque

CAPACITY = 64  # lines; each has a session and a client, of about a megabyte
IDLE = 3.0  # seconds after which a server may be about to close a connection
CONSTANT = ("env", "shared-credentials-file", "config-file")  # where credentials come from that nobody renews
HARMLESS = {  # global options that only change the call, and whether each takes a value
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
HISTORY = get_global_history_recorder()
BUNDLE = "AWS_CA_BUNDLE"  # a file
ERRORS = logging.StreamHandler()  # what awscli logs, in botocore's format; to make one each time takes longer
ERRORS.setLevel(logging.ERROR)
ERRORS.setFormatter(logging.Formatter("%(asctime)s - %(name)s - %(levelname)s - %(message)s"))
WARNINGS = "AWS_CLI_UPGRADE_DEBUG_MODE"  # has awscli warn of what version 2 does otherwise, each time


@dataclass(frozen=True)
class Line:
    """What a command depends on, parameters apart; lines that are equal come to the same.

    files, models   states of the person's settings, and of the models of services that the person added
    """

    argv: tuple[str, ...]
    environment: frozenset[tuple[str, str]]
    files: tuple[object, ...]
    models: tuple[object, ...]

    @property
    def is_plain(self) -> bool:
        """Whether it says nothing but the operation's words, and global options that only change the call."""
        rest, _ = without_options(self.argv, HARMLESS)
        return len(rest) == 2 and not any(self.argv[at].startswith("-") for at in rest)


def own_models() -> tuple[object, ...]:
    """The state of the models of services that the person added (`configure add-model`)."""
    if not os.path.exists(Loader.CUSTOMER_DATA_PATH):
        return ()
    folders = os.walk(Loader.CUSTOMER_DATA_PATH)
    return tuple(_state(os.path.join(folder, name)) for folder, _, names in folders for name in sorted(names))


def _settings() -> Iterator[str]:
    yield os.path.expanduser(os.environ.get("AWS_CONFIG_FILE", "~/.aws/config"))
    yield os.path.expanduser(os.environ.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"))
    yield os.path.expanduser("~/.aws/cli/alias")
    if BUNDLE in os.environ:
        yield os.environ[BUNDLE]


def _state(path: str) -> tuple[object, ...]:
    """What tells two states of a file apart."""
    try:
        found = os.stat(path)
    except OSError:
        return (path,)
    return path, found.st_mtime_ns, found.st_size, found.st_ino


class Repeats:
    """The lines that can be run once more, the latest ones."""

    def __init__(self) -> None:
        self._ready: OrderedDict[Line, Prepared] = OrderedDict()
        self._environment: frozenset[tuple[str, str]] | None = None
        self._settings: tuple[str, ...] = ()

    def line(self, argv: Sequence[str]) -> Line:
        """A line as it is to be run here and now."""
        if self._environment is None:
            self._environment, self._settings = frozenset(os.environ.items()), tuple(_settings())
        return Line(tuple(argv), self._environment, tuple(map(_state, self._settings)), own_models())

    def look_again(self) -> None:
        """Something was done since the last line that may have changed the environment."""
        self._environment = None

    def take(self, line: Line) -> Prepared | None:
        """What there is for a line; it is gone until it is kept again."""
        prepared = self._ready.pop(line, None)
        return prepared if prepared is not None and prepared.is_own else None

    def keep(self, line: Line, prepared: Prepared, outcome: Outcome) -> None:
        """Keep what was worked out for a line, unless the run that came to this outcome left its traces there."""
        if prepared.is_as_new(outcome) and (prepared.is_repeated or (line.is_plain and prepared.is_constant)):
            self._ready[line] = prepared
        if len(self._ready) > CAPACITY:
            self._ready.popitem(last=False)


class Prepared:
    """A command whose recorded parameters take the place of what awscli parsed, for the first time and for others.

    A local file's body stays as awscli opened it. Pages are turned by awscli only if no parameter does that,
    as in `awscli.customizations.paginate.check_should_enable_pagination`.
    """

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self.is_repeated = False
        self._parameters = parameters
        self._commands: dict[str, tuple[Any, set[str]]] = {}
        self._paging: set[str] = set()
        self._attempts, self._used = 0, 0.0
        self._process: int | None = None
        self._event = ""
        self._globals = argparse.Namespace()
        self._model: Any = None

    def join(self, session: Any, capture: Capture) -> None:
        """Take part in a new driver's run of the line."""
        self._session, self.capture = session, capture
        self._maker = _OneClient(session)
        self._caller = awscli.clidriver.CLIOperationCaller(self._maker)
        events = session.get_component("event_emitter")
        events.register_last("before-building-argument-table-parser", arguments.relax)
        events.register_last("building-argument-table", self._note)
        events.register_last("calling-command", self._substitute)
        events.register_first("request-created", self._count)

    def renew(self, parameters: Mapping[str, Any]) -> None:
        """Get ready for another run, which `main` is."""
        self._parameters, self._attempts, self.is_repeated = parameters, 0, True
        self.capture.begin()
        if time.monotonic() - self._used > IDLE:
            self._maker.client.close()

    def main(self, argv: Sequence[str]) -> int:
        """Run the line once more, as a driver's `main` does; its exit code."""
        return int(_Rest(self._call).main(argv))

    def is_as_new(self, outcome: Outcome) -> bool:
        """Whether the session and its client, by how a run of theirs ended, are as they would be in a new process."""
        self._used = time.monotonic()
        return outcome.exit_code == 0 and self._attempts <= len(outcome.calls) and not outcome.faults

    @property
    def is_own(self) -> bool:
        """Whether no other process has called, with whose connections one that was forked off has nothing to do."""
        return self._process in (None, os.getpid())

    @property
    def is_constant(self) -> bool:
        """Whether the call depends on nothing but the line, and leaves its traces in nothing that is kept."""
        return self._model is not None and self._maker.is_constant

    def _note(self, *, event_name: str, operation_model: Any, session: Any, command: Any = None, **_: Any) -> None:
        service = operation_model.service_model.service_name
        config = awscli.customizations.paginate.get_paginator_config(session, service, operation_model.name) or {}
        tokens = config.get("input_token", [])
        paging = {*([tokens] if isinstance(tokens, str) else tokens), config.get("limit_key", "")}
        self._commands[event_name.partition(".")[2]] = operation_model, paging
        if type(getattr(command, "_operation_caller", None)) is awscli.clidriver.CLIOperationCaller:
            command._operation_caller = self._caller

    def _substitute(self, *, event_name: str, call_parameters: Any, parsed_globals: Any, **_: Any) -> None:
        parameters = self._parameters
        opened = {name: value for name, value in call_parameters.items() if isinstance(parameters.get(name), Opaque)}
        self._event, self._globals = event_name, copy.copy(parsed_globals)
        self._model, self._paging = self._commands.get(event_name.partition(".")[2], (None, set()))
        call_parameters.clear()
        call_parameters.update(parameters)
        call_parameters.update(opened)
        self._turn_pages(parsed_globals)

    def _turn_pages(self, parsed_globals: argparse.Namespace) -> None:
        if self._paging & set(self._parameters):
            parsed_globals.paginate = False

    def _count(self, **_: Any) -> None:
        self._attempts, self._process = self._attempts + 1, os.getpid()

    def _call(self) -> int:
        parsed_globals = copy.copy(self._globals)
        self._turn_pages(parsed_globals)
        self.capture.on_calling_command(event_name=self._event, call_parameters=self._parameters)
        service = self._model.service_model.service_name
        return int(self._caller.invoke(service, self._model.name, dict(self._parameters), parsed_globals))


class Rehearsal(Prepared):
    """A line that is run up to its call: whoever runs it then, maybe a process that was forked off, only calls.

    Nobody is asked for anything, and nothing is told to anybody: it ends at once where credentials come from
    elsewhere than the environment and the person's files, or where plugins or awscli's history take part.
    """

    def __init__(self) -> None:
        super().__init__({})

    def join(self, session: Any, capture: Capture) -> None:
        """Take part in a new driver's run of the line; `main` comes to 0 if it was one up to its call."""
        super().join(session, capture)
        events = session.get_component("event_emitter")
        events.register_first("session-initialized", self._check)
        events.register_last("calling-command", self._stop)

    def _check(self, *, session: Any, **_: Any) -> None:
        has_company = session.full_config.get("plugins") or session.get_scoped_config().get("cli_history")
        if has_company or not (_is_unsigned(session) or _has_constant_credentials(session)):
            raise SystemExit(1)

    def _stop(self, **_: Any) -> None:
        service = self._model.service_model.service_name
        caller = awscli.clidriver.CLIOperationCaller(_Withholding(self._maker))
        caller.invoke(service, self._model.name, {}, self._globals)


class _Withholding:
    """A session to awscli's operation caller that ends the run as soon as it has the client: nothing can be called."""

    def __init__(self, maker: _OneClient) -> None:
        self._maker = maker

    def create_client(self, *given: Any, **named: Any) -> None:
        self._maker.create_client(*given, **named)
        raise SystemExit(0)


def _is_unsigned(session: Any) -> bool:
    config = session.get_default_client_config()
    return config is not None and config.signature_version is UNSIGNED


def _has_constant_credentials(session: Any) -> bool:
    """Whether there are some; only those who have nothing to ask for are asked."""
    providers = session.get_component("credential_provider").providers
    return any(provider.METHOD in CONSTANT and provider.load() is not None for provider in providers)


class _OneClient:
    """A session to awscli's operation caller, which makes its client only the first time."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.client: Any = None
        self.is_constant = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def create_client(self, *given: Any, **named: Any) -> Any:
        if self.client is None:
            self.client = self._session.create_client(*given, **named)
            self.is_constant = self._is_constant()
        return self.client

    def _is_constant(self) -> bool:
        session = self._session
        # as found for the client: to ask for credentials would look for them again where there are none
        credentials: Any = getattr(session, "_credentials", None)
        lasts = type(credentials) is Credentials and credentials.method in CONSTANT
        return (
            (lasts or self.client.meta.config.signature_version is UNSIGNED)
            and session.get_auth_token() is None
            and session.get_config_variable("ca_bundle") in (None, os.environ.get(BUNDLE))
            and not session.full_config.get("plugins")
            and not HISTORY._enabled
            and WARNINGS not in os.environ
        )


class _Rest(awscli.clidriver.CLIDriver):  # type: ignore[misc]  # awscli has no types
    """What is left of awscli's `main` where there is nothing to parse: it calls, and tells what goes wrong."""

    def __init__(self, call: Callable[[], int]) -> None:
        super().__init__(session=self)
        self._command_table = {"call": lambda *_: call()}

    def user_agent(self) -> str:
        """What a session would tell awscli's history, which is off."""
        return ""

    def _create_parser(self, *_: object) -> _Rest:
        return self

    def _add_aliases(self, *_: object) -> None:
        pass

    def parse_known_args(self, args: Sequence[str]) -> tuple[argparse.Namespace, Sequence[str]]:
        return argparse.Namespace(command="call"), args

    def _handle_top_level_args(self, *_: object) -> None:
        """As the original for a line without `--debug`; to set the logger's level too takes longer than all else."""
        ERRORS.stream = sys.stderr
        logging.getLogger("awscli").addHandler(ERRORS)

    def _emit_session_event(self, *_: object) -> None:
        pass
