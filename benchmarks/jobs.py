"""What `awstrace-play -j 10` gains where the API takes its time, and that it does the same.

    python -m benchmarks.jobs [RUNS]

A trace of 100 commands in 10 independent chains is replayed through a proxy that keeps each answer back for 100 ms:
one after the other, then so many times (20) with `-j 10`. Each time the server begins empty, and what it has in the
end, but for what it makes up, has to be the same. The last line are the figures: the median of the gains in time, and
how many runs ended in the same state; exit code 0 if that gain is 5 at least and all runs did, 1 if not.
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
MADE_UP = re.compile(r"\b[A-Za-z0-9]{20,21}\b|\d{4}-\d\d-\d\d[T ][\d:.]+\S*")
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
    """The commands, those of all chains in turn."""
    for line in CHAIN.strip().splitlines():
        for number in range(CHAINS):
            yield "aws " + line.replace("{n}", f"{number:02}").replace("{document}", DOCUMENT)


def state(url: str) -> str:
    """What a server has, but for what it makes up, in an order of its own."""
    with urllib.request.urlopen(f"{url}/moto-api/data.json", timeout=PATIENCE) as response:
        return json.dumps(_sorted(json.loads(MADE_UP.sub("", response.read().decode()))["iam"]))


def _sorted(node: object) -> object:
    if isinstance(node, dict):
        return sorted((key, _sorted(value)) for key, value in node.items())
    return sorted(map(_sorted, node), key=json.dumps) if isinstance(node, list) else node


def replayed(server: str, relay: Relay, *switches: str) -> tuple[float, str]:
    """The seconds that a replay takes, and what the server has then."""
    programs.reset(server)
    relay.faults["*"] = [Trouble(delay=DELAY) for _ in range(1000)]
    began = time.perf_counter()
    play = ["awstrace-play", "--trace-file", "chains.trace", "-s", "0", "--endpoint", relay.url, *switches]
    done = subprocess.run(play, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return time.perf_counter() - began, state(server)


def main() -> int:
    """Measure and print; the exit code."""
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
