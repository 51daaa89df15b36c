"""Does a trace from somebody else, or an answer, do anything on this machine without a question?

Walks the custom commands of the installed awscli. For each of their options, foreign traces try to read, write and
delete outside the current folder and in a hidden place, to run a program, and to reach another endpoint; by the words
of the file, by the contents of its `file://` words, and by an answer that feeds a word. Each is played in a process of
its own, with nobody there to be asked. An audit hook of Python sees what is opened, changed, started and connected
to; what is sent is answered in the process. Each row of HARMLESS has a harmless twin, which must be played.

    python -m benchmarks.hostile_traces [count] [--seed N]

`count` takes a sample. Prints each trace that got through, for each command what became of its traces (played without
any of these effects, asked about, refused), and each twin that was not played. Exit code 0 if there are none, else 1.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from awstracer.aws import catalog  # before awscli's commands: it brings the botocore that is meant
from awstracer.aws.custom_commands import HARMLESS
from benchmarks.watched_replay import LISTENER, RECORDED, Case, Words, play, prepared

import awscli.customizations.commands  # isort: skip

SEED = 1


# --- the commands


def custom_commands(words: Words, command: Any) -> Iterator[tuple[Words, Any]]:
    """Yield the custom commands below one of awscli's, each with its words."""
    if isinstance(command, awscli.customizations.commands.BasicCommand):
        table = command.subcommand_table
        if not table or "_run_main" in vars(type(command)):
            yield words, command
        for name, below in table.items():
            yield from custom_commands((*words, name), below)
    elif hasattr(command, "create_help_command") and len(words) == 1:
        for name, below in command.create_help_command().command_table.items():
            if isinstance(below, awscli.customizations.commands.BasicCommand) and name != "wait":
                yield from custom_commands((*words, name), below)


def commands_of(offered: catalog.Catalog) -> dict[Words, Any]:
    """The custom commands of the installed awscli, by their words."""
    table = sorted(offered._command_table().items())
    return dict(each for word, command in table for each in custom_commands((word,), command))


# --- the traces

TWINS: Mapping[Words, str] = {
    ("s3", "cp"): "site/x s3://bkt/x --acl private",
    ("s3", "ls"): "s3://bkt",
    ("s3", "mb"): "s3://bkt",
    ("s3", "mv"): "s3://bkt/x site/new",
    ("s3", "presign"): "s3://bkt/x",
    ("s3", "rb"): "s3://bkt",
    ("s3", "rm"): "s3://bkt/x",
    ("s3", "sync"): "site s3://bkt --delete",
    ("s3", "website"): "s3://bkt --index-document x",
    ("cloudformation", "deploy"): "--template-file template.json --stack-name s --s3-bucket bkt",
    ("cloudfront", "sign"): "--url http://h/x --key-pair-id K --private-key k --date-less-than 2030-01-01",
    ("cloudtrail", "create-subscription"): "--name n --s3-new-bucket bkt",
    ("cloudtrail", "update-subscription"): "--name n --s3-use-bucket bkt",
    ("cloudtrail", "validate-logs"): "--trail-arn arn:aws:cloudtrail:us-east-1:1:trail/t --start-time 2030-01-01",
    ("configservice", "get-status"): "",
    ("configservice", "subscribe"): "--s3-bucket bkt --sns-topic t --iam-role arn:aws:iam::123456789012:role/r",
    ("datapipeline", "create-default-roles"): "",
    ("datapipeline", "list-runs"): "--pipeline-id p",
    ("deploy", "push"): "--application-name a --s3-location s3://bkt/x.zip --source site",
    ("dlm", "create-default-role"): "",
    ("ecr", "get-login-password"): "",
    ("ecr-public", "get-login-password"): "",
    ("ecs", "deploy"): "--service s --task-definition template.json --codedeploy-appspec template.json",
    ("eks", "get-token"): "--cluster-name c",
    (
        "emr",
        "add-instance-groups",
    ): "--cluster-id j-1 --instance-groups InstanceGroupType=TASK,InstanceType=m,InstanceCount=1",
    ("emr", "add-steps"): "--cluster-id j-1 --steps Type=CUSTOM_JAR,Jar=s3://bkt/x.jar",
    ("emr", "create-cluster"): "--release-label emr-6.0.0 --instance-type m4.large --use-default-roles",
    ("emr", "create-hbase-backup"): "--cluster-id j-1 --dir s3://bkt/x",
    ("emr", "describe-cluster"): "--cluster-id j-1",
    ("emr", "disable-hbase-backups"): "--cluster-id j-1 --full",
    ("emr", "install-applications"): "--cluster-id j-1 --applications Name=hive",
    ("emr", "modify-cluster-attributes"): "--cluster-id j-1 --visible-to-all-users",
    ("emr", "restore-from-hbase-backup"): "--cluster-id j-1 --dir s3://bkt/x",
    ("emr", "schedule-hbase-backup"): "--cluster-id j-1 --type full --dir s3://bkt/x --interval 1 --unit days",
    ("emr", "terminate-clusters"): "--cluster-ids j-1",
    ("emr-containers", "update-role-trust-policy"): "--cluster-name c --namespace n --role-name r --dry-run",
    ("gamelift", "upload-build"): "--name n --build-version 1 --build-root site",
    ("logs", "start-live-tail"): "--log-group-identifiers g",
    ("rds", "generate-db-auth-token"): "--hostname h --port 1 --username u",
    (
        "servicecatalog",
        "generate",
        "product",
    ): "--product-name n --product-owner o --product-type CLOUD_FORMATION_TEMPLATE"
    " --file-path template.json --bucket-name bkt --provisioning-artifact-name a --provisioning-artifact-description d"
    " --provisioning-artifact-type CLOUD_FORMATION_TEMPLATE",
    (
        "servicecatalog",
        "generate",
        "provisioning-artifact",
    ): "--file-path template.json --bucket-name bkt --product-id p"
    " --provisioning-artifact-name a --provisioning-artifact-description d"
    " --provisioning-artifact-type CLOUD_FORMATION_TEMPLATE",
}
POSITIONAL: Mapping[Words, Sequence[str]] = {
    ("s3", "cp"): ("V s3://bkt/x", "s3://bkt/x V", "V s3://bkt --recursive", "s3://bkt V --recursive", "V -", "- V"),
    ("s3", "mv"): ("V s3://bkt/x", "s3://bkt/x V", "V s3://bkt --recursive", "s3://bkt V --recursive"),
    ("s3", "sync"): ("V s3://bkt", "s3://bkt V", "s3://bkt V --delete", "V s3://bkt --no-follow-symlinks"),
}
PATHS = (
    *("../outside/canary.json", "HOME/outside/canary.json", "~/outside/canary.json", "$HOME/outside/canary.json"),
    *("../outside", ".hidden", ".hidden/canary.json", "link/canary.json", "chained", "deep/../../outside/canary.json"),
    *("../outside/new", ".hidden/new", "deep/../../new", "site/../.new"),
)
SERVED = ("../outside/canary.json", "HOME/outside/canary.json", ".hidden/canary.json", "deep/../../new")
WORDS = ("file://HOME/outside/canary.json", "fileb://HOME/outside/canary.json", f"{LISTENER}/x", "help")
SHORTHAND = ("Key@=file://HOME/outside/canary.json", "Key@=fileb://HOME/outside/canary.json")
GLOBALS = (
    *(f"--endpoint-url {LISTENER}", f"--end={LISTENER}", "--profile evil", "--prof=evil", "--profile default"),
    *("--ca-bundle ../outside/canary.json", "--no-verify-ssl", "--no-sign-request"),
)
ANSWERS = (
    *("../outside/canary.json", "HOME/outside/canary.json", ".hidden/canary.json", "file://HOME/outside/canary.json"),
    *(f"--endpoint-url={LISTENER}", f"{LISTENER}/x", "s3://other/x", "-", "help"),
)


def twins() -> list[Case]:
    """A harmless line of each row of HARMLESS."""
    return [Case(words, (*words, *line.split())) for words, line in TWINS.items()]


def hostile(commands: Mapping[Words, Any]) -> Iterator[Case]:
    """Yield the lines of all commands that try to do what they must not."""
    for words, command in commands.items():
        yield Case(words, (*words, "help"))
        yield from (Case(words, (*_usual(words, command), *each.split()), endpoint=False) for each in GLOBALS)
        for line in (line for name in command.arg_table for line in _lines(words, command, name)):
            yield from _with_values(words, line)


def _usual(words: Words, command: Any) -> Words:
    """A line of a command with what it needs; `cloudformation deploy ... push` has what `deploy` needs before it."""
    if words in TWINS:
        return (*words, *TWINS[words].split())
    outer = _usual(words[:-1], None) if words[:-1] in TWINS else words[:-1]
    needed = [argument for argument in command.arg_table.values() if argument.required and not argument.positional_arg]
    return (*outer, words[-1], *(word for argument in needed for word in (argument.cli_name, _value_of(argument))))


def _value_of(argument: Any) -> str:
    return str(next(iter(argument.choices or ()), "s3://bkt/x" if argument.name == "s3-location" else "x"))


def _lines(words: Words, command: Any, name: str) -> Iterator[Words]:
    """Yield lines in which V stands for the value of an argument."""
    argument, usual = command.arg_table[name], _usual(words, command)
    if argument.positional_arg:
        yield from ((*words, *line.split()) for line in POSITIONAL.get(words, ("V", "V x", "x V")))
        return
    if argument.cli_type_name == "boolean":
        yield from ((*words, argument.cli_name, *line.split()) for line in POSITIONAL.get(words, ()))
        return
    rest = list(usual)
    if argument.cli_name in rest:
        at = rest.index(argument.cli_name)
        del rest[at : at + 2]
    yield (*rest, argument.cli_name, "V")


def _with_values(words: Words, line: Words) -> Iterator[Case]:
    def filled(value: str) -> Words:
        return tuple(value if word == "V" else word for word in line)

    for value in (*PATHS, *WORDS, *SHORTHAND):
        yield Case(words, filled(value))
    for path in SERVED:
        yield Case(words, filled("file://v"), {"file://v": path})
        yield Case(words, filled("fileb://v"), {"fileb://v": path.encode()})
    for answer in ANSWERS:
        yield Case(words, filled(RECORDED), answer=answer)
        yield Case(words, filled("file://v"), {"file://v": f"site/{RECORDED}"}, answer=answer)


def sample(cases: Sequence[Case], count: int, seed: int) -> list[Case]:
    """Return so many cases, as many of each command as there are."""
    shuffled = random.Random(seed).sample(cases, len(cases))
    rank: Counter[Words] = Counter()
    ranked = []
    for case in shuffled:
        ranked.append((rank[case.command], case))
        rank[case.command] += 1
    return [case for _, case in sorted(ranked, key=itemgetter(0))][:count]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("count", nargs="?", type=int)
    parser.add_argument("--seed", type=int, default=SEED)
    args = parser.parse_args()
    with prepared() as offered:
        cases = list(hostile(commands_of(offered)))
        return _report(cases if args.count is None else sample(cases, args.count, args.seed), twins())


def _report(cases: Sequence[Case], harmless: Sequence[Case]) -> int:
    table: dict[str, Counter[str]] = {}
    through: list[str] = []
    for case in cases:
        ending = play(case)
        table.setdefault(" ".join(case.command), Counter())[ending.how] += 1
        if ending.effects:
            through.append(f"{case}: {ending.how}, {'; '.join(dict.fromkeys(ending.effects))}")
            print(through[-1], flush=True)
    unplayed = [f"{case}: {ending.how}: {ending.said}" for case in harmless if (ending := play(case)).how != "played"]
    for name, counts in sorted(table.items()):
        print(f"{name:50} " + ", ".join(f"{counts[how]} {how}" for how in sorted(counts)))
    print(*unplayed, sep="\n", end="\n" if unplayed else "")
    played = len(harmless) - len(unplayed)
    print(
        f"{len(cases)} tried: {len(through)} got through unasked, "
        f"{played} of {len(harmless)} twins played without a question"
    )
    return 1 if through or unplayed or set(TWINS) != set(HARMLESS) else 0


if __name__ == "__main__":
    sys.exit(main())
