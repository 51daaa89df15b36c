"""Finds the secrets that a plan needs and that nobody has filled in yet.

A trace has placeholders such as `<SECRET-0F3A...>` in the place of secrets. Many are filled in by references: the key
that `iam create-access-key` returns goes on to `ssm put-parameter`. For each of the others a template has a leaf
`Secret`: `2.master-user-password` can be given with `-p`, in `AWSTRACE_PARAM_2_MASTER_USER_PASSWORD`, or when the
player asks.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from awstracer.plan.model import Plan, Step
from awstracer.plan.template import Secret
from awstracer.relations.identifiers import member_name, squeeze_name
from awstracer.relations.matching import label_before
from awstracer.secrets import placeholders
from awstracer.trace.paths import Path, lookup

ENVIRONMENT = "AWSTRACE_PARAM_"
UNNAMED_WORD = "word"  # the name of a custom command's word that follows no option


@dataclass(frozen=True)
class UnfilledPlaceholder:
    """A secret that only a person can fill in, where it stands first.

    number   the number of the command
    names    its names there, the best one first
    path     where it stands in the command's request
    """

    placeholder: str
    number: int
    names: tuple[str, ...]
    path: Path

    @property
    def spelling(self) -> str:
        """The name that `-p` takes for it: `3.master-user-password`."""
        return f"{self.number}.{self.names[0]}"

    @property
    def variables(self) -> tuple[str, str]:
        """The environment variables that can have its value: for this command, and for all."""
        name = re.sub(r"[^A-Z0-9]", "_", self.names[0].upper())
        return f"{ENVIRONMENT}{self.number}_{name}", f"{ENVIRONMENT}{name}"

    def is_called(self, name: str) -> bool:
        """Return whether it has this name, whatever the case and the hyphens."""
        return squeeze_name(name) in map(squeeze_name, self.names)


def find_missing_secrets(plan: Plan) -> list[UnfilledPlaceholder]:
    """Return the secrets that the steps to be played need and that nobody filled in, each once."""
    needed = {leaf.placeholder for step in plan.selected for _, leaf in _secrets(step)}
    return [secret for secret in _missing(plan.steps, plan.secrets) if secret.placeholder in needed]


def find_by_name(
    steps: Sequence[Step], filled: Collection[str], name: str, number: int | None
) -> list[UnfilledPlaceholder]:
    """Return the missing secrets of that name; only those of command `number`, unless that is None."""
    return [secret for secret in _missing(steps, filled) if number in (None, secret.number) and secret.is_called(name)]


def fill_secrets(plan: Plan, secrets: Mapping[str, str]) -> Plan:
    """Return the plan with further secrets, by placeholder."""
    return replace(plan, secrets={**plan.secrets, **secrets})


def from_environment(secret: UnfilledPlaceholder, environment: Mapping[str, str]) -> str | None:
    """Return the value of a secret that an environment variable has; None if none has it."""
    return next((environment[name] for name in secret.variables if name in environment), None)


def _missing(steps: Sequence[Step], filled: Collection[str]) -> list[UnfilledPlaceholder]:
    missing: dict[str, UnfilledPlaceholder] = {}
    for step in steps:
        for path, leaf in _secrets(step):
            if leaf.placeholder not in missing and leaf.placeholder not in filled:
                names = _names(step, path, leaf)
                missing[leaf.placeholder] = UnfilledPlaceholder(leaf.placeholder, step.number, names, path)
    return list(missing.values())


def _secrets(step: Step) -> list[tuple[Path, Secret]]:
    return [(path, leaf) for path, leaf in step.request.walk() if isinstance(leaf, Secret)]


def _names(step: Step, path: Path, leaf: Secret) -> tuple[str, ...]:
    """Return the names of a secret: the label before it, the option whose whole value it is, its member."""
    scalar = lookup(step.command.request, path)
    text = placeholders.decoded_text(scalar) or ""
    label = label_before(text[: text.find(leaf.placeholder)])
    is_parameter = placeholders.is_placeholder(scalar) and (step.operation_command is None or len(path) == 1)
    option = step.name_of(path) if is_parameter else None
    member = member_name(path) if step.operation_command is not None else UNNAMED_WORD
    return tuple(name for name in dict.fromkeys([label, option, member]) if name)
