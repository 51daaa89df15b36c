"""What `-p` and `--keep` do to the steps of a plan.

An override of a name goes to where the person chose the value first, so that all that refers there follows.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from awstracer import blanks, commandline
from awstracer.commandline import OVERRIDDEN, Span, Text
from awstracer.errors import (
    AmbiguousParameter,
    BadValue,
    UnfitParameters,
    UnknownParameter,
)
from awstracer.paths import Path, lookup, rebuilt
from awstracer.relation_model import Source
from awstracer.steps import Catalog, Override, Pin, Step


def applied(steps: list[Step], override: Override, catalog: Catalog) -> list[Step]:
    """The steps with an override; UnknownParameter, AmbiguousParameter or BadValue if it doesn't fit them."""
    if override.text is None:
        return _kept(steps, override)
    return (
        _redirected(steps, override, override.text)
        or _filled(steps, override, override.text)
        or _overridden(steps, override, override.text, catalog)
    )


def _kept(steps: list[Step], override: Override) -> list[Step]:
    """The steps with recorded values in the place of derived ones."""
    pinned = [dict(step.pins) for step in steps]
    for use in _uses_in(steps, override):
        for path in use.paths:
            recorded = lookup(steps[use.step].command.request, path)
            pinned[use.step][path] = (Pin(recorded, None),)
    return [replace(step, pins=pins) for step, pins in zip(steps, pinned, strict=True)]


def _redirected(steps: list[Step], override: Override, text: str) -> list[Step] | None:
    """The steps with another value for a word that is no parameter, `outfile`; None if the override isn't about one."""
    named = [step for step in steps if override.command in (None, step.number) and _words_called(step, override.name)]
    if not named:
        return None
    uses = [(f"{step.number}.{override.name}", _words_called(step, override.name)) for step in named]
    if any(words != uses[0][1] for _, words in uses):
        raise AmbiguousParameter(override.name, [(spelling, " ".join(words)) for spelling, words in uses])
    return [_with_words(step, override.name, text) if step in named else step for step in steps]


def _filled(steps: list[Step], override: Override, text: str) -> list[Step] | None:
    """The steps with a secret where the trace has a hole; None if the override isn't about one."""
    named = blanks.named(steps, override.name, override.command)
    if not named:
        return None
    if len(named) > 1:
        raise AmbiguousParameter(override.name, [(blank.spelling, blank.hole) for blank in named])
    return blanks.filled(steps, named[0].hole, text)


def _words_called(step: Step, name: str) -> list[str]:
    """The words of an argument that is no parameter; its name alone if the recorded line doesn't have it."""
    if step.form is None:
        return []
    for extra in step.form.extra:
        if extra.name == name and not extra.members:
            return [commandline.plain(word) for word in extra.words]
    return [word for word in step.form.needed if word.removeprefix("--") == name]


def _with_words(step: Step, name: str, text: str) -> Step:
    assert step.form is not None
    before: list[Text] = [(Span(word),) for word in step.form.needed if word == f"--{name}"]
    before += [extra.words[0] for extra in step.form.extra if extra.name == name and len(extra.words) > 1]
    given = commandline.Extra(name, (*before, (Span(text, OVERRIDDEN),)))
    extras = [extra for extra in step.form.extra if extra.name != name]
    needed = tuple(word for word in step.form.needed if word.removeprefix("--") != name)
    return replace(step, form=replace(step.form, extra=(*extras, given), needed=needed))


@dataclass(frozen=True)
class _Use:
    """A place of the trace that has the parameter of an override."""

    step: int
    paths: tuple[Path, ...]
    option: str
    recorded: Any


def _overridden(steps: list[Step], override: Override, text: str, catalog: Catalog) -> list[Step]:
    uses = _uses_in(steps, override)
    if any(use.recorded != uses[0].recorded for use in uses):
        first = {commandline.told(use.recorded): f"{steps[use.step].number}.{use.option}" for use in reversed(uses)}
        raise AmbiguousParameter(override.name, [(spelling, value) for value, spelling in reversed(first.items())])
    pinned = [dict(step.pins) for step in steps]
    for use in uses:
        values = _read(steps[use.step], use, text, catalog)
        _check(steps[use.step], override.name, text, values, catalog)
        for path, value in values.items():
            told = value if steps[use.step].form is None else text
            index, root, pin = _root(steps, use, path, Pin(value, told), renames=override.command is None)
            pinned[index][root] = (*(old for old in pinned[index].get(root, ()) if old.part != pin.part), pin)
    return [replace(step, pins=pins) for step, pins in zip(steps, pinned, strict=True)]


def _uses_in(steps: list[Step], override: Override) -> list[_Use]:
    uses = [use for step in steps if override.command in (None, step.number) for use in _uses(step, override.name)]
    if not uses:
        raise UnknownParameter(_numbered(override.command, override.name), _closest(steps, override))
    return uses


def _uses(step: Step, name: str) -> list[_Use]:
    index = step.number - 1
    if step.command.operation is None or step.form is None:
        return _custom_uses(step, name)
    parameters = step.command.operation.parameters
    for option in step.form.options:
        if name in (option.name.removeprefix("--"), option.path[-1]):
            try:
                return [_Use(index, (option.path,), option.name.removeprefix("--"), lookup(parameters, option.path))]
            except LookupError:
                continue
    for extra in step.form.extra:
        if extra.name == name and extra.members:
            paths = tuple((member,) for member in sorted(extra.members))
            return [_Use(index, paths, name, [parameters.get(member) for member in sorted(extra.members)])]
    return []


def _custom_uses(step: Step, name: str) -> list[_Use]:
    argv = step.command.argv
    apart = [at for at in step.arguments if argv[at - 1] == f"--{name}" and not argv[at].startswith("--")]
    joined = [at for at in step.arguments if argv[at].startswith(f"--{name}=")]
    return [
        _Use(step.number - 1, (("argv", at),), name, argv[at].removeprefix(f"--{name}="))
        for at in sorted([*apart, *joined])
    ]


def _read(step: Step, use: _Use, text: str, catalog: Catalog) -> Mapping[Path, Any]:
    """What the override's text means there, by path."""
    if step.form is None:
        word = str(lookup(step.command.request, use.paths[0]))
        return {use.paths[0]: word.removesuffix(use.recorded) + text}
    members = catalog.read_option(step.form.words, use.option, text)
    return {path: lookup(members, path) for path in use.paths}


def _check(step: Step, name: str, text: str, values: Mapping[Path, Any], catalog: Catalog) -> None:
    """BadValue if the operation wouldn't take the values."""
    operation = step.command.operation
    if operation is None:
        return
    parameters = rebuilt(operation.parameters, lambda path, _: values.get(path))
    try:
        catalog.check(step.number, replace(operation, parameters=parameters))
    except UnfitParameters as unfit:
        raise BadValue(name, text, unfit.reason) from unfit


def _root(steps: list[Step], use: _Use, path: Path, pin: Pin, *, renames: bool) -> tuple[int, Path, Pin]:
    """Where the pin belongs: at the value that the person chose first for this thing, which all others follow."""
    whole = next((relation for relation in steps[use.step].related.get(path, ()) if relation.target.span is None), None)
    source = whole.source if whole is not None else None
    follows = whole is not None and whole.is_same_type
    if renames and follows and isinstance(source, Source) and source.section == "request":
        return source.command, source.path, replace(pin, part=source.part)
    return use.step, path, pin


def _closest(steps: Sequence[Step], override: Override) -> list[str]:
    names: set[str] = set()
    for step in steps:
        if step.form and step.command.operation and override.command in (None, step.number):
            present = step.command.operation.parameters
            names |= {option.name.removeprefix("--") for option in step.form.options if option.path[0] in present}
            names |= {extra.name for extra in step.form.extra}
        elif override.command in (None, step.number):
            argv = step.command.argv
            options = [argv[at].partition("=")[0] for at in step.arguments if argv[at].startswith("--")]
            names |= {option.removeprefix("--") for option in options}
    close = difflib.get_close_matches(override.name, sorted(names), n=3, cutoff=0.5)
    return [_numbered(override.command, name) for name in close]


def _numbered(command: int | None, name: str) -> str:
    return name if command is None else f"{command}.{name}"
