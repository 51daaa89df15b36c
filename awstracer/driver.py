"""awscli in this process: runs command lines, and tells what options there are.

Every command gets a driver of its own, since awscli keeps state of a command in it (`--profile`,
one-shot handlers, log handlers); the drivers share what is only read, the loader of API models,
which makes a driver thirty times cheaper than a process. A line that is replayed once more needs no
driver where `repeats` has kept what the first one worked out.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

# awscli first: from 1.46 on it brings the botocore that `import botocore` then means.
import awscli.clidriver  # isort: skip
import awscli.alias
import awscli.argprocess
import awscli.arguments
import awscli.completer
import awscli.customizations.arguments
import awscli.customizations.toplevelbool
import awscli.paramfile
from botocore import UNSIGNED, xform_name
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.history import get_global_history_recorder
from botocore.utils import CLIENT_NAME_TO_HYPHENIZED_SERVICE_ID_OVERRIDES as SERVICE_IDS
from botocore.validate import ParamValidator

from awstracer import answers, arguments, shapes
from awstracer.capture import Capture, Outcome
from awstracer.configuration import PLUGIN_PATH
from awstracer.credentials import Environment
from awstracer.errors import BadConfiguration, BadValue, UnfitParameters, UnknownCommand, UnknownProfile
from awstracer.options import OperationCommand, without_options
from awstracer.places import Asked, Shape
from awstracer.repeats import CAPACITY, Prepared, Rehearsal, Repeats, own_models
from awstracer.trace import Opaque, Operation, Path

UNUSABLE, INTERRUPTED = 255, 130
INPUT = "-"
LOGGERS = tuple(map(logging.getLogger, ("awscli", "botocore", "s3transfer", "urllib3")))
AWSCLIS_BUSINESS = re.compile(r'Missing required|Unknown parameter in [^"]*"_')  # it fills in some, and takes some out
READING = {"read", "readline", "readlines", "buffer"}
HISTORY = get_global_history_recorder()
VERSION: str = awscli.__version__
answers.keep()

Content = str | bytes
Files = Mapping[str, Content]
Reader = Callable[[str, Callable[[], Content]], Content]
NO_ENVIRONMENT: Environment = {}


class AwsCli:
    """awscli in this process."""

    def __init__(self) -> None:
        self._loader: Any = None
        self._own_models: object = None
        self._repeats = Repeats()
        self._table: Mapping[str, Any] = {}
        self._commands: dict[tuple[str, ...], Any] = {}
        self._operation_words: dict[tuple[str, str], tuple[str, ...]] = {}
        self._argument_tables: dict[tuple[str, ...], arguments.Table] = {}
        self._global_options: dict[str, bool] = {}
        self._completer: Any = None
        self._models: dict[str, Any] = {}
        self._shapes: dict[tuple[object, ...], Shape] = {}

    # --- running

    def run(self, argv: Sequence[str]) -> Outcome:
        """Run a command line as `aws` would, streams and all, and tell what it did."""
        return self._run(argv, lambda session, capture: _note_files(session, capture.files))

    def replay(
        self,
        argv: Sequence[str],
        *,
        parameters: Mapping[str, Any] | None,
        files: Files,
        environment: Environment = NO_ENVIRONMENT,
    ) -> Outcome:
        """Run a recorded command line. No word of it is expanded; `files` has what its `file://` words held.

        Under `-` they have what it is to read from its input. `environment` holds for this command only.

        `parameters`, where given, are what the operation is called with; then the line needs to say only
        what is no parameter. A line can't say everything (bytes inside a structure, a literal `https://...`),
        and what it says, awscli may understand otherwise.
        """

        words = {word: content for word, content in files.items() if word != INPUT}
        with self._environment(environment), _input_from(files.get(INPUT)):
            if parameters is None:
                return self._run(argv, lambda session, _: _serve_files(session, words))
            return self._replay(argv, parameters, words)

    @contextlib.contextmanager
    def _environment(self, changes: Environment) -> Iterator[None]:
        """Environment variables are that, those with None are not there; afterwards they are as before."""
        if not changes:
            yield
            return
        before = {name: os.environ.get(name) for name in changes}
        try:
            self._set(changes)
            yield
        finally:
            self._set(before)

    def _set(self, variables: Environment) -> None:
        for name, value in variables.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        self._repeats.look_again()

    def _replay(self, argv: Sequence[str], parameters: Mapping[str, Any], files: Files) -> Outcome:
        """Run an operation's recorded line; what awscli worked out for it before is used again."""
        line = self._repeats.line(argv)
        again = self._repeats.take(line)
        if again is not None:
            again.renew(parameters)
            outcome = _repeated(again, argv)
            self._repeats.keep(line, again, outcome)
            return outcome
        first = Prepared(parameters)
        outcome = self._run(argv, _joining(first, files))
        self._repeats.keep(line, first, outcome)
        return outcome

    def _run(self, argv: Sequence[str], prepare: Callable[[Any, Capture], Reader]) -> Outcome:
        try:
            driver, capture = self._driver(), Capture()
        except BadConfiguration as bad:  # as awscli would end, less the traceback
            print(bad.reason, file=sys.stderr)
            return Outcome(UNUSABLE)
        reader = prepare(driver.session, capture)
        capture.attach(driver.session.get_component("event_emitter"))
        outcome = _performed(driver, argv, capture, reader)
        self._repeats.look_again()
        return outcome

    def _driver(self) -> Any:
        with _configuration(), _own_plugins():
            driver = awscli.clidriver.create_clidriver()
        if self._own_models != own_models():  # the loader finds none that is added after it has looked
            self._own_models, self._loader = own_models(), driver.session.get_component("data_loader")
        driver.session.register_component("data_loader", self._loader)
        return driver

    def warm(self) -> None:
        """Load what every command needs, so that processes forked from this one have it."""
        self.global_options()
        session = self._driver().session
        with contextlib.suppress(BotoCoreError, ValueError):  # of the person's settings: each command will tell
            session.create_client("sts", region_name="us-east-1", config=Config(signature_version=UNSIGNED))

    def prepare(self, lines: Iterable[Sequence[str]]) -> None:
        """Work out those of the lines that are there more than once up to their calls, for processes forked from this.

        `lines` are operations', as `replay` is given them. Nobody is asked for credentials; it ends at the first line
        that could need it. KeyboardInterrupt if that was stopped.
        """
        frequent = [argv for argv, times in Counter(map(tuple, lines)).most_common(CAPACITY) if times > 1]
        with contextlib.suppress(BadConfiguration):  # each command will tell
            aliases = _aliases()
            for argv in frequent:
                if aliases.keys() & set(argv) or not self._is_rehearsed(argv):
                    return

    def _is_rehearsed(self, argv: Sequence[str]) -> bool:
        line, rehearsal = self._repeats.line(argv), Rehearsal()
        if not line.is_plain:
            return True
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            outcome = self._run(argv, _joining(rehearsal, {}))
        if outcome.exit_code == INTERRUPTED:
            raise KeyboardInterrupt
        if not said.getvalue():
            self._repeats.keep(line, rehearsal, outcome)
        return outcome.exit_code == 0

    # --- what there is

    def global_options(self) -> dict[str, bool]:
        """awscli's global options, `--region` and so on, and whether each takes a value."""
        if not self._global_options:
            for name, argument in self._driver().create_help_command().arg_table.items():
                self._global_options[f"--{name}"] = name != "version" and argument.cli_type is not bool
        return self._global_options

    def operation_command(self, number: int, operation: Operation, argv: Sequence[str]) -> OperationCommand:
        """The command of a recorded operation.

        UnknownCommand if awscli has none, UnfitParameters if it has other parameters; both with `number`.
        `argv` is the recorded line, which may hold words that stand for no parameter.
        """
        words = operation.words or self._words(operation)
        command = self._operation(words)
        if command is None or command._operation_model.name != operation.name:
            raise UnknownCommand(number, f"{operation.service}.{operation.name}", VERSION)
        self.check(number, operation)
        table = self._arguments(words, command)
        if not arguments.has_special(argv, table) or not self._is_line_of(words, argv):  # an invented line has none
            return table.usual
        own, _ = without_options(argv, self.global_options())
        said = arguments.said(argv, arguments.typed([argv[at] for at in own[len(words) :]], table), table)
        fresh = arguments.fresh(said, operation.parameters)
        extra = arguments.kept(said, table.usual.options, operation.parameters, fresh)
        given = {each.name for each in extra}
        needed = tuple(name for name in table.usual.needed if name.removeprefix("--") not in given)
        return replace(table.usual, extra=extra, needed=needed, fresh=fresh)

    def _is_line_of(self, words: tuple[str, ...], argv: Sequence[str]) -> bool:
        """Whether a line begins with a command's words."""
        own, _ = without_options(argv, self.global_options())
        return tuple(argv[at] for at in own[: len(words)]) == words

    def check_line(self, number: int, argv: Sequence[str]) -> None:
        """UnknownCommand, with `number`, if a custom command's line begins with no command's words."""
        own, _ = without_options(argv, self.global_options())
        aliases, table = _aliases(), self._command_table()
        for at, position in enumerate(own):
            if not table or argv[position].startswith("-") or (at == 0 and argv[position] in aliases):
                return
            if argv[position] not in table:
                known = " ".join(argv[each] for each in own[: at + 1])
                raise UnknownCommand(number, f"aws {known}", VERSION)
            table = table[argv[position]].create_help_command().command_table

    def shell_aliases(self) -> frozenset[str]:
        """The person's aliases that run in a shell, by themselves or by way of others (`x = !command`, `y = x`)."""
        aliases = _aliases()
        found = {name for name, text in aliases.items() if text.startswith("!")}
        for _ in aliases:
            found |= {name for name, text in aliases.items() if text.split(maxsplit=1)[:1] and text.split()[0] in found}
        return frozenset(found)

    def read_option(self, words: tuple[str, ...], option: str, text: str) -> dict[str, Any]:
        """The members that an operation's option sets when it is given `text`, read as awscli reads it.

        `option` is without dashes. BadValue if awscli would refuse it.
        """
        command = self._operation(words)
        argument = command.arg_table[option]
        session = self._driver().session
        awscli.paramfile.register_uri_param_handler(session)
        members: dict[str, Any] = {}
        kind = argument.cli_type_name
        try:
            value = arguments.boolean(text) if kind == "boolean" else [text] if kind == "list" else text
            if kind != "boolean":
                value = awscli.argprocess.unpack_argument(
                    session, words[0], words[-1], argument, value, argparse.Namespace(v2_debug=False)
                )
            argument.add_to_params(members, value)
        except Exception as error:  # awscli says "bad value" in many types
            raise BadValue(option, text, str(error)) from error
        return members

    def region(self, profile: str | None) -> str | None:
        """The region of the person's configuration, under a profile; BadConfiguration if there is no telling."""
        session = self._driver().session
        if profile is not None:
            session.set_config_variable("profile", profile)
        with _configuration():
            region = session.get_config_variable("region")
        return str(region) if region else None

    def account(self, extra: Sequence[str]) -> str | None:
        """The account of the credentials in use, as STS tells it; None if it doesn't. `extra` are global options.

        KeyboardInterrupt if that was stopped; what else goes wrong the commands themselves will meet, and tell.
        """
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            outcome = self.replay(["sts", "get-caller-identity", *extra], parameters={}, files={})
        if outcome.exit_code == INTERRUPTED:
            raise KeyboardInterrupt
        return next((str(call.response["Account"]) for call in outcome.calls if call.response), None)

    def check_profile(self, profile: str | None) -> None:
        """UnknownProfile if the person's configuration has no such profile."""
        known = self._driver().session.available_profiles
        if profile is not None and profile not in known:
            raise UnknownProfile(profile, known)

    def check(self, number: int, operation: Operation) -> None:
        """UnfitParameters, with `number`, if botocore would refuse the operation's parameters."""
        command = self._operation(operation.words or self._words(operation))
        body = {name: b"" if isinstance(value, Opaque) else value for name, value in operation.parameters.items()}
        paging = body.pop("PaginationConfig", {})
        shape = command._operation_model.input_shape
        report = ParamValidator().validate(body, shape).generate_report() if shape is not None else ""
        wrong = [line for line in report.splitlines() if not AWSCLIS_BUSINESS.match(line)]
        wrong += [] if isinstance(paging, dict) else ["PaginationConfig is no object"]
        if wrong:
            raise UnfitParameters(number, operation.service, operation.name, "; ".join(wrong))

    def shape(self, service: str, operation: str, side: Asked, path: Path) -> Shape:
        """What is at a path of an operation's request or response; ORDINARY where no model tells."""
        plain = tuple(0 if isinstance(key, int) else key for key in path)
        key = (service, operation, side, plain)
        if key not in self._shapes:
            self._shapes[key] = shapes.at(self._modelled(service, operation, side), path)
        return self._shapes[key]

    def namespaces(self, service: str) -> frozenset[str]:
        """What a service is called in ARNs and addresses, its own name among it."""
        model = self._service_model(service)
        return frozenset({service} if model is None else {service, model.signing_name, model.endpoint_prefix})

    def _service_model(self, service: str) -> Any:
        if service not in self._models:
            session = self._driver().session
            services = session.get_available_services()
            name = _service_name(service, services)
            self._models[service] = session.get_service_model(name) if name in services else None
        return self._models[service]

    def _modelled(self, service: str, operation: str, side: Asked) -> Any:
        """botocore's shape of an operation's request or response; None if there is none."""
        model = self._service_model(service)
        if model is None or operation not in model.operation_names:
            return None
        found = model.operation_model(operation)
        return found.input_shape if side == "request" else found.output_shape

    def partition(self, region: str) -> tuple[str, str] | None:
        """A region's partition and the suffix of its hosts, `aws` and `amazonaws.com`; None for no region."""
        for partition in self._partitions():
            if region in partition["regions"] or re.match(partition["regionRegex"], region):
                return str(partition["id"]), str(partition["outputs"]["dnsSuffix"])
        return None

    def _partitions(self) -> Sequence[Mapping[str, Any]]:
        if self._loader is None:
            self._driver()
        found: Sequence[Mapping[str, Any]] = self._loader.load_data("partitions")["partitions"]
        return found

    def complete(self, line: str) -> list[str]:
        """What the last word of a line could become, by awscli's own completer."""
        if self._completer is None:
            self._completer = awscli.completer.Completer(self._driver())
        return list(self._completer.complete(line, len(line)))

    def _operation(self, words: tuple[str, ...]) -> Any:
        """awscli's command object for an operation's words; None if there is none."""
        if words not in self._commands:
            service = self._command_table().get(words[0])
            command = service.create_help_command().command_table.get(words[-1]) if service else None
            is_operation = isinstance(command, awscli.clidriver.ServiceOperation)
            self._commands[words] = command if is_operation else None
        return self._commands[words]

    def _command_table(self) -> Mapping[str, Any]:
        """awscli's commands by their first word: services, custom commands, aliases, plugins' commands."""
        if not self._table:
            self._table = self._driver().create_help_command().command_table
        return self._table

    def _arguments(self, words: tuple[str, ...], command: Any) -> arguments.Table:
        """What is to be known of a command's arguments."""
        if words not in self._argument_tables:
            expands = _expansion_probe(self._driver().session, command)
            self._argument_tables[words] = arguments.Table.of(words, command.arg_table, expands, self.global_options())
        return self._argument_tables[words]

    def _words(self, operation: Operation) -> tuple[str, ...]:
        """The words of an operation's command, for a trace that doesn't have them.

        The service may be a hyphenated service id, as botocore's events spell it.
        """
        key = operation.service, operation.name
        if key not in self._operation_words:
            self._operation_words[key] = self._service_word(operation.service), xform_name(operation.name, "-")
        return self._operation_words[key]

    def _service_word(self, service: str) -> str:
        """What awscli calls a service: the first word of its commands."""
        services = set(self._driver().session.get_available_services())
        commands = self._command_table()
        known = _service_name(service, services)
        for name in [known, *sorted(set(commands) - services)]:
            model = getattr(commands.get(name), "service_model", None)
            if model is not None and model.service_name == known:
                return name
        return known


def _aliases() -> Mapping[str, str]:
    """The person's aliases at the top level, by name; BadConfiguration if awscli can't read them."""
    with _configuration():
        found: Mapping[str, str] = awscli.alias.AliasLoader().get_aliases()
    return found


def _service_name(service: str, services: Container[str]) -> str:
    """A service by its name among `services`; it may be given by its hyphenated id, as botocore's events have it."""
    names = [service, *(name for name, hyphenated in SERVICE_IDS.items() if hyphenated == service)]
    return next((name for name in names if name in services), service)


def _joining(prepared: Prepared, files: Files) -> Callable[[Any, Capture], Reader]:
    """Gets a session ready for a run that is prepared, with what `file://` words held."""

    def prepare(session: Any, capture: Capture) -> Reader:
        prepared.join(session, capture)
        return _serve_files(session, files)

    return prepare


def _repeated(again: Prepared, argv: Sequence[str]) -> Outcome:
    """What became of a line that is run once more: no file is read, nothing is parsed, and the history is off."""
    with _as_aws(argv), _streams_restored(), _logging_restored():
        exit_code = _exit_code(again, argv)
    _flush()
    return again.capture.outcome(exit_code)


def _flush() -> None:
    for stream in filter(None, (sys.stdout, sys.stderr)):  # a script may have closed them
        with contextlib.suppress(OSError, ValueError):
            stream.flush()


def _performed(driver: Any, argv: Sequence[str], capture: Capture, reader: Reader) -> Outcome:
    """What became of a driver's run of a line, of which nothing is left in the process."""
    with (
        _as_aws(argv),
        _read_by(reader),
        _streams_restored(),
        _logging_restored(),
        _history_restored(),
        _input_noted() as stdin,
    ):
        exit_code = _exit_code(driver, argv)
        HISTORY.record("CLI_RC", exit_code, "CLI")  # as `awscli.clidriver.main` does
    _flush()
    return replace(capture.outcome(exit_code), read_input=stdin.was_read)


def _exit_code(driver: Any, argv: Sequence[str]) -> int:
    try:
        return int(driver.main(list(argv)) or 0)
    except SystemExit as stop:  # argparse, on usage errors and --version
        return stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - what awscli or a plugin lets out must not end the session
        print(f"aws: {error}", file=sys.stderr)
        return UNUSABLE


@contextlib.contextmanager
def _configuration() -> Iterator[None]:
    """What botocore says against the person's configuration becomes BadConfiguration."""
    try:
        yield
    except BotoCoreError as error:
        raise BadConfiguration(str(error)) from error


@contextlib.contextmanager
def _own_plugins() -> Iterator[None]:
    """Have the person's plugins loaded as awscli loads them, but for those that are meant for AWS CLI 2.

    These are told by the path that only AWS CLI 2 knows; awscli 1 would take it for a plugin, and fail.
    """
    load = awscli.clidriver.load_plugins

    def load_own(plugins: dict[str, str], **rest: Any) -> Any:
        return load({} if PLUGIN_PATH in plugins else plugins, **rest)

    awscli.clidriver.load_plugins = load_own
    try:
        yield
    except ImportError as error:
        raise BadConfiguration(f"a plugin of your configuration can't be loaded: {error}") from error
    finally:
        awscli.clidriver.load_plugins = load


@contextlib.contextmanager
def _as_aws(argv: Sequence[str]) -> Iterator[None]:
    """awscli's usage errors and debug log speak of `sys.argv`."""
    before = sys.argv
    sys.argv = ["aws", *argv]
    try:
        yield
    finally:
        sys.argv = before


@contextlib.contextmanager
def _streams_restored() -> Iterator[None]:
    """awscli's tables wrap the streams in colorama once more for each command."""
    before = sys.stdout, sys.stderr
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


class _Input:
    """Standard input, and whether anybody read it."""

    def __init__(self, stream: Any) -> None:
        self._stream, self.was_read = stream, False

    def __getattr__(self, name: str) -> Any:
        self.was_read = self.was_read or name in READING
        return getattr(self._stream, name)

    def __iter__(self) -> Any:
        self.was_read = True
        return iter(self._stream)


@contextlib.contextmanager
def _input_noted() -> Iterator[_Input]:
    before, noted = sys.stdin, _Input(sys.stdin)
    if before is not None:  # it is closed
        sys.stdin = noted
    try:
        yield noted
    finally:
        sys.stdin = before


@contextlib.contextmanager
def _input_from(content: Content | None) -> Iterator[None]:
    """Standard input holds that; None for what it is anyway."""
    before = sys.stdin
    if content is not None:
        raw = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
        sys.stdin = io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8")
    try:
        yield
    finally:
        sys.stdin = before


@contextlib.contextmanager
def _logging_restored() -> Iterator[None]:
    """awscli adds log handlers for each command, and `--debug` many: none outlives its command."""
    before = [(logger, logger.level, list(logger.handlers)) for logger in LOGGERS]
    try:
        yield
    finally:
        for logger, level, handlers in before:
            logger.handlers[:] = handlers
            if logger.level != level:  # to set it has every logger work its level out anew
                logger.setLevel(level)


@contextlib.contextmanager
def _history_restored() -> Iterator[None]:
    """awscli keeps its history (`cli_history = enabled`) with a handler for each command that stays for good."""
    enabled, handlers = HISTORY._enabled, list(HISTORY._handlers)
    try:
        yield
    finally:
        HISTORY._enabled, HISTORY._handlers[:] = enabled, handlers


# --- what a line's words expand to


class _Observed:
    """A session as awscli's file handler sees it when it registers itself; each expansion is noted."""

    def __init__(self, session: Any, files: dict[str, str | bytes]) -> None:
        self._session, self._files = session, files

    def get_scoped_config(self) -> Any:
        return self._session.get_scoped_config()

    def register(self, event: str, handler: Callable[..., Any]) -> None:
        def observed(value: Any, **kwargs: Any) -> Any:
            content = handler(value=value, **kwargs)
            if content is not None:
                self._files[value[0] if isinstance(value, list) else value] = content
            return content

        self._session.register(event, observed)


def _note_files(session: Any, files: dict[str, Content]) -> Reader:
    """Have awscli's own handler expand words, and note in `files` what each became, as the reader does."""

    def initialize(session: Any, **_: Any) -> None:
        awscli.paramfile.register_uri_param_handler(_Observed(session, files))

    session.unregister("session-initialized", awscli.paramfile.register_uri_param_handler)
    session.register("session-initialized", initialize)
    return lambda word, read: files.setdefault(word, read())


def _serve_files(session: Any, files: Files) -> Reader:
    """Have the words in `files` stand for what they held, and all others for themselves; the reader refuses these."""

    def serve(value: Any, **_: Any) -> str | bytes | None:
        word = value[0] if isinstance(value, list) and len(value) == 1 else value
        return files.get(word) if isinstance(word, str) else None

    session.unregister("session-initialized", awscli.paramfile.register_uri_param_handler)
    session.register("load-cli-arg", serve)
    return _reader(files)


def _reader(files: Files) -> Reader:
    """Gives what the words in `files` held, and refuses all others."""

    def served(word: str, _: object) -> Content:
        if word not in files:
            raise awscli.paramfile.ResourceLoadingError(f"the trace does not have what {word} held")
        return files[word]

    return served


@contextlib.contextmanager
def _read_by(reader: Reader) -> Iterator[None]:
    """Have `reader`, given a word and what reads its file, read files where awscli asks no handler.

    That is `--cli-input-json file://f`, and `Key@=file://f` in shorthand.
    """

    def through(read: Callable[..., Content]) -> Callable[..., Content]:
        return lambda prefix, word, **how: reader(word, lambda: read(prefix, word, **how))

    prefixes = awscli.paramfile.LOCAL_PREFIX_MAP
    before = dict(prefixes)
    prefixes.update({prefix: (through(read), how) for prefix, (read, how) in before.items()})
    try:
        yield
    finally:
        prefixes.update(before)


def _expansion_probe(session: Any, command: Any) -> Callable[[Any], bool]:
    """Tells of an argument whether awscli expands its words, by asking the handler that does it."""
    handler = awscli.paramfile.URIArgumentHandler({"probe://": (lambda *_: "expanded", {})})
    session.register("load-cli-arg", handler)
    service = command._operation_model.service_model.endpoint_prefix
    nothing = argparse.Namespace(v2_debug=False)

    def expands(argument: Any) -> bool:
        name = xform_name(command.name, "-")
        found = awscli.argprocess.unpack_argument(session, service, name, argument, "probe://", nothing)
        return bool(found == "expanded")

    return expands
