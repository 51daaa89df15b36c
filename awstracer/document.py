"""A plan as a JSON document, for programs that want to know what a replay would do.

What is in it stands in the README's appendix.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable
from typing import Any

from awstracer import holes, invented, polling
from awstracer.invocation import Substitution
from awstracer.location import Setting
from awstracer.origins import Source
from awstracer.resolve import Knowledge
from awstracer.steps import Step
from awstracer.template import Given, Kept, PlainLeaf, Secret
from awstracer.text import Provenance, Text, plain
from awstracer.trace import Command, Path, Poll, rebuilt, spelled
from awstracer.tracefile import condition_document, packed

VERSION = 1


def dumps(knowledge: Knowledge, pause: float | None) -> str:
    """The steps of a plan, as they would be run; `pause` is what the person says instead of recorded ones."""
    commands = [_command(step, knowledge, pause) for step in knowledge.steps]
    return json.dumps({"version": VERSION, "commands": commands}, indent=1)  # ASCII: nothing in it steers a terminal


def _command(step: Step, knowledge: Knowledge, pause: float | None) -> dict[str, Any]:
    invocation = knowledge.invocation(step)
    leaves, secrets = list(step.request.walk()), knowledge.plan.secrets
    return {
        "number": step.number,
        "line": plain(_without_secrets(invocation.shown)),
        "parameters": packed(rebuilt(invocation.parameters, lambda path, node: _hidden(step, path, node))),
        "derived": [_value(each) for each in knowledge.substitutions(step)],
        "given": _paths(path for path, leaf in leaves if isinstance(leaf, Given)),
        "kept": _paths(path for path, leaf in leaves if isinstance(leaf, Kept) or _is_given(leaf, secrets)),
        "unrelated": [{"path": spelled(path), "value": text} for path, text in invented.unrelated(step)],
        "unsaid": list(invocation.unsaid),
        "fails": step.command.error_code if step.command.exit_code != 0 else None,
        "poll": _poll(step.command, step.command.poll, pause) if step.command.poll else None,
        "credentials": step.minted.number if step.minted else None,
    }


def _paths(paths: Iterable[Path]) -> list[str]:
    """Paths as text, each once: several pieces of one string can be given."""
    return list(map(spelled, dict.fromkeys(paths)))


def _is_given(leaf: PlainLeaf, secrets: Container[str]) -> bool:
    return isinstance(leaf, Secret) and leaf.placeholder in secrets


def _poll(command: Command, poll: Poll, pause: float | None) -> dict[str, Any]:
    return {
        "interval": polling.interval(poll, pause),
        "limit": polling.limit(command),
        "until": [condition_document(condition) for condition in poll.until],
        "failing": list(poll.failing),
    }


def _without_secrets(line: Text) -> Text:
    """A line with holes, but without what was given in the place of some."""
    return tuple(
        span._replace(text=_open(span.text)) if span.provenance is Provenance.HIDDEN else span for span in line
    )


def _hidden(step: Step, path: Path, node: Any) -> Any:
    """What is told instead of a value in whose place a secret was recorded; None for the value itself."""
    is_leaf = isinstance(node, (str, bytes)) or isinstance(step.request.leaves.get(path), Given)
    return holes.SHOWN if is_leaf and step.is_secret(path) and not any(holes.holes(node)) else None


def _open(value: Any) -> Any:
    """A hole as it is; of what was put into one, that it is a secret."""
    return value if any(holes.holes(value)) else holes.SHOWN


def _value(substitution: Substitution) -> dict[str, Any]:
    relation = substitution.relation
    return {
        "path": spelled(relation.target.path),
        "span": relation.target.span,
        "value": _open(substitution.value) if substitution.provenance is Provenance.HIDDEN else substitution.value,
        "known": substitution.provenance is not Provenance.PENDING,
        "source": _source(relation.source),
        "evidence": relation.evidence,
        "rivals": [_source(rival) for rival in relation.rivals],
    }


def _source(source: Source | Setting) -> dict[str, Any]:
    if isinstance(source, Setting):
        return {"setting": source.name}
    return {"command": source.command + 1, "side": source.side, "path": spelled(source.path), "part": source.part}
