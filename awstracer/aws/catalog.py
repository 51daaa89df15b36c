"""What the installed awscli offers, as plain data: commands, options, aliases, profiles, API models.

For the recorded operation `ec2.CreateVpc` the catalogue gives an `OperationCommand`: the words `ec2 create-vpc`, and
for each option the member of the request that it sets (`--cidr-block` sets `CidrBlock`). The planner makes command
lines of it without knowing awscli.

awscli answers with command objects and argument tables, from drivers that run nothing; `aws/argument_table` makes
data of the tables, `aws/api_model` of the shapes. Lines are run by `aws/driver`.
"""

from __future__ import annotations

import argparse
import contextlib
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

import awscli.alias
import awscli.clidriver
import awscli.completer
import awscli.paramfile
import botocore.session
from botocore import xform_name
from botocore.utils import CLIENT_NAME_TO_HYPHENIZED_SERVICE_ID_OVERRIDES as SERVICE_IDS
from botocore.validate import ParamValidator

from awstracer.aws import api_model, argument_table
from awstracer.aws.api_model import Direction, MemberInfo
from awstracer.aws.argument_files import Files, read_regular_file
from awstracer.aws.custom_commands import effects_of
from awstracer.aws.custom_lines import CustomLine, read_line
from awstracer.aws.driver_factory import DriverFactory
from awstracer.aws.isolation import configuration_errors, has_standard_caller, operation_model
from awstracer.aws.loaded_awscli import files_read_by
from awstracer.aws.local_effects import NO_EFFECTS, LocalEffects
from awstracer.commandline.options import OperationCommand, match_option, split_options
from awstracer.errors import BadValue, OperationLeftOut, UnfitParameters, UnknownCommand, UnknownProfile
from awstracer.trace.model import Opaque, Operation
from awstracer.trace.paths import Path

AWSCLI_VERSION: str = awscli.__version__
ALIAS = "is an alias of yours"
SKELETON = ("--generate-cli-skeleton",)
# awscli adds required parameters by itself, and removes members that begin with an underscore
RESOLVED_BY_AWSCLI = re.compile(r'Missing required|Unknown parameter in [^"]*"_')


class InstalledApiModel:
    """What the API models of the installed awscli say about services, members and regions."""

    def __init__(self, drivers: DriverFactory | None = None) -> None:
        self._drivers = drivers or DriverFactory()
        self._service_models: dict[str, Any] = {}
        self._partition_data: Sequence[Mapping[str, Any]] = ()
        self._members: dict[tuple[object, ...], MemberInfo] = {}

    def shape(self, service: str, operation: str, side: Direction, path: Path) -> MemberInfo:
        """Return what the model says about a path of a request or response; UNKNOWN_MEMBER if it says nothing."""
        key = (service, operation, side, tuple(0 if isinstance(each, int) else each for each in path))
        if key not in self._members:
            self._members[key] = api_model.member_info(self._shape(service, operation, side), path)
        return self._members[key]

    def namespaces(self, service: str) -> frozenset[str]:
        """Return the names of a service in ARNs and host names, and its own name."""
        model = self._service_model(service)
        return frozenset({service} if model is None else {service, model.signing_name, model.endpoint_prefix})

    def partition(self, region: str) -> tuple[str, str] | None:
        """Return a region's partition and the suffix of its hosts (`aws`, `amazonaws.com`); None if it is no region."""
        for partition in self._partitions():
            if region in partition["regions"] or re.match(partition["regionRegex"], region):
                return str(partition["id"]), str(partition["outputs"]["dnsSuffix"])
        return None

    def _partitions(self) -> Sequence[Mapping[str, Any]]:
        if not self._partition_data:
            self._partition_data = self._drivers.catalog_driver().session.get_data("partitions")["partitions"]
        return self._partition_data

    def _shape(self, service: str, operation: str, side: Direction) -> Any:
        """Return botocore's shape of an operation's request or response; None if there is none."""
        service_model = self._service_model(service)
        if service_model is None or operation not in service_model.operation_names:
            return None
        model = service_model.operation_model(operation)
        return model.input_shape if side == "request" else model.output_shape

    def _service_model(self, service: str) -> Any:
        if service not in self._service_models:
            session = self._drivers.catalog_driver().session
            services = session.get_available_services()
            name = _service_name(service, services)
            self._service_models[service] = session.get_service_model(name) if name in services else None
        return self._service_models[service]


class Catalog(InstalledApiModel):
    """The commands, options, aliases and profiles of the installed awscli and its API models."""

    def __init__(self, drivers: DriverFactory | None = None) -> None:
        super().__init__(drivers)
        self._table: Mapping[str, Any] = {}
        self._commands: dict[tuple[str, ...], Any] = {}
        self._command_words: dict[tuple[str, str], tuple[tuple[str, ...], ...]] = {}
        self._argument_tables: dict[tuple[str, ...], argument_table.ArgumentTable] = {}
        self._completer: Any = None

    # --- commands

    def operation_command(self, number: int, operation: Operation, argv: Sequence[str]) -> OperationCommand:
        """Return the command of a recorded operation.

        `argv` is the recorded line, which may hold words that stand for no parameter (where the output goes).
        Raise UnknownCommand if awscli has no such command, UnfitParameters if the operation has other parameters,
        both with the command's `number`.
        """
        words = self._words_of(number, operation)
        self.check(number, operation)
        table = self._argument_table(words)
        line = self._arguments_in(argv, words) if table.has_special(argv) else None
        return table.usual if line is None else table.with_line(line, operation.parameters)

    def reads_as(self, operation: Operation, words: tuple[str, ...], argv: Sequence[str]) -> bool:
        """Return whether awscli reads a line as the operation's command of these words, with its very parameters.

        Words such as `file://policy.json` stand for what the files hold now. Nothing but regular files is read.
        """
        line = self._arguments_in(argv, words)
        if line is None:
            return False
        unpack = argument_table.unpacker(self._reading_session, self.find_command(words))
        with files_read_by(read_regular_file):
            return self._argument_table(words).read(line, unpack) == operation.parameters

    def _arguments_in(self, argv: Sequence[str], words: tuple[str, ...]) -> Sequence[str] | None:
        """Return a line's arguments, without global options; None if it is another command's, or awscli refuses it."""
        own, of_globals = split_options(argv, self.global_options())
        line = [argv[at] for at in own]
        is_refused = argument_table.parse(self._global_parser, [argv[at] for at in of_globals]) is None
        return None if is_refused or tuple(line[: len(words)]) != words else line[len(words) :]

    @cached_property
    def _reading_session(self) -> Any:
        """A session in which awscli reads the regular files that a line's words name."""
        session = self._drivers.create().session
        with files_read_by(read_regular_file):
            awscli.paramfile.register_uri_param_handler(session)
        return session

    @cached_property
    def _global_parser(self) -> argparse.ArgumentParser:
        """awscli's parser of global options."""
        return argument_table.make_parser(self._global_arguments)

    @cached_property
    def _global_arguments(self) -> Mapping[str, Any]:
        """awscli's global options, as its help lists them: without dashes."""
        arguments: Mapping[str, Any] = self._drivers.catalog_driver().create_help_command().arg_table
        return arguments

    def find_command(self, words: tuple[str, ...]) -> Any:
        """Return awscli's command object of an operation's words; None if they are no operation's."""
        if words not in self._commands:
            service = self._command_table().get(words[0])
            command = service.create_help_command().command_table.get(words[-1]) if service else None
            is_operation = isinstance(command, awscli.clidriver.ServiceOperation)
            self._commands[words] = command if is_operation else None
        return self._commands[words]

    def check(self, number: int, operation: Operation) -> None:
        """Raise UnfitParameters, with the command's `number`, if botocore would refuse the operation's parameters."""
        command = self.find_command(self._words_of(number, operation))
        body = {name: b"" if isinstance(value, Opaque) else value for name, value in operation.parameters.items()}
        paging = body.pop("PaginationConfig", {})
        shape = operation_model(command).input_shape
        report = ParamValidator().validate(body, shape).generate_report() if shape is not None else ""
        wrong = [line for line in report.splitlines() if not RESOLVED_BY_AWSCLI.match(line)]
        wrong += [] if isinstance(paging, dict) else ["PaginationConfig is no object"]
        if wrong:
            raise UnfitParameters(number, operation.service, operation.name, "; ".join(wrong))

    def check_line(self, number: int, argv: Sequence[str]) -> None:
        """Raise an error, with the command's `number`, if a line without an operation begins with no custom command.

        That is UnknownCommand if awscli has no such command, OperationLeftOut if it is an operation's. A line that only
        prints the skeleton of its input calls nothing.
        """
        own, _ = split_options(argv, self.global_options())
        aliases, table = load_aliases(), self._command_table()
        for at, position in enumerate(own):
            if not table or argv[position].startswith("-") or (at == 0 and argv[position] in aliases):
                return
            words = tuple(argv[each] for each in own[: at + 1])
            if argv[position] not in table:
                raise UnknownCommand(number, f"aws {' '.join(words)}", AWSCLI_VERSION)
            if len(words) == 2 and self.find_command(words) and not any(match_option(word, SKELETON) for word in argv):
                raise OperationLeftOut(number, words)
            table = table[argv[position]].create_help_command().command_table

    def local_effects(self, argv: Sequence[str], files: Files) -> LocalEffects:
        """Return what a custom command's line does on this machine; `files` has the contents of its `file://` words."""
        aliases = load_aliases()
        commands = {**self._command_table(), **aliases}  # an alias may have the name of a command, and hides it
        line = read_line(self._drivers.catalog_driver(), commands, argv, files)
        if line is None:
            return NO_EFFECTS
        return LocalEffects(line.words, unsafe=ALIAS) if line.words[0] in aliases else effects_of(line)

    def operation_effects(self, words: tuple[str, ...]) -> LocalEffects:
        """Return what an operation's command does on this machine besides calling its operation.

        An alias can have the name of a service.
        """
        if words[0] in load_aliases():
            return LocalEffects(words[:1], unsafe=ALIAS)
        is_standard = has_standard_caller(self.find_command(words))
        return NO_EFFECTS if is_standard else effects_of(CustomLine(words, {}))

    def complete(self, line: str) -> list[str]:
        """Return what the last word of a line could become, by awscli's own completer."""
        if self._completer is None:
            self._completer = awscli.completer.Completer(self._drivers.create())
        return list(self._completer.complete(line, len(line)))

    # --- options

    def global_options(self) -> dict[str, bool]:
        """Return awscli's global options (`--region`), each with whether it takes a value."""
        return self._global_options

    @cached_property
    def _global_options(self) -> dict[str, bool]:
        return {
            f"--{name}": name != "version" and argument.cli_type is not bool
            for name, argument in self._global_arguments.items()
        }

    def read_option(self, words: tuple[str, ...], option: str, text: str) -> dict[str, Any]:
        """Return the members that an operation's option, named without dashes, sets for `text`.

        awscli's own code reads the text. Raise BadValue if it refuses it.
        """
        argument = self.find_command(words).arg_table[option]
        session = self._drivers.create().session
        awscli.paramfile.register_uri_param_handler(session)
        members: dict[str, Any] = {}
        kind = argument.cli_type_name
        try:
            value = argument_table.boolean(text) if kind == "boolean" else [text] if kind == "list" else text
            if kind != "boolean":
                value = argument_table.unpack(session, words[0], words[-1], argument, value)
            argument.add_to_params(members, value)
        except Exception as error:  # awscli reports bad values with many types
            raise BadValue(option, text, str(error)) from error
        return members

    # --- settings

    def region(self, profile: str | None) -> str | None:
        """Return the region of the person's configuration under a profile; raise BadConfiguration if it is unusable."""
        with _present_configuration() as session:
            if profile is not None:
                session.set_config_variable("profile", profile)
            region = session.get_config_variable("region")
        return str(region) if region else None

    def check_profile(self, profile: str | None) -> None:
        """Raise UnknownProfile if the configuration has no such profile, BadConfiguration if it is unusable."""
        with _present_configuration() as session:
            profiles = session.available_profiles
        if profile is not None and profile not in profiles:
            raise UnknownProfile(profile, profiles)

    # --- awscli's objects

    def _command_table(self) -> Mapping[str, Any]:
        """Return awscli's commands by their first word: services, custom commands, plugins' commands."""
        if not self._table:
            self._table = self._drivers.catalog_driver().create_help_command().command_table
        return self._table

    def _argument_table(self, words: tuple[str, ...]) -> argument_table.ArgumentTable:
        if words not in self._argument_tables:
            command = self.find_command(words)
            expands = argument_table.expansion_probe(self._drivers.catalog_driver().session, command)
            self._argument_tables[words] = argument_table.ArgumentTable.of(
                words, command.arg_table, expands, self.global_options()
            )
        return self._argument_tables[words]

    def _words_of(self, number: int, operation: Operation) -> tuple[str, ...]:
        """Return the words of an operation's command; of several, of the first that can set all of its parameters.

        The service may have its hyphenated id here, as in botocore's events.
        Raise UnknownCommand, with the command's `number`, if awscli has no such command.
        """
        key = operation.service, operation.name
        if key not in self._command_words:
            self._command_words[key] = self._commands_of(*key)
        several = self._command_words[key]
        if not several:
            raise UnknownCommand(number, f"{operation.service}.{operation.name}", AWSCLI_VERSION)
        return several[0] if len(several) == 1 else next(filter(partial(self._can_set, operation), several), several[0])

    def _commands_of(self, service: str, operation: str) -> tuple[tuple[str, ...], ...]:
        """Return the words of the commands that call an operation: the one that is called as it, or all others.

        `rds add-option-to-option-group` and `remove-option-from-option-group` both call ModifyOptionGroup.
        """
        services = set(self._drivers.catalog_driver().session.get_available_services())
        word = _service_word(_service_name(service, services), self._command_table(), services)
        usual = word, xform_name(operation, "-")
        if self._calls(usual, operation):
            return (usual,)
        names = self._command_table()[word].create_help_command().command_table if word in self._command_table() else ()
        return tuple((word, name) for name in names if self._calls((word, name), operation))

    def _calls(self, words: tuple[str, ...], operation: str) -> bool:
        command = self.find_command(words)
        return command is not None and operation_model(command).name == operation

    def _can_set(self, operation: Operation, words: tuple[str, ...]) -> bool:
        members = {option.path[0] for option in self._argument_table(words).usual.options}
        return members.issuperset(operation.parameters)


def load_aliases() -> Mapping[str, str]:
    """Return the person's top-level aliases by name; raise BadConfiguration if awscli can't read their file."""
    with configuration_errors():
        aliases: Mapping[str, str] = awscli.alias.AliasLoader().get_aliases()
    return aliases


@contextlib.contextmanager
def _present_configuration() -> Iterator[Any]:
    """Give a botocore session that has read nothing of the person's configuration yet."""
    with configuration_errors():
        yield botocore.session.Session(awscli.EnvironmentVariables)  # as `awscli.clidriver.create_clidriver`


def _service_name(service: str, services: Container[str]) -> str:
    """Return the name among `services` of a service, which may have its hyphenated id here, as in botocore's events."""
    names = [service, *(name for name, hyphenated in SERVICE_IDS.items() if hyphenated == service)]
    return next((name for name in names if name in services), service)


def _service_word(service: str, commands: Mapping[str, Any], services: Container[str]) -> str:
    """Return the first word of a service's commands: awscli renames some services (`s3` is `s3api`)."""
    for name in [service, *sorted(name for name in commands if name not in services)]:
        model = getattr(commands.get(name), "service_model", None)
        if model is not None and model.service_name == service:
            return name
    return service
