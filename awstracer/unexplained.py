"""The identifiers that a replay sends as they were recorded, since nothing in the trace explains them."""

from __future__ import annotations

from collections.abc import Iterator

from awstracer import identifiers
from awstracer.paths import Path, leaves
from awstracer.steps import Step


def unrelated(step: Step) -> Iterator[tuple[Path, str]]:
    """The identifiers in a step's request that nothing says now what they are, with their paths."""
    for path, text in leaves(step.command.request):
        if not isinstance(text, str) or step.is_pinned(path) or (step.form is None and not _is_own(step, path)):
            continue
        related = [each for length in range(len(path) + 1) for each in step.related.get(path[:length], ())]
        spans = [relation.target.span or (0, len(text)) for relation in related]
        for begin, end in identifiers.find_generated_ids(text):
            if not any(first < end and begin < last for first, last in spans):
                yield path, text[begin:end]


def _is_own(step: Step, path: Path) -> bool:
    """Whether what is at a path of a custom command's request is about the command, and not a global option's."""
    return path[0] != "argv" or path[1] in step.arguments
