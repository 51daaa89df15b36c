"""What does it take to derive the relations of a large trace, and to show it in a dry run?

Makes traces of 100, 1,000 and 10,000 commands with responses of 2 KB, and prints for each the CPU
time of deriving its relations beside that of a plain `json.load` of the same file; and the CPU time
and the memory of `awstrace-play --dryrun`, from beginning to end.

    python -m benchmarks.relations_scale

The aims: ten times the commands take at most 13 times the time; of 10,000 commands the relations are
derived in 3 seconds, and the dry run takes 5 seconds and 250 MB.
Exit code 0 if they are met, 1 if not; the last line has the figures.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timezone
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from awstracer import tracefile
from awstracer.driver import AwsCli, query
from awstracer.relations import derive
from awstracer.trace import Call, Circumstances, Command, Operation, Trace

SIZES = (100, 1_000, 10_000)
GROWTH, DERIVING, SHOWING, MEMORY = 13.0, 3.0, 5.0, 250.0
ARN = "arn:aws:ec2:us-east-1:123456789012:subnet/"
# A process of its own, since a child's memory counts from when it was a copy of its parent.
MEASURED = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
"""
WORDS = ("ec2", "create-vpc-endpoint")
THEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


def made(size: int) -> Trace:
    """A trace in which each command uses what some earlier ones made."""
    dice = random.Random(size)
    ids: list[str] = []
    commands = []
    for number in range(size):
        known = dice.sample(ids, min(3, len(ids)))
        request: dict[str, Any] = {
            "SubnetIds": known,
            "ServiceName": f"thing-{number}-{dice.choice('abc')}",
            "PolicyDocument": json.dumps({"Resource": [f"{ARN}{each}" for each in known]}),
        }
        new = f"subnet-{dice.getrandbits(68):017x}"
        ids.append(new)
        response = {"Subnet": {"SubnetId": new, **filling(dice, number)}}
        call = Call("ec2", "CreateVpcEndpoint", request, response, None, "us-east-1", "r", THEN, THEN)
        argv = (*WORDS, "--query", "Subnet.SubnetId") if number % 2 else WORDS
        commands.append(Command(argv, Operation("ec2", "CreateVpcEndpoint", request), (call,), 0, THEN, THEN))
    return Trace(tuple(commands), Circumstances(region="us-east-1"))


def filling(dice: random.Random, number: int) -> dict[str, Any]:
    """About 2 KB of what responses are made of."""
    return {
        "OwnerId": "123456789012",
        "State": "available",
        "AvailabilityZone": "us-east-1a",
        "SubnetArn": f"arn:aws:ec2:us-east-1:123456789012:subnet/subnet-{dice.getrandbits(68):017x}",
        "Tags": [{"Key": f"key-{n}", "Value": f"value-{number}-{n}"} for n in range(12)],
        "Parts": [
            {"PartId": f"part-{dice.getrandbits(60):015x}", "Type": "part", "Size": n, "Ready": True} for n in range(8)
        ],
        "Description": "a thing that was made " * 10,
    }


def cpu(work: Callable[[], object]) -> float:
    """The CPU seconds that something takes, the least of three times."""
    times = []
    for _ in range(3):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)


def shown(text: str) -> tuple[float, float]:
    """The CPU seconds that a dry run of a trace takes, and the MB of memory that it has at most."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.trace"
        path.write_text(text, encoding="utf-8")
        play: list[str | Path] = [Path(sys.executable).with_name("awstrace-play"), "--trace-file", path, "--dryrun"]
        spent, memory = subprocess.check_output([sys.executable, "-c", MEASURED, *play], text=True).split()
    return float(spent), int(memory) / 1000


def main() -> int:
    derived, previews = [], []
    for size in SIZES:
        text = tracefile.dumps(made(size))
        deriving = cpu(partial(derive, tracefile.loads(text), query, AwsCli()))
        loading = cpu(partial(json.loads, text))
        showing, memory = shown(text)
        derived.append(deriving)
        previews.append((showing, memory))
        sizes = f"{size:6} commands, {len(text) / 1e6:6.1f} MB"
        times = f"derive {deriving:7.3f} s, json.load {loading:7.3f} s, dry run {showing:7.3f} s, {memory:4.0f} MB"
        print(f"{sizes}: {times}")
    growth = [later / earlier for earlier, later in pairwise(derived)]
    last = previews[-1][0] / previews[-2][0]
    told = ", ".join(f"{factor:.1f}" for factor in growth)
    print(
        f"growth for ten times the commands: {told}, of the dry run {last:.1f} (aim {GROWTH:.0f}); "
        f"the largest: {derived[-1]:.2f} s (aim {DERIVING:.0f} s), "
        f"dry run {previews[-1][0]:.2f} s (aim {SHOWING:.0f} s), {previews[-1][1]:.0f} MB (aim {MEMORY:.0f} MB)"
    )
    is_steady = max(*growth, last) <= GROWTH
    is_quick = derived[-1] <= DERIVING and previews[-1][0] <= SHOWING
    return 0 if is_steady and is_quick and previews[-1][1] <= MEMORY else 1


if __name__ == "__main__":
    sys.exit(main())
