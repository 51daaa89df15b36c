"""Measures how much faster `awstrace-play -j 10` is where the API is slow, and checks that it does the same.

    python -m benchmarks.jobs [RUNS]

A trace of 100 commands in 10 independent chains is replayed through a proxy that delays each response by 100 ms: one
command after the other, then RUNS times (20) with `-j 10`. Each replay begins with an empty server. The server's state
at the end must be the same each time, but for generated ids and times. The last line has the figures: the median of the
speed-ups, and how many runs ended in the same state. The exit code is 0 if the speed-up is at least 5 and all runs did,
else 1.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator

from tests import programs
from tests.programs import PATIENCE, Relay, Trouble

CHAINS, DELAY, JOBS, AIM = 10, 0.1, "10", 5.0
GENERATED = re.compile(r"\b[A-Za-z0-9]{20,21}\b|\d{4}-\d\d-\d\d[T ][\d:.]+\S*")
DOCUMENT = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
CHAIN = """
iam create-user --user-name user-{n}x
iam create-group --group-name group-{n}x
iam add-user-to-group --user-name user-{n}x --group-name group-{n}x
iam create-policy --policy-name policy-{n}x --policy-document '{document}'
iam attach-user-policy --user-name user-{n}x --policy-arn arn:aws:iam::123456789012:policy/policy-{n}x
iam attach-group-policy --group-name group-{n}x --policy-arn arn:aws:iam::123456789012:policy/policy-{n}x
iam tag-user --user-name user-{n}x --tags Key=number,Value={n}
iam put-user-policy --user-name user-{n}x --policy-name inline-{n}x --policy-document '{document}'
iam get-user --user-name user-{n}x
iam list-attached-user-policies --user-name user-{n}x
"""


def lines() -> Iterator[str]:
    """Yield the commands: the first one of each chain, then the second one of each, and so on."""
    for line in CHAIN.strip().splitlines():
        for number in range(CHAINS):
            yield "aws " + line.replace("{n}", f"{number:02}").replace("{document}", DOCUMENT)


def state(url: str) -> str:
    """Return the state of a server without generated ids and times, in an order that is always the same."""
    with urllib.request.urlopen(f"{url}/moto-api/data.json", timeout=PATIENCE) as response:
        return json.dumps(_sorted(json.loads(GENERATED.sub("", response.read().decode()))["iam"]))


def _sorted(node: object) -> object:
    if isinstance(node, dict):
        return sorted((key, _sorted(value)) for key, value in node.items())
    return sorted(map(_sorted, node), key=json.dumps) if isinstance(node, list) else node


def replayed(server: str, relay: Relay, *switches: str) -> tuple[float, str]:
    """Return the seconds that a replay takes, and the state of the server after it."""
    programs.reset(server)
    relay.faults["*"] = [Trouble(delay=DELAY) for _ in range(1000)]
    began = time.perf_counter()
    play = ["awstrace-play", "--trace-file", "chains.trace", "-s", "0", "--endpoint", relay.url, *switches]
    done = subprocess.run(play, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return time.perf_counter() - began, state(server)


def main() -> int:
    """Measure and print; return the exit code."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with programs.moto() as server, tempfile.TemporaryDirectory() as home:
        os.chdir(home)
        os.environ.update(
            AWS_ACCESS_KEY_ID="testing",
            AWS_SECRET_ACCESS_KEY="testing",
            AWS_DEFAULT_REGION="us-east-1",
            AWS_ENDPOINT_URL=server,
            PATH=f"{programs.BIN}{os.pathsep}{os.environ['PATH']}",
            HOME=home,
        )
        assert programs.rec("-n", "--trace-file", "chains.trace", lines=list(lines())).code == 0
        relay = Relay(server)
        gains, same = [], 0
        alone, expected = replayed(server, relay)
        for number in range(runs):
            if number % 5 == 4:
                alone, _ = replayed(server, relay)
            seconds, found = replayed(server, relay, "-j", JOBS)
            print(f"  {alone:.2f} s, with -j {JOBS} {seconds:.2f} s", flush=True)
            gains.append(alone / seconds)
            same += found == expected
        relay.close()
        os.chdir("/")
    gain = statistics.median(gains)
    print(
        f"{len(list(lines()))} commands with -j {JOBS}: {gain:.1f} x as fast (aim {AIM}); same state {same} of {runs}"
    )
    return 0 if gain >= AIM and same == runs else 1


if __name__ == "__main__":
    sys.exit(main())
