"""What recording costs a script: a call of `aws` under the recorder beside a plain `aws` process.

    python -m benchmarks.script_overhead [CALLS [PAIRS]]

A script makes so many calls (20) to a server on this machine, plain and under `awstrace-rec`, so many times (5).
The recorder's start, of which a script has one, is stated apart: it is what recording `true` takes. Exit code 0 if a
recorded call costs at most what a plain one does, by CPU and by the clock, 1 if not.
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


def measured(words: Sequence[str]) -> tuple[float, float]:
    """The seconds that a command takes: CPU, of all its processes, and by the clock."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    ended, after = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, ended - began


def ratios(calls: int) -> tuple[float, ...]:
    """One pair: the ratios of CPU and of time, and the recorder's start in seconds of both."""
    script = ("bash", "-c", f"for ((i = 0; i < {calls}; i++)); do aws sqs list-queues --endpoint-url $URL; done")
    plain, start, recorded = measured(script), measured([*REC, "true"]), measured([*REC, *script])
    cpu, clock = ((recorded[each] - start[each]) / plain[each] for each in (0, 1))
    print(
        f"  plain {plain[0]:.2f} s CPU, {plain[1]:.2f} s; recorded {recorded[0]:.2f} s CPU, {recorded[1]:.2f} s, "
        f"of which the start {start[0]:.2f} s CPU, {start[1]:.2f} s"
    )
    return cpu, clock, *start


def main() -> int:
    """Measure and print; the exit code."""
    calls, pairs = [int(word) for word in [*sys.argv[1:], *["20", "5"][len(sys.argv) - 1 :]]]
    with programs.moto() as url, tempfile.TemporaryDirectory() as home:
        os.chdir(home)
        credentials = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
        folders = f"{programs.BIN}{os.pathsep}{os.environ['PATH']}"
        os.environ.update(credentials, URL=url, HOME=home, PATH=folders, AWS_DEFAULT_REGION="us-east-1")
        print(f"{calls} calls, {pairs} pairs:")
        found = [ratios(calls) for _ in range(pairs)]
        cpu, clock, start_cpu, start = (statistics.median(each) for each in zip(*found, strict=True))
        os.chdir(Path("/"))
    print(
        f"a recorded call / a plain one: {cpu:.2f} CPU, {clock:.2f} time (aim {AIM}); "
        f"start {start_cpu:.2f} s CPU, {start:.2f} s"
    )
    return 0 if max(cpu, clock) <= AIM else 1


if __name__ == "__main__":
    sys.exit(main())
