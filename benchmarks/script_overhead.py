"""Measures what recording costs a script: a call of `aws` under the recorder, compared with a plain one.

    python -m benchmarks.script_overhead [CALLS [PAIRS]]

A script makes CALLS calls (20) to a server on this machine, without and with `awstrace-rec`, PAIRS times (5). A script
starts the recorder once; what that costs is measured by recording `true`, and subtracted. The exit code is 0 if a
recorded call takes at most the CPU time and the time of a plain one, 1 if not.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests import programs

AIM = 1.0
REC = ("awstrace-rec", "-n", "--overwrite", "--trace-file", "bench.trace", "--")


def measure(words: Sequence[str]) -> tuple[float, float]:
    """Return how many seconds a command takes: CPU time of all its processes, and time."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    ended, after = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, ended - began


def measure_pair(calls: int) -> tuple[float, ...]:
    """Measure one pair; return the ratios of CPU time and time, and both for the recorder's start."""
    script = ("bash", "-c", f"for ((i = 0; i < {calls}; i++)); do aws sqs list-queues --endpoint-url $URL; done")
    plain, start, recorded = measure(script), measure([*REC, "true"]), measure([*REC, *script])
    cpu, clock = ((recorded[each] - start[each]) / plain[each] for each in (0, 1))
    print(
        f"  plain {plain[0]:.2f} s CPU, {plain[1]:.2f} s; recorded {recorded[0]:.2f} s CPU, {recorded[1]:.2f} s, "
        f"of which the start {start[0]:.2f} s CPU, {start[1]:.2f} s"
    )
    return cpu, clock, *start


def main() -> int:
    """Measure, print, and return the exit code."""
    calls, pairs = [int(word) for word in [*sys.argv[1:], *["20", "5"][len(sys.argv) - 1 :]]]
    with programs.moto() as url, tempfile.TemporaryDirectory() as home:
        os.chdir(home)
        credentials = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
        folders = f"{programs.BIN}{os.pathsep}{os.environ['PATH']}"
        os.environ.update(credentials, URL=url, HOME=home, PATH=folders, AWS_DEFAULT_REGION="us-east-1")
        print(f"{calls} calls, {pairs} pairs:")
        found = [measure_pair(calls) for _ in range(pairs)]
        cpu, clock, start_cpu, start = (statistics.median(each) for each in zip(*found, strict=True))
        os.chdir(Path("/"))
    print(
        f"a recorded call / a plain one: {cpu:.2f} CPU, {clock:.2f} time (aim {AIM}); "
        f"start {start_cpu:.2f} s CPU, {start:.2f} s"
    )
    return 0 if max(cpu, clock) <= AIM else 1


if __name__ == "__main__":
    sys.exit(main())
