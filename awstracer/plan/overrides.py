"""Enters what a person says with `-p` and `--keep` in the drafts of a plan.

`-p policy-name tp` looks for the parameter `policy-name` in all commands. If `iam attach-user-policy` of command 2 has
the value from the request of command 1, the override goes to command 1: everything that refers there follows.
An override of the third kind fills in a secret that the trace doesn't have.

Which of several leaves a place gets is decided in `plan/compiler`; `plan/missing_secrets` finds the secrets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from awstracer.commandline.options import ExtraArgument
from awstracer.commandline.text import MarkedText, Provenance, Segment, format_value, to_str
from awstracer.errors import AmbiguousParameter, BadValue, UnfitParameters, UnknownParameter
from awstracer.plan import missing_secrets
from awstracer.plan.compiler import Draft, Place
from awstracer.plan.model import Catalog, Override, Step
from awstracer.plan.template import Given, Kept, Slice
from awstracer.relations.identifiers import segment_spans
from awstracer.relations.model import Part, Source
from awstracer.trace.paths import Path, lookup, replace_at


@dataclass(frozen=True)
class Drafts:
    """The drafts of a plan, and the secrets that a person gave, by placeholder."""

    in_order: tuple[Draft, ...]
    secrets: Mapping[str, str] = field(default_factory=dict)

    def of(self, number: int) -> Draft:
        """Return the draft of command `number`."""
        return self.in_order[number - 1]

    def with_draft(self, number: int, draft: Draft) -> Drafts:
        """Return the drafts with another one of command `number`."""
        return replace(self, in_order=(*self.in_order[: number - 1], draft, *self.in_order[number:]))


def apply_override(drafts: Drafts, override: Override, catalog: Catalog) -> Drafts:
    """Return the drafts with an override.

    Raise UnknownParameter, AmbiguousParameter or BadValue if the override doesn't fit them.
    """
    if override.text is None:
        return _keep_recorded(drafts, override)
    return (
        _override_word(drafts, override, override.text)
        or _fill_secret(drafts, override, override.text)
        or _override_parameter(drafts, override, override.text, catalog)
    )


def _possible_drafts(drafts: Drafts, override: Override) -> list[Draft]:
    """Return the drafts of the commands that an override can be about."""
    return [draft for draft in drafts.in_order if override.command in (None, draft.bare.number)]


# --- words that are no parameter


def _override_word(drafts: Drafts, override: Override, text: str) -> Drafts | None:
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
        drafts = drafts.with_draft(step.number, replace(draft, bare=_renamed_word(step, override.name, text)))
    return drafts


def _words_called(step: Step, name: str) -> list[str]:
    """Return the words of an argument that is no parameter; only its name if the recorded line doesn't have it."""
    if step.operation_command is None:
        return []
    for extra in step.operation_command.extra:
        if extra.name == name and not extra.members:
            return [to_str(word) for word in extra.words]
    return [word for word in step.operation_command.needed if word.removeprefix("--") == name]


def _renamed_word(step: Step, name: str, text: str) -> Step:
    assert step.operation_command is not None
    before: list[MarkedText] = [(Segment(word),) for word in step.operation_command.needed if word == f"--{name}"]
    before += [extra.words[0] for extra in step.operation_command.extra if extra.name == name and len(extra.words) > 1]
    given = ExtraArgument(name, (*before, (Segment(text, Provenance.OVERRIDDEN),)))
    extras = [extra for extra in step.operation_command.extra if extra.name != name]
    needed = tuple(word for word in step.operation_command.needed if word.removeprefix("--") != name)
    return replace(step, operation_command=replace(step.operation_command, extra=(*extras, given), needed=needed))


# --- secrets


def _fill_secret(drafts: Drafts, override: Override, text: str) -> Drafts | None:
    """Return the drafts with a secret; None if the override isn't about one that is missing."""
    steps = [draft.step for draft in drafts.in_order]
    missing = missing_secrets.find_by_name(steps, drafts.secrets, override.name, override.command)
    if not missing:
        return None
    if len(missing) > 1:
        raise AmbiguousParameter(override.name, [(blank.spelling, blank.placeholder) for blank in missing])
    return replace(drafts, secrets={**drafts.secrets, missing[0].placeholder: text})


# --- parameters


@dataclass(frozen=True)
class _Use:
    """A parameter that an override can be about: where it stands in a command, and what was recorded there.

    option   what `-p` calls it
    """

    step: Step
    paths: tuple[Path, ...]
    option: str
    recorded: Any


def _keep_recorded(drafts: Drafts, override: Override) -> Drafts:
    """Return the drafts with recorded values in the place of related ones."""
    for use in _uses(drafts, override):
        draft = drafts.of(use.step.number)
        kept = {path: Kept(lookup(use.step.command.request, path)) for path in use.paths}
        drafts = drafts.with_draft(use.step.number, replace(draft, kept={**draft.kept, **kept}))
    return drafts


def _override_parameter(drafts: Drafts, override: Override, text: str, catalog: Catalog) -> Drafts:
    """Return the drafts with another value for a parameter, entered where everything that should follow refers to."""
    uses = _uses(drafts, override)
    if any(use.recorded != uses[0].recorded for use in uses):
        first = {format_value(use.recorded): f"{use.step.number}.{use.option}" for use in reversed(uses)}
        raise AmbiguousParameter(override.name, [(spelling, value) for value, spelling in reversed(first.items())])
    for use in uses:
        values = _values(use, text, catalog)
        _check(use.step, override.name, text, values, catalog)
        for path, value in values.items():
            typed_as = str(value) if use.step.operation_command is None else text
            is_numbered = override.command is not None
            number, place = (use.step.number, (path, None)) if is_numbered else _origin(drafts, use.step, path)
            draft = drafts.of(number)
            given = Given(value, typed_as, is_secret=draft.bare.is_secret(place[0]))
            drafts = drafts.with_draft(number, replace(draft, given={**draft.given, place: given}))
    return drafts


def _origin(drafts: Drafts, step: Step, path: Path) -> tuple[int, Place]:
    """Return the command and the place in its request where the value at a path was chosen; here, if nowhere else."""
    for relation in drafts.of(step.number).request:
        target, source = relation.target, relation.source
        if target.path == path and target.span is None:
            if relation.is_same_type and isinstance(source, Source) and source.section == "request":
                text = lookup(drafts.of(source.command + 1).bare.command.request, source.path)
                place = None if source.part is None else _slice_of(text, source.part)
                return source.command + 1, (source.path, place)
            break
    return step.number, (path, None)


def _slice_of(text: str, part: Part) -> Slice:
    """Return where a part of a text begins and ends."""
    found = segment_spans(text)
    return found[part[0]][0], found[part[1] - 1 if part[1] is not None else -1][1]


def _uses(drafts: Drafts, override: Override) -> list[_Use]:
    """Return where the parameter of an override stands; raise UnknownParameter if it stands nowhere."""
    steps = [draft.bare for draft in _possible_drafts(drafts, override)]
    uses = [use for step in steps for use in _uses_in(step, override.name)]
    if not uses:
        raise UnknownParameter(_numbered(override.command, override.name), _closest(steps, override))
    return uses


def _uses_in(step: Step, name: str) -> Sequence[_Use]:
    if step.command.operation is None or step.operation_command is None:
        return _uses_in_words(step, name)
    parameters = step.command.operation.parameters
    for option in step.operation_command.options:
        if name in (option.name.removeprefix("--"), option.path[-1]):
            try:
                return [_Use(step, (option.path,), option.name.removeprefix("--"), lookup(parameters, option.path))]
            except LookupError:
                continue
    for extra in step.operation_command.extra:
        if extra.name == name and extra.members:
            members = sorted(extra.members)
            recorded = [parameters.get(member) for member in members]
            return [_Use(step, tuple((member,) for member in members), name, recorded)]
    return []


def _uses_in_words(step: Step, name: str) -> Sequence[_Use]:
    argv = step.command.argv
    apart = [at for at in step.arguments if argv[at - 1] == f"--{name}" and not argv[at].startswith("--")]
    joined = [at for at in step.arguments if argv[at].startswith(f"--{name}=")]
    return [_Use(step, (("argv", at),), name, argv[at].removeprefix(f"--{name}=")) for at in sorted([*apart, *joined])]


def _values(use: _Use, text: str, catalog: Catalog) -> Mapping[Path, Any]:
    """Return what the text of an override means for a parameter, by path."""
    if use.step.operation_command is None:
        word = str(lookup(use.step.command.request, use.paths[0]))
        return {use.paths[0]: word.removesuffix(use.recorded) + text}
    members = catalog.read_option(use.step.operation_command.words, use.option, text)
    return {path: lookup(members, path) for path in use.paths}


def _check(step: Step, name: str, text: str, values: Mapping[Path, Any], catalog: Catalog) -> None:
    """Raise BadValue if the operation wouldn't take the values."""
    operation = step.command.operation
    if operation is None:
        return
    try:
        catalog.check(step.number, replace(operation, parameters=replace_at(operation.parameters, values)))
    except UnfitParameters as unfit:
        raise BadValue(name, text, unfit.reason) from unfit


def _closest(steps: Iterable[Step], override: Override) -> list[str]:
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
