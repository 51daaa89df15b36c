"""Warnings about values that a replay sends as recorded though they may not fit any more.

A script makes up names as it runs: `demo-$(date +%s)`, `bucket-$(openssl rand -hex 3)`. A replay sends the recorded
ones, where the script would make up others. `find_generated_names` recognizes them by how they look:
`demo-1767323045` has the time of the recording in it.

`unresolved_identifiers` finds identifiers such as `ami-0a1b2c3d` that nothing in the trace explains, so that they are
sent as recorded even to another account. Both look at recorded values for which a template has no leaf.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

from awstracer.plan.model import Step
from awstracer.plan.template import Interpolation
from awstracer.relations import identifiers, operations
from awstracer.secrets import placeholders
from awstracer.trace.encodings import UUID
from awstracer.trace.paths import Path, leaves

LONGEST = 200
NEAR = 86_400  # seconds
ONE_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@+-]*")
DIGITS = re.compile(r"\d+")
EPOCHS: Mapping[int, int] = {10: 1, 13: 10**3, 16: 10**6, 19: 10**9}  # what a second has, by the number of digits
DATES = ("%Y%m%d", "%Y-%m-%d", "%Y_%m_%d", "%Y.%m.%d", "%Y/%m/%d")
TIME_OF_DAY = r"(?:\d{4}|\d{6})?"
RANDOM_NUMBER = re.compile(r"(?:[A-Za-z]|[A-Za-z0-9][-_])[1-3]\d{4}\Z")  # a shell's $RANDOM, but for the smallest
SHORTEST_RANDOM, LONGEST_RANDOM, FEWEST_CHANGES = 5, 32, 3
SERVICES_OWN = re.compile(r"[a-z]+(?:-[a-z]+)*-[0-9a-f]{17}|(?:AKIA|ASIA|AIDA|AROA|ANPA)[A-Z0-9]+|\d{12}")
IDENTIFIER = re.compile(r"(?:^|-)(?:id|arn)s?$|(?:I[Dd]|A(?:RN|rn))s?$")


@dataclass(frozen=True)
class GeneratedName:
    """A value of command `number` that looks as if a script generated it.

    option   in which it stands, without dashes; None for a word of its own
    is_all   whether the option has this value alone, so that `-p` can give another one
    """

    number: int
    option: str | None
    text: str
    is_all: bool


def find_generated_names(steps: Sequence[Step]) -> list[GeneratedName]:
    """Return the recorded values in what the steps send that look generated, each once."""
    names: dict[str, GeneratedName] = {}
    for step in steps:
        for path, text in _chosen_values(step):
            if text not in names and has_generated_part(text, step.command.started):
                option = step.name_of(path)
                names[text] = GeneratedName(step.number, option, text, option is not None and _is_all(step, path))
    return list(names.values())


def has_generated_part(text: str, then: datetime) -> bool:
    """Return whether a text has something random in it, or a time near `then`, when it was sent."""
    if len(text) > LONGEST or not ONE_WORD.fullmatch(text) or text.startswith(("arn:", "http:", "https:")):
        return False
    if SERVICES_OWN.fullmatch(text):
        return False
    return _has_time(text, then) or bool(RANDOM_NUMBER.search(text)) or _has_random(text)


def _has_time(text: str, then: datetime) -> bool:
    if any(_is_epoch(match[0], then) for match in DIGITS.finditer(text)):
        return True
    today = then.toordinal()
    days = [date.fromordinal(day) for day in (today - 1, today, today + 1) if 1 <= day <= date.max.toordinal()]
    dates = "|".join(re.escape(day.strftime(pattern)) for day in days for pattern in DATES)
    return bool(re.search(rf"(?<!\d)(?:{dates}){TIME_OF_DAY}(?!\d)", text))


def _is_epoch(digits: str, then: datetime) -> bool:
    unit = EPOCHS.get(len(digits))
    return unit is not None and abs(int(digits) / unit - then.timestamp()) <= NEAR


def _has_random(text: str) -> bool:
    """Return whether a text has a UUID or, behind its first token, one whose letters and digits alternate at random."""
    if UUID.search(text):
        return True
    return any(_is_alternating(token) for token in identifiers.tokens(text)[1:])


def _is_alternating(token: str) -> bool:
    if not SHORTEST_RANDOM <= len(token) <= LONGEST_RANDOM:
        return False
    return sum(first.isdigit() != second.isdigit() for first, second in pairwise(token)) >= FEWEST_CHANGES


def _chosen_values(step: Step) -> Iterator[tuple[Path, str]]:
    """Yield the recorded values of a step that come from nowhere else, and are no ids of what exists already."""
    for path, leaf in leaves(step.command.request):
        is_plain = (
            isinstance(leaf, (str, int))
            and not isinstance(leaf, bool)
            and not any(placeholders.find_placeholders(leaf))
        )
        if is_plain and _is_chosen_here(step, path) and not _is_name_of_existing(step, path):
            yield path, str(leaf)


def _is_chosen_here(step: Step, path: Path) -> bool:
    """Return whether the value at a path is the recorded one; the files of a custom command don't count."""
    is_own = step.operation_command is not None or (path[0] == "argv" and path[1] in step.arguments)
    return is_own and step.request.covering(path) is None


def _is_name_of_existing(step: Step, path: Path) -> bool:
    """Return whether the value at a path is the identifier of something that the command doesn't create."""
    operation = step.command.operation
    label = identifiers.member_name(path) if operation else step.name_of(path)
    is_new = operation is not None and operations.is_new_name(path, operation.name)
    return bool(IDENTIFIER.search(label or "")) and not is_new


def _is_all(step: Step, path: Path) -> bool:
    """Return whether an option sets only the value at a path."""
    return step.operation_command is None or any(option.path == path for option in step.operation_command.options)


# --- identifiers


def unresolved_identifiers(step: Step) -> Iterator[tuple[Path, str]]:
    """Yield the identifiers that a step sends as recorded since nothing explains them, with their paths."""
    for path, scalar in step.own_scalars():
        _, leaf = step.request.covering(path) or (path, None)
        if isinstance(scalar, str) and (leaf is None or isinstance(leaf, Interpolation)):
            replaced = [piece.span for piece in leaf.pieces] if leaf is not None else []
            for begin, end in identifiers.find_generated_ids(scalar):
                if not any(first < end and begin < last for first, last in replaced):
                    yield path, scalar[begin:end]
