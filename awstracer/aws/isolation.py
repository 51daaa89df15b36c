"""Every private name of awscli and botocore that awstracer uses, and every patch of them.

awscli is a program and has no public API. The other modules of `aws/` use the names that it exports (`CLIDriver`,
its events, the classes of its arguments); what goes further stands here and nowhere else:

- `awscli.clidriver.load_plugins` is replaced while a driver is created: plugins of AWS CLI 2 can't be loaded;
- awscli's readers of files are replaced while a line runs; they stand in `aws/loaded_awscli`, since the plugin, which
  runs in AWS CLI 2 too, replaces them as well;
- `create_client` of a session is replaced: it makes one client for each service, for awscli's operation caller too;
- the session of a driver is replaced by one with another `create_client`, which commands get and credential providers
  don't;
- log handlers and the history recorder are as before once a line has run, as `sys.argv` and the standard streams
  (`aws/process_streams`): awscli assumes that its process ends then;
- private attributes of commands, arguments, sessions and the history recorder are read: each has an accessor here.

`tests/aws/test_isolation` lists these names and fails if an awscli lacks one of them. What a line means and which
command is run is decided in `aws/driver`, `aws/clients` and `aws/catalog`.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import io
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import awscli.arguments
import awscli.clidriver
import awscli.compat
import awscli.customizations.toplevelbool
import awscli.utils
from botocore.exceptions import BotoCoreError
from botocore.loaders import Loader

from awstracer.aws import process_streams
from awstracer.aws.loaded_awscli import Reader, files_read_by, history_recorder
from awstracer.aws.settings import AWS_FAILED, PLUGIN_PATH
from awstracer.errors import BadConfiguration, ExitCode

LOGGERS = tuple(map(logging.getLogger, ("awscli", "botocore", "s3transfer", "urllib3")))


# --- private names


def operation_model(command_or_argument: Any) -> Any:
    """Return botocore's model of the operation that a command or an argument belongs to."""
    return command_or_argument._operation_model


def member_name(argument: Any) -> str | None:
    """Return the member of the request that an argument sets; None if it sets none by itself."""
    name = getattr(argument, "_serialized_name", None)
    return None if name is None else str(name)


def is_negation(argument: Any) -> bool:
    """Return whether an argument sets its member to false (`--no-dry-run`, `--enable-api-termination`)."""
    if isinstance(argument, awscli.customizations.toplevelbool.NegativeBooleanParameter):
        return True
    return isinstance(argument, awscli.arguments.BooleanArgument) and argument._action == "store_false"


def has_standard_caller(command: Any) -> bool:
    """Return whether a command does nothing but call its operation and print the response."""
    return type(command._operation_caller) is awscli.clidriver.CLIOperationCaller


def main_parser(driver: Any, commands: dict[str, Any]) -> argparse.ArgumentParser:
    """Return the parser of a line's global options and first word, one of `commands`; `help` is added to these."""
    parser: argparse.ArgumentParser = driver._create_parser(commands)
    return parser


def service_parser(command: Any) -> argparse.ArgumentParser:
    """Return the parser of the word behind a service's."""
    parser: argparse.ArgumentParser = command._create_parser()
    return parser


def customer_model_folder() -> str:
    """Return the folder of the service models that the person added (`aws configure add-model`)."""
    return str(Loader.CUSTOMER_DATA_PATH)


# --- drivers


def create_driver() -> Any:
    """Return a new awscli driver; raise BadConfiguration if the person's configuration allows none."""
    with configuration_errors(), _without_v2_plugins():
        return awscli.clidriver.create_clidriver()


@contextlib.contextmanager
def configuration_errors() -> Iterator[None]:
    """Raise BadConfiguration in place of botocore's errors about the person's configuration."""
    try:
        yield
    except BotoCoreError as error:
        raise BadConfiguration(str(error)) from error


@contextlib.contextmanager
def _without_v2_plugins() -> Iterator[None]:
    """Load the person's plugins as awscli does, except those of a configuration for AWS CLI 2.

    Such a configuration has `cli_legacy_plugin_path`, which awscli 1 would import as if it were a plugin.
    """
    load = awscli.clidriver.load_plugins

    def load_plugins(plugins: dict[str, str], **rest: Any) -> Any:
        return load({} if PLUGIN_PATH in plugins else plugins, **rest)

    awscli.clidriver.load_plugins = load_plugins
    try:
        yield
    except ImportError as error:
        raise BadConfiguration(f"a plugin of your configuration can't be loaded: {error}") from error
    finally:
        awscli.clidriver.load_plugins = load


def replace_create_client(driver: Any, create_client: Callable[..., Any]) -> None:
    """Have the commands of a new driver make their clients with `create_client`.

    Credential providers go on with the session's own: it gave itself to them when it was made.
    """
    driver.session = _CommandSession(driver.session, create_client)


class _CommandSession:
    """A session as commands see it: all but `create_client` is the session's own."""

    def __init__(self, session: Any, create_client: Callable[..., Any]) -> None:
        vars(self).update(_session=session, create_client=create_client)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._session, name, value)


# --- running a line


def run_line(driver: Any, argv: Sequence[str], reader: Reader) -> tuple[int, bool]:
    """Run a line with a driver of its own; return its exit code, and whether it read its standard input.

    `reader` is called for each word that names a file which awscli would read. Nothing that the line changed in
    the process stays.
    """
    with (
        process_streams.program_arguments(argv),
        files_read_by(reader),
        process_streams.output_restored(),
        _logging_restored(),
        _history_restored(),
        process_streams.watched_input() as stdin,
    ):
        exit_code = _exit_code(lambda: driver.main(list(argv)))
        history_recorder().record("CLI_RC", exit_code, "CLI")  # as `awscli.clidriver.main` does
    process_streams.flush_output()
    return exit_code, stdin.was_read


@dataclass(frozen=True)
class ReadyCall:
    """An operation's command just before its call: the client, and the global options as the command has them."""

    client: Any
    options: argparse.Namespace


def initialize_session(driver: Any, argv: Sequence[str], is_wanted: Callable[[Any], bool]) -> argparse.Namespace | None:
    """Have a driver set its session up for the global options of a line; return these options.

    Return None if the line is wrong, or if `is_wanted(session)` is false or fails: no handler has then seen it.
    From then on the driver is for `run_until_call` only. Nothing is printed. Raise KeyboardInterrupt if Ctrl-C is
    pressed.
    """

    def check(**_: Any) -> None:
        if not is_wanted(driver.session):
            raise SystemExit

    def leave(*, parsed_args: argparse.Namespace, **_: Any) -> NoReturn:
        options.append(parsed_args)
        raise SystemExit  # awscli handles every `Exception` itself

    options: list[argparse.Namespace] = []
    events = driver.session.get_component("event_emitter")
    events.register_first("session-initialized", check)
    events.register_last("session-initialized", leave)
    _run_silently(lambda: driver.main(list(argv)))
    return options[0] if options else None


def run_until_call(driver: Any, words: Sequence[str], options: argparse.Namespace) -> ReadyCall | None:
    """Run an operation's command until it would call the operation, and make the client.

    `options` are those of `initialize_session`. Return None if there is no such command, if it does more than call its
    operation, or if awscli refuses it.
    What the command leaves in the session is taken back by `handlers_restored`.
    Nothing is printed. Raise KeyboardInterrupt if Ctrl-C is pressed.
    """
    service, name = words
    own = argparse.Namespace(**{**vars(options), "command": service})

    def run() -> Any:
        service_command = driver.create_help_command().command_table[service]
        command = service_command.create_help_command().command_table[name]
        if not has_standard_caller(command):
            return None
        command._operation_caller = _PreparingCaller(driver.session)
        return command([], own)

    call = _run_silently(run)
    return call if isinstance(call, ReadyCall) else None


class _PreparingCaller:
    """Takes the place of awscli's operation caller: makes the client, and returns it without calling anything."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def invoke(self, service: str, _operation: str, _parameters: Any, parsed_globals: argparse.Namespace) -> ReadyCall:
        return ReadyCall(_create_client(self._session, service, parsed_globals), parsed_globals)


@contextlib.contextmanager
def handlers_restored(driver: Any) -> Iterator[None]:
    """Restore the event handlers of a driver's session after the block.

    awscli adds some for one operation which then see, and fail, all operations of the service
    (`awscli.customizations.toplevelbool`); it assumes that its process ends with that one.
    """
    events = driver.session.get_component("event_emitter")
    before = copy.copy(events)
    try:
        yield
    finally:
        vars(events).update(vars(before))  # the emitter stays the same object: awscli's handlers hold it


def _run_silently(run: Callable[[], Any]) -> Any:
    """Return what a part of awscli returns; None if it fails: running the line will say what is wrong."""
    output = io.StringIO()
    with _logging_restored(), contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        try:
            result = run()
        except (Exception, SystemExit):  # noqa: BLE001 - parsers exit; handlers, plugins too, raise anything
            return None
    if result == ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    return result


def run_call(call: Callable[[], object]) -> int:
    """Call an operation outside a driver, and report what goes wrong as `CLIDriver.main` does; return the exit code."""
    with process_streams.output_restored(), _errors_logged():
        try:
            call()
            exit_code = 0
        except KeyboardInterrupt:
            sys.stdout.write("\n")
            exit_code = ExitCode.INTERRUPTED
        except Exception as error:  # noqa: BLE001 - awscli catches as much
            awscli.utils.write_exception(error, outfile=awscli.compat.get_stderr_text_writer())
            exit_code = AWS_FAILED
    process_streams.flush_output()
    return exit_code


def share_clients(session: Any) -> None:
    """Have a session make one client for each service, and give it to all who ask for one with the same settings."""
    create, clients = session.create_client, {}

    def create_client(*args: Any, **settings: Any) -> Any:
        key = args, frozenset(settings.items())
        if key not in clients:
            clients[key] = create(*args, **settings)
        return clients[key]

    session.create_client = create_client


def _create_client(session: Any, service: str, parsed_globals: argparse.Namespace) -> Any:
    """Return the client that `CLIOperationCaller.invoke` makes.

    The session loads its credentials anew: a client's User-Agent says from where they come if that happens with it.
    """
    session._credentials = None
    return awscli.utils.create_nested_client(
        session,
        service,
        region_name=parsed_globals.region,
        endpoint_url=parsed_globals.endpoint_url,
        verify=parsed_globals.verify_ssl,
    )


def _exit_code(run: Callable[[], Any]) -> int:
    try:
        return int(run() or 0)
    except SystemExit as stop:  # argparse, on usage errors and --version
        return stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - an error that awscli or a plugin lets out must not end the session
        print(f"aws: {error}", file=sys.stderr)
        return AWS_FAILED


@contextlib.contextmanager
def _logging_restored() -> Iterator[None]:
    """Remove the log handlers that awscli adds for each command, of which `--debug` adds many."""
    before = [(logger, logger.level, list(logger.handlers)) for logger in LOGGERS]
    try:
        yield
    finally:
        for logger, level, handlers in before:
            logger.handlers[:] = handlers
            if logger.level != level:  # setting it clears the caches of all loggers
                logger.setLevel(level)


@contextlib.contextmanager
def _errors_logged() -> Iterator[None]:
    """Log awscli's errors, and nothing below them, to stderr, as `CLIDriver` does without `--debug`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.ERROR)
    handler.setFormatter(logging.Formatter("%(asctime)s - %(name)s - %(levelname)s - %(message)s"))
    LOGGERS[0].addHandler(handler)
    try:
        yield
    finally:
        LOGGERS[0].removeHandler(handler)


@contextlib.contextmanager
def _history_restored() -> Iterator[None]:
    """Switch awscli's history off again: with `cli_history = enabled` each command adds a handler that stays."""
    recorder = history_recorder()
    enabled, handlers = recorder._enabled, list(recorder._handlers)
    try:
        yield
    finally:
        recorder._enabled, recorder._handlers[:] = enabled, handlers
