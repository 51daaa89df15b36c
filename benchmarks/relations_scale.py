"""Measure how the time of deriving relations grows with the size of the trace.

Makes traces of 100, 1,000 and 10,000 commands with responses of 2 KB, and prints for each the CPU time of deriving its
relations beside that of `json.loads` of the same text. The garbage collector is paused, as it is in a dry run.

    python -m benchmarks.relations_scale

Aims: ten times the commands take at most 13 times the time, and 10,000 commands 3 seconds.
Exit code: 0 if both are met, 1 if not. The last line has the figures.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable
from datetime import datetime, timezone
from functools import partial
from itertools import pairwise
from typing import Any

from awstracer.aws.catalog import Catalog
from awstracer.relations.deriver import derive
from awstracer.trace import store
from awstracer.trace.memory import gc_paused
from awstracer.trace.model import Call, Command, Operation, RecordingInfo, Trace
from awstracer.trace.query import evaluate

SIZES = (100, 1_000, 10_000)
GROWTH, LARGEST = 13.0, 3.0
ARN = "arn:aws:ec2:us-east-1:123456789012:subnet/"
WORDS = ("ec2", "create-vpc-endpoint")
THEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


def made(size: int) -> Trace:
    """Return a trace in which each command uses what some earlier ones created."""
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
    return Trace(tuple(commands), RecordingInfo(region="us-east-1"))


def filling(dice: random.Random, number: int) -> dict[str, Any]:
    """Return about 2 KB of typical response data that no request uses."""
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
    """Return the CPU seconds that `work` takes: the least of three times, since other programs use the machine too."""
    times = []
    for _ in range(3):
        started = time.process_time()
        with gc_paused():
            work()
        times.append(time.process_time() - started)
    return min(times)


def main() -> int:
    derived = []
    for size in SIZES:
        text = store.format_trace(made(size))
        derived.append(cpu(partial(derive, store.parse_trace(text), evaluate, Catalog())))
        loading = cpu(partial(json.loads, text))
        sizes = f"{size:6} commands, {len(text) / 1e6:6.1f} MB"
        print(f"{sizes}: derive {derived[-1]:7.3f} s, json.load {loading:7.3f} s")
    growth = [later / earlier for earlier, later in pairwise(derived)]
    told = ", ".join(f"{factor:.1f}" for factor in growth)
    print(
        f"growth for ten times the commands: {told} (aim {GROWTH:.0f}); "
        f"the largest: {derived[-1]:.2f} s (aim {LARGEST:.0f} s)"
    )
    return 0 if max(growth) <= GROWTH and derived[-1] <= LARGEST else 1


if __name__ == "__main__":
    sys.exit(main())
