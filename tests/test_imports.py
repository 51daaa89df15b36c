"""The architecture as a test: each module imports only from above itself, and only a few know awscli."""

from __future__ import annotations

import ast
from pathlib import Path

import awstracer

ORDER = [
    "legible",
    "errors",
    "memory",
    "configuration",
    "selection",
    "trace",
    "queries",
    "tracefile",
    "journal",
    "capture",
    "identifiers",
    "operations",
    "holes",
    "secrecy",
    "text",
    "options",
    "commandline",
    "styles",
    "output",
    "places",
    "shapes",
    "redaction",
    "state",
    "recorded",
    "session_commands",
    "recorder",
    "variables",
    "protocol",
    "aws_cli_v2",
    "shim",
    "gathering",
    "client",
    "watching",
    "plugin",
    "wanted",
    "origins",
    "judgement",
    "location",
    "elements",
    "relations",
    "credentials",
    "template",
    "steps",
    "invented",
    "blanks",
    "compiler",
    "overrides",
    "plan",
    "guards",
    "invocation",
    "values",
    "resolve",
    "planning",
    "settling",
    "schedule",
    "waiter",
    "folding",
    "replayed",
    "answers",
    "arguments",
    "repeats",
    "driver",
    "aws_process",
    "station",
    "behind",
    "player",
    "worker_pool",
    "parallel",
    "document",
    "plan_view",
    "replay_view",
    "console",
    "questions",
    "saving",
    "switches",
    "scripting",
    "recording",
    "listing",
    "preview",
    "playing",
    "cli",
]
PACKAGE = Path(awstracer.__file__).parent


def imported(path: Path) -> set[str]:
    """The modules that a file imports, the package's own by their last name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "awstracer":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.removeprefix("awstracer."))
        elif isinstance(node, ast.Import):
            found |= {alias.name.removeprefix("awstracer.") for alias in node.names}
    return found


def test_every_module_has_its_place() -> None:
    assert sorted(path.stem for path in PACKAGE.glob("[!_]*.py")) == sorted(ORDER)


def test_modules_import_only_from_above() -> None:
    for place, name in enumerate(ORDER):
        below = set(ORDER[place:])
        assert not imported(PACKAGE / f"{name}.py") & below, name


def test_only_the_driver_and_what_it_is_made_of_know_awscli() -> None:
    for name in ORDER:
        tops = {module.split(".")[0] for module in imported(PACKAGE / f"{name}.py")}
        assert (name in ("answers", "arguments", "repeats", "driver")) == bool(tops & {"awscli", "botocore"}), name
