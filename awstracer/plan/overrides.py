"""Enters the overrides of `-p` and `--keep` in the drafts of a plan.

`-p policy-name tp` looks for the parameter `policy-name` in all commands. If `iam attach-user-policy` of command 2 has
the value from the request of command 1, the override goes to command 1: everything that refers there follows.
Other overrides fill in a secret that the trace doesn't have, or set a word that is no parameter (an output file).

Which of several leaves a place gets is decided in `plan/compiler`; `plan/missing_secrets` finds the secrets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from awstracer.commandline.options import ExtraArgument
from awstracer.commandline.text import MarkedText, Provenance, Segment, format_value, to_str
from awstracer.errors import AmbiguousParameter, BadValue, UnfitParameters, UnknownCommandNumber, UnknownParameter
from awstracer.plan import missing_secrets
from awstracer.plan.compiler import Draft, Place
from awstracer.plan.model import CommandCatalog, Keep, Override, Step
from awstracer.plan.template import Given, Kept
from awstracer.relations.identifiers import part_span
from awstracer.relations.model import Source
from awstracer.trace.paths import Path, lookup, replace_at


@dataclass(frozen=True)
class Drafts:
    """The drafts of a plan, and the secrets that overrides fill in, by placeholder."""

    in_order: tuple[Draft, ...]
    secrets: Mapping[str, str] = field(default_factory=dict)

    def of(self, number: int) -> Draft:
        """Return the draft of command `number`."""
        return self.in_order[number - 1]

    def with_draft(self, number: int, draft: Draft) -> Drafts:
        """Return the drafts with another one of command `number`."""
        return replace(self, in_order=(*self.in_order[: number - 1], draft, *self.in_order[number:]))


def apply_override(drafts: Drafts, override: Override | Keep, catalog: CommandCatalog) -> Drafts:
    """Return the drafts with an override.

    Raise UnknownCommandNumber, UnknownParameter, AmbiguousParameter or BadValue if the override doesn't fit them.
    """
    if override.command is not None and override.command > len(drafts.in_order):
        raise UnknownCommandNumber(override.command, len(drafts.in_order))
    if isinstance(override, Keep):
        return _keep_recorded(drafts, override)
    return (
        _override_word(drafts, override)
        or _fill_secret(drafts, override)
        or _override_parameter(drafts, override, catalog)
    )


def _possible_drafts(drafts: Drafts, override: Override | Keep) -> list[Draft]:
    """Return the drafts of the commands that an override can be about."""
    return [draft for draft in drafts.in_order if override.command in (None, draft.bare.number)]


# --- words that are no parameter


def _override_word(drafts: Drafts, override: Override) -> Drafts | None:
    """Return the drafts with another word for an `outfile` and the like; None if the override isn't about one."""
    possible = [draft.bare for draft in _possible_drafts(drafts, override)]
    steps = [step for step in possible if _words_called(step, override.name)]
    if not steps:
        return None
    uses = [(f"{step.number}.{override.name}", _words_called(step, override.name)) for step in steps]
    if any(words != uses[0][1] for _, words in uses):
        raise AmbiguousParameter(override.name, [(spelling, " ".join(words)) for spelling, words in uses])
    for step in steps:
        draft = drafts.of(step.number)
        drafts = drafts.with_draft(step.number, replace(draft, bare=_renamed_word(step, override)))
    return drafts


def _words_called(step: Step, name: str) -> list[str]:
    """Return the words of an argument that is no parameter; only its name if the recorded line doesn't have it."""
    if step.operation_command is None:
        return []
    for extra in step.operation_command.extra:
        if extra.name == name and not extra.members:
            return [to_str(word) for word in extra.words]
    return [word for word in step.operation_command.needed if word.removeprefix("--") == name]


def _renamed_word(step: Step, override: Override) -> Step:
    name = override.name
    assert step.operation_command is not None
    before: list[MarkedText] = [(Segment(word),) for word in step.operation_command.needed if word == f"--{name}"]
    before += [extra.words[0] for extra in step.operation_command.extra if extra.name == name and len(extra.words) > 1]
    overriding = ExtraArgument(name, (*before, (Segment(override.text, Provenance.OVERRIDDEN),)))
    extras = [extra for extra in step.operation_command.extra if extra.name != name]
    needed = tuple(word for word in step.operation_command.needed if word.removeprefix("--") != name)
    return replace(step, operation_command=replace(step.operation_command, extra=(*extras, overriding), needed=needed))


# --- secrets


def _fill_secret(drafts: Drafts, override: Override) -> Drafts | None:
    """Return the drafts with a secret; None if the override isn't about one that is missing."""
    steps = [draft.step for draft in drafts.in_order]
    missing = missing_secrets.find_by_name(steps, drafts.secrets, override.name, override.command)
    if not missing:
        return None
    if len(missing) > 1:
        raise AmbiguousParameter(override.name, [(secret.spelling, secret.placeholder) for secret in missing])
    return replace(drafts, secrets={**drafts.secrets, missing[0].placeholder: override.text})


# --- parameters


@dataclass(frozen=True)
class _NamedParameter:
    """A parameter that an override can be about: where it stands in a command, and what was recorded there.

    option   what `-p` calls it
    """

    step: Step
    paths: tuple[Path, ...]
    option: str
    recorded: Any


def _keep_recorded(drafts: Drafts, keep: Keep) -> Drafts:
    """Return the drafts with recorded values that no relation replaces."""
    for parameter in _named_parameters(drafts, keep):
        draft = drafts.of(parameter.step.number)
        leaves = {path: Kept(lookup(parameter.step.command.request, path)) for path in parameter.paths}
        drafts = drafts.with_draft(parameter.step.number, replace(draft, kept_values={**draft.kept_values, **leaves}))
    return drafts


def _override_parameter(drafts: Drafts, override: Override, catalog: CommandCatalog) -> Drafts:
    """Return the drafts with another value for a parameter, entered where everything that should follow refers to."""
    parameters = _named_parameters(drafts, override)
    _check_unambiguous(override, parameters)
    for parameter in parameters:
        step, values = parameter.step, _values(parameter, override.text, catalog)
        _check(step, override, values, catalog)
        for path, value in values.items():
            typed_as = str(value) if step.operation_command is None else override.text
            is_numbered = override.command is not None
            number, place = (step.number, (path, None)) if is_numbered else _origin(drafts, step, path)
            draft = drafts.of(number)
            leaf = Given(value, typed_as, is_secret=draft.bare.is_secret(place[0]))
            drafts = drafts.with_draft(number, replace(draft, given_values={**draft.given_values, place: leaf}))
    return drafts


def _check_unambiguous(override: Override, parameters: Sequence[_NamedParameter]) -> None:
    """Raise AmbiguousParameter if the parameters that an override names were recorded with several values."""
    first: dict[str, str] = {}
    for parameter in parameters:
        first.setdefault(format_value(parameter.recorded), f"{parameter.step.number}.{parameter.option}")
    if any(parameter.recorded != parameters[0].recorded for parameter in parameters):
        raise AmbiguousParameter(override.name, [(spelling, value) for value, spelling in first.items()])


def _origin(drafts: Drafts, step: Step, path: Path) -> tuple[int, Place]:
    """Return the command and the place in its request where the value at a path was chosen; here, if nowhere else."""
    for relation in drafts.of(step.number).request:
        target, source = relation.target, relation.source
        if target.path == path and target.span is None:
            if relation.is_same_type and isinstance(source, Source) and source.section == "request":
                text = lookup(drafts.of(source.command + 1).bare.command.request, source.path)
                place = None if source.part is None else part_span(text, source.part)
                return source.command + 1, (source.path, place)
            break
    return step.number, (path, None)


def _named_parameters(drafts: Drafts, override: Override | Keep) -> list[_NamedParameter]:
    """Return where the parameter of an override stands; raise UnknownParameter if it stands nowhere."""
    steps = [draft.bare for draft in _possible_drafts(drafts, override)]
    parameters = [parameter for step in steps for parameter in _parameters_of(step, override.name)]
    if not parameters:
        raise UnknownParameter(_numbered(override.command, override.name), _closest(steps, override))
    return parameters


def _parameters_of(step: Step, name: str) -> Sequence[_NamedParameter]:
    if step.command.operation is None or step.operation_command is None:
        return _parameters_in_words(step, name)
    parameters = step.command.operation.parameters
    for option in step.operation_command.options:
        bare_name = option.name.removeprefix("--")
        if name in (bare_name, option.path[-1]):
            with suppress(LookupError):
                return [_NamedParameter(step, (option.path,), bare_name, lookup(parameters, option.path))]
    for extra in step.operation_command.extra:
        if extra.name == name and extra.members:
            members = sorted(extra.members)
            recorded = [parameters.get(member) for member in members]
            return [_NamedParameter(step, tuple((member,) for member in members), name, recorded)]
    return []


def _parameters_in_words(step: Step, name: str) -> Sequence[_NamedParameter]:
    argv = step.command.argv
    apart = [at for at in step.arguments if argv[at - 1] == f"--{name}" and not argv[at].startswith("--")]
    joined = [at for at in step.arguments if argv[at].startswith(f"--{name}=")]
    words = [(at, argv[at].removeprefix(f"--{name}=")) for at in sorted([*apart, *joined])]
    return [_NamedParameter(step, (("argv", at),), name, text) for at, text in words]


def _values(parameter: _NamedParameter, text: str, catalog: CommandCatalog) -> Mapping[Path, Any]:
    """Return what the text of an override means for a parameter, by path."""
    if parameter.step.operation_command is None:
        word = str(lookup(parameter.step.command.request, parameter.paths[0]))
        return {parameter.paths[0]: word.removesuffix(parameter.recorded) + text}
    members = catalog.read_option(parameter.step.operation_command.words, parameter.option, text)
    return {path: lookup(members, path) for path in parameter.paths}


def _check(step: Step, override: Override, values: Mapping[Path, Any], catalog: CommandCatalog) -> None:
    """Raise BadValue if the operation wouldn't take the values."""
    operation = step.command.operation
    if operation is None:
        return
    try:
        catalog.check(step.number, replace(operation, parameters=replace_at(operation.parameters, values)))
    except UnfitParameters as unfit:
        raise BadValue(override.name, override.text, unfit.reason) from unfit


def _closest(steps: Iterable[Step], override: Override | Keep) -> list[str]:
    """Return the names of parameters that are most like the one that an override names."""
    import difflib  # only a mistyped name needs it

    names = {name for step in steps for name in _parameter_names(step)}
    close = difflib.get_close_matches(override.name, sorted(names), n=3, cutoff=0.5)
    return [_numbered(override.command, name) for name in close]


def _parameter_names(step: Step) -> set[str]:
    if step.operation_command is None or step.command.operation is None:
        options = [step.command.argv[at].partition("=")[0] for at in step.arguments]
        return {option.removeprefix("--") for option in options if option.startswith("--")}
    present = step.command.operation.parameters
    options = [option.name.removeprefix("--") for option in step.operation_command.options if option.path[0] in present]
    return {*options, *(extra.name for extra in step.operation_command.extra)}


def _numbered(command: int | None, name: str) -> str:
    return name if command is None else f"{command}.{name}"
