"""`awstrace-play --dryrun --output json`: a plan as a JSON report, for programs.

`{"version": 1, "commands": [{"number": 2, "line": "aws ...", "parameters": {...}, "derived": [...]}]}`, one object
for each selected step; docs/dry-run-json.md describes the members. The values come from `plan/resolver`, and their
encoding (bytes, dates) from `trace/serializer`. A secret that the person gave is never in the report.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable
from typing import Any

from awstracer.commandline.text import MarkedText, Provenance, Segment, to_str
from awstracer.plan import warnings
from awstracer.plan.invocation import Substitution
from awstracer.plan.model import Step
from awstracer.plan.resolver import Resolver
from awstracer.plan.template import Given, Kept, PlainLeaf, Secret
from awstracer.play import waiter
from awstracer.relations.model import EnvironmentValue, Source
from awstracer.secrets import placeholders
from awstracer.trace.model import Command, Poll
from awstracer.trace.paths import Path, format_path, transform
from awstracer.trace.serializer import condition_to_json, encode_value

REPORT_VERSION = 1


def format_report(resolver: Resolver, pause: float | None) -> str:
    """Return the selected steps of a plan as JSON; `pause` is the value of `--sleep`."""
    commands = [_step_json(step, resolver, pause) for step in resolver.selected]
    # ASCII, so that nothing in the report can control a terminal
    return json.dumps({"version": REPORT_VERSION, "commands": commands}, indent=1)


def _step_json(step: Step, resolver: Resolver, pause: float | None) -> dict[str, Any]:
    invocation = resolver.invocation(step)
    leaves, secrets = list(step.request.walk()), resolver.plan.secrets
    return {
        "number": step.number,
        "line": to_str(_hide_secrets(invocation.line)),
        "parameters": encode_value(transform(invocation.parameters, lambda path, node: _hide_secret(step, path, node))),
        "derived": [_substitution_json(each) for each in resolver.substitutions(step)],
        "given": _paths(path for path, leaf in leaves if isinstance(leaf, Given)),
        "kept": _paths(path for path, leaf in leaves if isinstance(leaf, Kept) or _is_given(leaf, secrets)),
        "unrelated": [
            {"path": format_path(path), "value": text} for path, text in warnings.unresolved_identifiers(step)
        ],
        "unsaid": list(invocation.inexact),
        "fails": step.command.error_code if step.command.exit_code != 0 else None,
        "poll": _poll_json(step.command, step.command.poll, pause) if step.command.poll else None,
        "credentials": step.credentials.number if step.credentials else None,
    }


def _paths(paths: Iterable[Path]) -> list[str]:
    """Return paths as text, each once: a path can have several leaves, for the parts of one string."""
    return list(map(format_path, dict.fromkeys(paths)))


def _is_given(leaf: PlainLeaf, secrets: Container[str]) -> bool:
    return isinstance(leaf, Secret) and leaf.placeholder in secrets


def _poll_json(command: Command, poll: Poll, pause: float | None) -> dict[str, Any]:
    return {
        "interval": waiter.poll_interval(poll, pause),
        "limit": waiter.poll_limit(command),
        "until": [condition_to_json(condition) for condition in poll.until],
        "failing": list(poll.failing),
    }


def _substitution_json(substitution: Substitution) -> dict[str, Any]:
    relation = substitution.relation
    return {
        "path": format_path(relation.target.path),
        "span": relation.target.span,
        "value": _hide_value(substitution.value) if _is_hidden(substitution) else substitution.value,
        "known": substitution.provenance is not Provenance.PENDING,
        "source": _source_json(relation.source),
        "evidence": relation.evidence,
        "rivals": [_source_json(rival) for rival in relation.alternatives],
    }


def _source_json(source: Source | EnvironmentValue) -> dict[str, Any]:
    if isinstance(source, EnvironmentValue):
        return {"setting": source.name}
    return {
        "command": source.command + 1,
        "side": source.section,
        "path": format_path(source.path),
        "part": source.part,
    }


# --- secrets: a placeholder reveals nothing, and is shown; the secret that replaces it is not


def _hide_secrets(line: MarkedText) -> MarkedText:
    return tuple(each._replace(text=_hide_value(each.text)) if _is_hidden(each) else each for each in line)


def _is_hidden(marked: Segment | Substitution) -> bool:
    return marked.provenance is Provenance.HIDDEN


def _hide_secret(step: Step, path: Path, node: Any) -> Any:
    """Return `<secret>` for a value that replaces a recorded secret; None to leave the value unchanged."""
    is_leaf = isinstance(node, (str, bytes)) or isinstance(step.request.leaves.get(path), Given)
    return (
        placeholders.DISPLAYED
        if is_leaf and step.is_secret(path) and not any(placeholders.find_placeholders(node))
        else None
    )


def _hide_value(value: Any) -> Any:
    return value if any(placeholders.find_placeholders(value)) else placeholders.DISPLAYED
