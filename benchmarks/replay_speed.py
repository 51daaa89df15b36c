"""How fast are replays and recorded commands, beside what there is without awstracer?

Measures, each pair side by side against a moto server on the loopback, CPU and wall:

- a replay of 200 light commands of five services, beside a process that makes the same calls with clients that it
  keeps, of botocore as it is, and beside a script of as many `aws` lines (20 of them, times ten);
- a recorded command in a session of `awstrace-rec`, beside a process `aws`;
- the same with capture, beside the driver without it.

    python -m benchmarks.replay_speed [--pairs N]

What it takes to start is told apart: that is what one round of the same, ten commands, takes; each time is the least
of five. Against the script all that a replay takes is counted. Prints what was measured, all ratios, and in the last
line the medians and the aims. Exit code 0 if all aims are met, 1 if not.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import awscli.clidriver  # isort: skip  # noqa: F401 - from 1.46 on it brings the botocore that is meant
from botocore import session, xform_name

from awstracer.aws.capture import CallRecorder
from awstracer.trace import store
from tests import programs

COMMANDS, ROUND = 200, 10
TIMES = 5
SCRIPT = 20  # lines of `aws` that are run, for COMMANDS
MORE = 40  # commands that are recorded
LISTING = ("iam", "list-users")
AIMS = {
    "replay / cached clients, CPU": 1.5,
    "replay / cached clients, wall": 1.5,
    "whole replay / script of aws, CPU": 0.03,
    "recorded command / aws, CPU": 0.15,
    "with capture / without, CPU": 1.05,
}


@dataclass(frozen=True)
class Spent:
    """Seconds that something took."""

    cpu: float
    wall: float

    def __sub__(self, other: Spent) -> Spent:
        return Spent(self.cpu - other.cpu, self.wall - other.wall)

    def __str__(self) -> str:
        return f"{self.cpu:6.3f} s CPU {self.wall:6.3f} s wall"


def _spent(who: int, work: Callable[[], object]) -> Spent:
    def cpu() -> float:
        used = resource.getrusage(who)
        return used.ru_utime + used.ru_stime

    started, used = time.perf_counter(), cpu()
    work()
    return Spent(cpu() - used, time.perf_counter() - started)


def lines(rounds: int) -> list[str]:
    """Light commands of five services, ten for each round, of which some use what an earlier one was answered."""
    return [
        f"aws {line} --endpoint-url {os.environ['AWS_ENDPOINT_URL']}"
        for number in range(rounds)
        for line in (
            f"iam create-user --user-name person-{number}-x",
            f"iam get-user --user-name person-{number}-x",
            f"sqs create-queue --queue-name orders-{number}-x",
            f"sqs get-queue-url --queue-name orders-{number}-x",
            f"sns create-topic --name news-{number}-x",
            f"sns get-topic-attributes --topic-arn arn:aws:sns:us-east-1:123456789012:news-{number}-x",
            f"ssm put-parameter --name /depth/{number} --type String --value {number}",
            f"ssm get-parameter --name /depth/{number}",
            f"s3api create-bucket --bucket shop-{number}-x",
            f"s3api get-bucket-location --bucket shop-{number}-x",
        )
    ]


class Bench:
    """The programs, with an empty cloud before each."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url, self._folder = url, folder

    def record(self, name: str, lines: Sequence[str]) -> Spent:
        """Record lines in a session."""
        typed = "".join(f"{line}\n" for line in lines)
        return self._program("awstrace-rec", "-n", "--overwrite", "--trace-file", self._file(name), typed=typed)

    def replay(self, name: str) -> Spent:
        return self._program("awstrace-play", "--yes", "-s", "0", "--trace-file", self._file(name))

    def call(self, name: str) -> Spent:
        """What the trace's calls take in a process that keeps its clients."""
        return self._program(Path(sys.executable).name, "-m", __spec__.name, "--calls", self._file(name))

    def script(self, lines: Sequence[str]) -> Spent:
        """What a script of lines takes."""
        path = self._folder / "script.sh"
        path.write_text("\n".join(lines))
        programs.reset(self._url)
        return _spent(
            resource.RUSAGE_CHILDREN,
            lambda: subprocess.run(["bash", "-e", path], stdout=subprocess.DEVNULL, check=True),
        )

    def _program(self, name: str, *args: str | Path, typed: str = "") -> Spent:
        programs.reset(self._url)

        def run() -> None:
            result = programs.run(name, *args, typed=typed)
            if result.code:
                raise SystemExit(f"{name}: {result.err}")

        return _spent(resource.RUSAGE_CHILDREN, run)

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.trace"


def call(path: Path) -> None:
    """Make a trace's calls, with one client for each service."""
    clients: dict[str, Any] = {}
    made = session.Session()
    for command in store.load_trace(path).commands:
        operation = command.operation
        assert operation is not None
        if operation.service not in clients:
            url = os.environ["AWS_ENDPOINT_URL"]
            clients[operation.service] = made.create_client(operation.service, endpoint_url=url)
        getattr(clients[operation.service], xform_name(operation.name))(**operation.parameters)


def replays(bench: Bench, pairs: int) -> dict[str, list[float]]:
    """The ratios of replays, beyond what it takes to start and to play one command of each kind."""
    bench.record("few", lines(1))
    bench.record("many", lines(1 + COMMANDS // ROUND))
    found: dict[str, list[float]] = {name: [] for name in list(AIMS)[:3]}
    for _ in range(pairs):
        start, bare_start, whole, bare_whole = _least(
            [partial(run, name) for name in ("few", "many") for run in (bench.replay, bench.call)]
        )
        replay, bare = whole - start, bare_whole - bare_start
        script = bench.script(lines(SCRIPT // ROUND)).cpu * COMMANDS / SCRIPT
        print(f"to start: replay {start}, clients {bare_start}")
        print(f"{COMMANDS} commands: replay {replay}, clients {bare}, script {script:.1f} s CPU")
        ratios = replay.cpu / bare.cpu, replay.wall / bare.wall, whole.cpu / script
        for name, ratio in zip(found, ratios, strict=True):
            found[name].append(ratio)
    return found


def _least(works: Sequence[Callable[[], Spent]]) -> list[Spent]:
    """The least that each of some works takes of a few times, in turns: what other programs do only adds to it."""
    rounds = [[work() for work in works] for _ in range(TIMES)]
    return [
        Spent(min(each.cpu for each in times), min(each.wall for each in times)) for times in zip(*rounds, strict=True)
    ]


def recordings(bench: Bench, pairs: int) -> list[float]:
    """The ratios of a recorded command, of many in one session, to a process."""
    found = []
    line = f"aws {' '.join(LISTING)} --endpoint-url {os.environ['AWS_ENDPOINT_URL']}"
    for _ in range(pairs):
        start, process = bench.record("one", [line]), bench.script([line] * 4).cpu / 4
        command = (bench.record("one", [line] * (1 + MORE)) - start).cpu / MORE
        print(f"a recorded command {command * 1e3:.1f} ms CPU, from {start}; aws {process * 1e3:.1f} ms")
        found.append(command / process)
    return found


class Idle(CallRecorder):
    """A capture that takes no part in anything."""

    def attach(self, events: Any) -> None:
        pass


def captures(pairs: int) -> list[float]:
    """The ratios of a command that is captured to one that isn't: the medians of many, one after the other."""
    from awstracer.aws import driver

    found = []
    aws = driver.AwsCli()
    aws.run(LISTING)
    for _ in range(pairs):
        spent: dict[type[CallRecorder], list[float]] = {CallRecorder: [], Idle: []}
        for number in range(2 * MORE):
            kind = (CallRecorder, Idle)[(number + number // 2) % 2]  # in turns, and each first in half of them
            driver.CallRecorder = kind  # type: ignore[attr-defined]
            started = time.process_time()
            aws.run(LISTING)
            spent[kind].append(time.process_time() - started)
        found.append(statistics.median(spent[CallRecorder]) / statistics.median(spent[Idle]))
    return found


@contextlib.contextmanager
def _place() -> Iterator[Bench]:
    """An empty home, and a cloud."""
    with tempfile.TemporaryDirectory() as folder, programs.moto() as url:
        for name in [name for name in os.environ if name.startswith("AWS_") and name != "AWS_DATA_PATH"]:
            del os.environ[name]
        os.environ.pop("PYTHONUNBUFFERED", None)  # each piece of an answer would be a write of its own
        os.environ |= {
            "HOME": folder,
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
            "PATH": f"{programs.BIN}:{os.environ['PATH']}",
        }
        yield Bench(url, Path(folder))


def main() -> int:
    parser = argparse.ArgumentParser(description="time replays and recorded commands")
    parser.add_argument("--pairs", type=int, default=9, help="how often each is measured (9)")
    parser.add_argument("--calls", type=Path, help="only make the calls of a trace")
    args = parser.parse_args()
    if args.calls:
        call(args.calls)
        return 0
    with _place() as bench:
        found = replays(bench, args.pairs)
        found["recorded command / aws, CPU"] = recordings(bench, args.pairs)
        with contextlib.redirect_stdout(io.StringIO()):
            captured = captures(args.pairs)
        found["with capture / without, CPU"] = captured
    medians = {name: statistics.median(found[name]) for name in AIMS}
    print(json.dumps({name: [round(ratio, 3) for ratio in ratios] for name, ratios in found.items()}))
    print("; ".join(f"{name}: {ratio:.3f} (aim {AIMS[name]})" for name, ratio in medians.items()))
    return 0 if all(medians[name] <= aim for name, aim in AIMS.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
