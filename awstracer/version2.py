"""What a command of AWS CLI 2 tells otherwise than one of awscli 1, which plays the traces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from awstracer import shapes
from awstracer.capture import Outcome
from awstracer.options import without_options
from awstracer.trace import KeyOf, Path, leaves, lookup, rebuilt

# The global options of awscli 1, and those that only version 2 has, which say how it reads and shows things: the
# recorded parameters make that irrelevant. Each with whether it takes a value.
OPTIONS_1: Mapping[str, bool] = {
    "--ca-bundle": True,
    "--cli-connect-timeout": True,
    "--cli-read-timeout": True,
    "--color": True,
    "--debug": False,
    "--endpoint-url": True,
    "--no-paginate": False,
    "--no-sign-request": False,
    "--no-verify-ssl": False,
    "--output": True,
    "--profile": True,
    "--query": True,
    "--region": True,
    "--v2-debug": False,
    "--version": False,
}
OPTIONS: Mapping[str, bool] = {
    **OPTIONS_1,
    "--cli-auto-prompt": False,
    "--cli-binary-format": True,
    "--cli-error-format": True,
    "--no-cli-auto-prompt": False,
    "--no-cli-pager": False,
}
OUTPUTS_1 = ("json", "text", "table")


def played_by_1(argv: Sequence[str], options: Mapping[str, bool]) -> tuple[str, ...]:
    """A line without the global options that only version 2 has, and without its own kinds of output.

    `options` are version 2's global options, and whether each takes a value.
    """
    own, _ = without_options(argv, {name: options[name] for name in options.keys() - OPTIONS_1.keys()})
    words = [argv[position] for position in own]
    rest, output = without_options(words, {"--output": True})
    is_known = not output or words[output[-1]].rpartition("=")[2] in OUTPUTS_1
    return tuple(words if is_known else [words[position] for position in rest])


def with_bytes(outcome: Outcome, inputs: Mapping[tuple[str, str], Any]) -> Outcome:
    """An outcome whose operation has its blobs as bytes, as its first call was given them: the line had them in base64.

    `inputs` are the shapes of the operations' requests, by service and operation.
    """
    operation = outcome.operation
    if operation is None or not outcome.calls:
        return outcome
    request, shape = outcome.calls[0].request, inputs.get((operation.service, operation.name))
    blobs = {name for name in operation.parameters if _has_blob(request.get(name), shape, (name,))}
    parameters = {name: request[name] if name in blobs else value for name, value in operation.parameters.items()}
    return replace(outcome, operation=replace(operation, parameters=parameters))


def decoded(first: Any, later: Any, shape: Any) -> Any:
    """A request as it was before any handler changed it, but with its blobs as they are handed on."""

    def change(path: Path, node: Any) -> Any:
        if not isinstance(node, str) or not path or isinstance(path[-1], KeyOf) or not shapes.is_blob(shape, path):
            return None
        with suppress(LookupError):
            return lookup(later, path)
        return None

    return rebuilt(first, change)


def _has_blob(value: Any, shape: Any, path: Path) -> bool:
    return any(isinstance(leaf, bytes) and shapes.is_blob(shape, (*path, *rest)) for rest, leaf in leaves(value))
