"""Names that a script made up as it ran: `demo-$(date +%s)`, `bucket-$(openssl rand -hex 3)`.

A replay sends them as they were recorded, where the script would have made up other ones. Only looks tell them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

from awstracer import holes, identifiers, operations
from awstracer.identifiers import find_generated_ids
from awstracer.paths import Path, leaves
from awstracer.steps import Step
from awstracer.template import Interpolation

LONGEST = 200
NEAR = 86_400  # seconds
TOLD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@+-]*")
DIGITS = re.compile(r"\d+")
EPOCHS: Mapping[int, int] = {10: 1, 13: 10**3, 16: 10**6, 19: 10**9}  # what a second has, by the number of digits
DATES = ("%Y%m%d", "%Y-%m-%d", "%Y_%m_%d", "%Y.%m.%d", "%Y/%m/%d")
CLOCK = r"(?:\d{4}|\d{6})?"
RANDOM_NUMBER = re.compile(r"(?:[A-Za-z]|[A-Za-z0-9][-_])[1-3]\d{4}\Z")  # a shell's $RANDOM, but for the smallest
ATOM = re.compile(r"[A-Za-z0-9]+")
SHORTEST_RANDOM, LONGEST_RANDOM, FEWEST_CHANGES = 5, 32, 3
SERVICES_OWN = re.compile(r"[a-z]+(?:-[a-z]+)*-[0-9a-f]{17}|(?:AKIA|ASIA|AIDA|AROA|ANPA)[A-Z0-9]+|\d{12}")
IDENTIFIER = re.compile(r"(?:^|-)(?:id|arn)s?$|(?:I[Dd]|A(?:RN|rn))s?$")


@dataclass(frozen=True)
class Invented:
    """A value of command `number` that looks made up.

    option   of the line that it is in, without dashes; None for a word of its own
    is_all   whether the option is for this value alone, so that `-p` can give another one
    """

    number: int
    option: str | None
    text: str
    is_all: bool


def invented(steps: Sequence[Step]) -> list[Invented]:
    """What looks made up of what the steps send and that comes from nowhere else, each value once."""
    found: dict[str, Invented] = {}
    for step in steps:
        for path, text in _born(step):
            if text not in found and looks_made_up(text, step.command.started):
                option = step.name_of(path)
                found[text] = Invented(step.number, option, text, option is not None and _is_all(step, path))
    return list(found.values())


def looks_made_up(text: str, then: datetime) -> bool:
    """Whether a text has something random in it, or a time near `then`, when it was used."""
    if len(text) > LONGEST or not TOLD.fullmatch(text) or text.startswith(("arn:", "http:", "https:")):
        return False
    if SERVICES_OWN.fullmatch(text):
        return False
    return _has_time(text, then) or bool(RANDOM_NUMBER.search(text)) or _has_random(text)


def _has_time(text: str, then: datetime) -> bool:
    if any(_is_epoch(match[0], then) for match in DIGITS.finditer(text)):
        return True
    today = then.toordinal()
    days = [date.fromordinal(day) for day in (today - 1, today, today + 1) if 1 <= day <= date.max.toordinal()]
    dates = "|".join(re.escape(day.strftime(form)) for day in days for form in DATES)
    return bool(re.search(rf"(?<!\d)(?:{dates}){CLOCK}(?!\d)", text))


def _is_epoch(digits: str, then: datetime) -> bool:
    part = EPOCHS.get(len(digits))
    return part is not None and abs(int(digits) / part - then.timestamp()) <= NEAR


def _has_random(text: str) -> bool:
    """A UUID, or a piece behind another one in which letters and digits are mixed as nobody would."""
    if identifiers.UUID.search(text):
        return True
    return any(_is_random(atom) for atom in ATOM.findall(text)[1:])


def _is_random(atom: str) -> bool:
    if not SHORTEST_RANDOM <= len(atom) <= LONGEST_RANDOM:
        return False
    return sum(first.isdigit() != second.isdigit() for first, second in pairwise(atom)) >= FEWEST_CHANGES


def _born(step: Step) -> Iterator[tuple[Path, str]]:
    """What a step sends as the person, or the script, first said it, where it isn't the id of what there is already."""
    for path, leaf in leaves(step.command.request):
        is_told = isinstance(leaf, (str, int)) and not isinstance(leaf, bool) and not any(holes.holes(leaf))
        if is_told and _is_said_here(step, path) and not _names_another(step, path):
            yield path, str(leaf)


def _is_said_here(step: Step, path: Path) -> bool:
    is_own = step.form is not None or (path[0] == "argv" and path[1] in step.arguments)
    return is_own and step.request.covering(path) is None


def _names_another(step: Step, path: Path) -> bool:
    """Whether what is at a path is the identifier of something that the command doesn't make."""
    operation = step.command.operation
    label = next((key for key in reversed(path) if isinstance(key, str)), "") if operation else step.name_of(path)
    is_new = operation is not None and operations.is_new_name(path, operation.name)
    return bool(IDENTIFIER.search(label or "")) and not is_new


def _is_all(step: Step, path: Path) -> bool:
    """Whether an option sets just what is at a path."""
    return step.form is None or any(option.path == path for option in step.form.options)


# --- identifiers


def unrelated(step: Step) -> Iterator[tuple[Path, str]]:
    """Yield the identifiers that a step sends as recorded since nothing explains them, with their paths."""
    for path, scalar in step.own_scalars():
        found = step.request.covering(path) if isinstance(scalar, str) else None
        leaf = found[1] if found is not None else None
        if isinstance(scalar, str) and (leaf is None or isinstance(leaf, Interpolation)):
            replaced = [piece.slice for piece in leaf.pieces] if leaf is not None else []
            for begin, end in find_generated_ids(scalar):
                if not any(first < end and begin < last for first, last in replaced):
                    yield path, scalar[begin:end]
