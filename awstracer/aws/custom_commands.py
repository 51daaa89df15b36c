"""What awscli's custom commands do on this machine, besides calling APIs.

`s3 cp site s3://b --recursive` reads the files below `site`. `s3 sync s3://b site --delete` writes and deletes there.
The table HARMLESS has the commands that do nothing else than its row declares: which arguments name local paths, and
which one takes another endpoint. Whatever awscli offers that is in no row may do anything: start programs, change the
person's settings, fetch what an answer names. What it does is said in UNSAFE, where that is known.

Each row is held against awscli's own code in tests/aws. `aws/custom_lines` reads the lines, `plan/local_paths` judges
the paths.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from awstracer.aws.custom_lines import HELP, CustomLine
from awstracer.aws.local_effects import NO_EFFECTS, Action, LocalEffects, PathEffect, expanded

S3_SCHEME = "s3://"  # awscli takes any other word for a local path, `S3://b` too (`s3/fileformat.py`)
STREAM = "-"
Arguments = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """What a harmless command does: the arguments that name a file that it reads, or another endpoint.

    trees      arguments that name a folder all of which is read
    expands    whether `~` and variables in these paths are expanded
    """

    reads: tuple[str, ...] = ()
    trees: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    expands: bool = False

    def effects(self, arguments: Arguments) -> Iterator[PathEffect]:
        """Yield the effects of a line with these arguments."""
        for names, is_tree in ((self.reads, False), (self.trees, True)):
            for path in (arguments.get(name) for name in names):
                if isinstance(path, str):
                    yield PathEffect(Action.READ, expanded(path) if self.expands else path, is_tree)


def _copy_effects(arguments: Arguments) -> Iterator[PathEffect]:
    """`s3 cp`: from a local path, or to one; `-` is the input or the output (`s3/subcommands.py`)."""
    source, target = arguments["paths"]
    is_tree = bool(arguments.get("dir_op"))
    if not source.startswith(S3_SCHEME) and (source != STREAM or is_tree):
        yield PathEffect(Action.READ, source, is_tree)
    if not target.startswith(S3_SCHEME) and (target != STREAM or is_tree):
        yield from (PathEffect(Action.WRITE, path, is_tree) for path in _written_paths(source, target, is_tree=is_tree))


def _written_paths(source: str, target: str, *, is_tree: bool) -> Iterator[str]:
    """Yield where a download goes: into a folder under the last part of the key (`s3/utils.py`).

    A folder may be made by an earlier command, so that a file would be hidden in it which has a hidden one's name.
    """
    name = source.rpartition("/")[2]
    is_folder = not is_tree and (target.endswith("/") or Path(target).is_dir())
    may_be_folder = not is_tree and name.startswith(".") and not os.path.lexists(target)
    if not is_folder:
        yield target
    if is_folder or may_be_folder:
        yield f"{target.rstrip('/')}/{name}"


def _move_effects(arguments: Arguments) -> Iterator[PathEffect]:
    """`s3 mv`: as `cp`, and a local source is deleted."""
    yield from _copy_effects(arguments)
    source = arguments["paths"][0]
    if not source.startswith(S3_SCHEME):
        yield PathEffect(Action.DELETE, source, bool(arguments.get("dir_op")))


def _sync_effects(arguments: Arguments) -> Iterator[PathEffect]:
    """`s3 sync`: as `cp --recursive`; with `--delete` it deletes what a local target has and the source lacks."""
    yield from _copy_effects({**arguments, "dir_op": True})
    target = arguments["paths"][1]
    if arguments.get("delete") and not target.startswith(S3_SCHEME):
        yield PathEffect(Action.DELETE, target, is_tree=True)


API_ONLY = Row()
HARMLESS: Mapping[tuple[str, ...], Row | Callable[[Arguments], Iterator[PathEffect]]] = {
    ("s3", "cp"): _copy_effects,
    ("s3", "ls"): API_ONLY,
    ("s3", "mb"): API_ONLY,
    ("s3", "mv"): _move_effects,
    ("s3", "presign"): API_ONLY,
    ("s3", "rb"): API_ONLY,
    ("s3", "rm"): API_ONLY,
    ("s3", "sync"): _sync_effects,
    ("s3", "website"): API_ONLY,
    ("cloudformation", "deploy"): Row(reads=("template_file",)),
    ("cloudfront", "sign"): API_ONLY,
    ("cloudtrail", "create-subscription"): API_ONLY,
    ("cloudtrail", "update-subscription"): API_ONLY,
    ("cloudtrail", "validate-logs"): API_ONLY,
    ("configservice", "get-status"): API_ONLY,
    ("configservice", "subscribe"): API_ONLY,
    ("datapipeline", "create-default-roles"): API_ONLY,
    ("datapipeline", "list-runs"): API_ONLY,
    ("deploy", "push"): Row(trees=("source",)),
    ("dlm", "create-default-role"): Row(endpoints=("iam_endpoint",)),
    ("ecr", "get-login-password"): API_ONLY,
    ("ecr-public", "get-login-password"): API_ONLY,
    ("ecs", "deploy"): Row(reads=("task_definition", "codedeploy_appspec"), expands=True),
    ("eks", "get-token"): API_ONLY,
    ("emr", "add-instance-groups"): API_ONLY,
    ("emr", "add-steps"): API_ONLY,
    ("emr", "create-cluster"): API_ONLY,
    ("emr", "create-hbase-backup"): API_ONLY,
    ("emr", "describe-cluster"): API_ONLY,
    ("emr", "disable-hbase-backups"): API_ONLY,
    ("emr", "install-applications"): API_ONLY,
    ("emr", "modify-cluster-attributes"): API_ONLY,
    ("emr", "restore-from-hbase-backup"): API_ONLY,
    ("emr", "schedule-hbase-backup"): API_ONLY,
    ("emr", "terminate-clusters"): API_ONLY,
    ("emr-containers", "update-role-trust-policy"): Row(endpoints=("iam_endpoint",)),
    ("gamelift", "upload-build"): Row(trees=("build_root",)),
    ("logs", "start-live-tail"): API_ONLY,
    ("rds", "generate-db-auth-token"): API_ONLY,
    ("servicecatalog", "generate", "product"): Row(reads=("file_path",)),
    ("servicecatalog", "generate", "provisioning-artifact"): Row(reads=("file_path",)),
}

SETTINGS = "changes or shows your own settings"
UNSAFE: Mapping[tuple[str, ...], str] = {
    ("cloudformation", "package"): "sends the files that its template names",
    ("codeartifact", "login"): "runs a package manager and changes its settings",
    ("codecommit", "credential-helper"): "prints credentials",
    ("configure",): SETTINGS,
    ("deploy", "deregister"): "deletes the user that an answer names",
    ("deploy", "install"): "installs and runs a program",
    ("deploy", "register"): "writes an access key into this folder",
    ("deploy", "uninstall"): "removes a program",
    ("ecr", "get-login"): "prints a line for a shell that an answer tells",
    ("ecs", "execute-command"): "runs session-manager-plugin",
    ("eks", "update-kubeconfig"): "changes the settings of kubectl",
    ("emr", "create-default-roles"): SETTINGS,
    ("emr", "get"): "runs scp",
    ("emr", "put"): "runs scp",
    ("emr", "socks"): "runs ssh",
    ("emr", "ssh"): "runs ssh",
    ("gamelift", "get-game-session-log"): "fetches an address that an answer names",
    ("history",): "shows which commands you have run",
    ("ssm", "start-session"): "runs session-manager-plugin",
}
UNKNOWN = "may do anything on this machine"


def effects_of(line: CustomLine) -> LocalEffects:
    """Return what a line does on this machine."""
    words = line.words
    if not line.is_builtin:
        return LocalEffects(words, unsafe=UNKNOWN)
    if words[-1] == HELP:
        return LocalEffects(words, unsafe="runs programs that show a page of help")
    if line.is_api_call:
        return NO_EFFECTS
    row = HARMLESS.get(words)
    if row is None:
        known = (UNSAFE[words[:length]] for length in range(len(words), 0, -1) if words[:length] in UNSAFE)
        return LocalEffects(words, unsafe=next(known, UNKNOWN))
    if not isinstance(row, Row):
        return LocalEffects(words, tuple(row(line.arguments)))
    endpoints = ((name, line.arguments.get(name)) for name in row.endpoints)
    named = tuple((f"--{name.replace('_', '-')}", str(value)) for name, value in endpoints if value)
    return LocalEffects(words, tuple(row.effects(line.arguments)), named)
