"""How long do the programs take to start?

Each program runs beside the one that its time is compared with, in turns; printed are the medians, wall and CPU:

- `awstrace-play --help`, `--version` and a usage error beside `python -c pass`
- `awstrace-play --dryrun` of a trace of 20 commands beside `aws --version`: both import awscli, and the dry run reads
  API models besides
- `awstrace-rec` up to its first prompt beside `aws --version`

    python -m benchmarks.startup [TURNS]

Bytecode is written to a folder of its own in a first turn, which isn't counted. Exit code 0 if the aims are met, 1 if
not; the last line has the figures. Runs on Linux: the CPU time of a running program is read from `/proc`.
"""

from __future__ import annotations

import os
import pty
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from statistics import median

from awstracer.trace import store
from awstracer.trace.model import Call, Command, Operation, RecordingInfo, Trace

BIN = Path(sys.executable).parent
THEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
ACCOUNT = "123456789012"
PROMPT = b"(rec) "
TURNS = 9


@dataclass(frozen=True)
class Time:
    """Seconds that a program took."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Aim:
    """`name` may take at most `most` times as long as `measure`."""

    name: str
    measure: str
    most: float


AIMS = (
    Aim("--help", "python", 4.0),
    Aim("--version", "python", 4.0),
    Aim("usage error", "python", 4.0),
    Aim("dry run", "aws", 2.5),
    Aim("first prompt", "aws", 0.5),
)


def policies(number: int) -> Iterator[Command]:
    """Yield four commands for each of `number` users."""
    for each in range(number):
        user, policy = f"user-{each}", f"policy-{each}"
        arn = f"arn:aws:iam::{ACCOUNT}:policy/{policy}"
        document = '{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
        made = {"UserName": user, "UserId": f"AIDA{each:016X}", "Arn": f"arn:aws:iam::{ACCOUNT}:user/{user}"}
        attached = {"UserName": user, "PolicyArn": arn}
        yield command("CreateUser", {"UserName": user}, {"User": made})
        yield command("CreatePolicy", {"PolicyName": policy, "PolicyDocument": document}, {"Policy": {"Arn": arn}})
        yield command("AttachUserPolicy", attached, {})
        yield command("ListAttachedUserPolicies", {"UserName": user}, {"AttachedPolicies": [{"PolicyArn": arn}]})


def command(name: str, request: Mapping[str, str], response: Mapping[str, object]) -> Command:
    """Return an operation command of IAM, as a session records it."""
    words = ("iam", "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)[1:])
    call = Call("iam", name, request, response, None, "aws-global", "r", THEN, THEN)
    return Command(words, Operation("iam", name, request), (call,), 0, THEN, THEN)


def ran(argv: Sequence[str | Path]) -> Time:
    """Return the time of a program that ends by itself."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Time(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def prompted(trace_file: Path) -> Time:
    """Return the time of a recording session up to its first prompt, at a terminal."""
    master, terminal = pty.openpty()
    started = time.perf_counter()
    with subprocess.Popen(
        [BIN / "awstrace-rec", "--trace-file", trace_file], stdin=terminal, stdout=terminal, stderr=terminal
    ) as session:
        shown = b""
        while PROMPT not in shown:
            shown += os.read(master, 1024)
        taken = Time(time.perf_counter() - started, _cpu_of(session.pid))
        os.write(master, b"exit\n")
        session.wait()
    os.close(master)
    os.close(terminal)
    return taken


def _cpu_of(process: int) -> float:
    """Return the CPU seconds of all threads of a process."""
    threads = Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


@contextmanager
def _workplace() -> Iterator[Path]:
    """Give a folder with a trace, and set an environment without any user's settings."""
    trace = Trace(tuple(policies(5)), RecordingInfo(region="us-east-1"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for variable in [each for each in os.environ if each.startswith("AWS_")]:
            del os.environ[variable]
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ |= {"HOME": name, "PYTHONPYCACHEPREFIX": f"{name}/bytecode", "AWS_DEFAULT_REGION": "us-east-1"}
        store.save_trace(trace, folder / "t.trace")
        yield folder


def works(folder: Path) -> dict[str, Callable[[], Time]]:
    """Return what is measured, by name."""
    play, here = BIN / "awstrace-play", folder / "t.trace"
    lines: dict[str, Sequence[str | Path]] = {
        "python": [sys.executable, "-c", "pass"],
        "--help": [play, "--help"],
        "--version": [play, "--version"],
        "usage error": [play, "--nonsense"],
        "dry run": [play, "--trace-file", here, "--dryrun"],
        "aws": [BIN / "aws", "--version"],
    }
    timed: dict[str, Callable[[], Time]] = {name: lambda argv=argv: ran(argv) for name, argv in lines.items()}  # type: ignore[misc]
    return {**timed, "first prompt": lambda: prompted(folder / "new.trace")}


def medians(turns: int) -> dict[str, Time]:
    """Return the median time of each program over `turns` turns."""
    with _workplace() as folder:
        timed = works(folder)
        rounds = [{name: work() for name, work in timed.items()} for _ in range(turns + 1)][1:]
    return {
        name: Time(median(each[name].wall for each in rounds), median(each[name].cpu for each in rounds))
        for name in timed
    }


def main(turns: int = TURNS) -> int:
    """Measure and print; return 0 if the aims are met."""
    found = medians(turns)
    for name, taken in found.items():
        print(f"{name:12}: {taken.wall * 1000:6.0f} ms, {taken.cpu * 1000:6.0f} ms of CPU")
    told, is_met = [], True
    for aim in AIMS:
        wall = found[aim.name].wall / found[aim.measure].wall
        cpu = found[aim.name].cpu / found[aim.measure].cpu
        is_met = is_met and max(wall, cpu) <= aim.most
        told.append(f"{aim.name} {wall:.2f} and {cpu:.2f} x {aim.measure} (aim {aim.most:g})")
    print(f"wall and CPU: {'; '.join(told)}")
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
