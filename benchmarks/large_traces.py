"""What does it take to show a large trace in a dry run: to load it, derive its relations and print its lines?

Makes traces of 1,000 and 10,000 commands with responses of 2 KB, and prints for each the CPU time and the memory of
`awstrace-play --dryrun`, from beginning to end: the least time of three, since a machine that others use too varies,
and the most memory.

    python -m benchmarks.large_traces

The aims: ten times the commands take at most 13 times the time, and 10,000 commands 5 seconds and 250 MB.
Exit code 0 if all are met, 1 if not; the last line has the figures.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from awstracer import catalog, noting, queries, tracefile

from .relations_scale import made

SIZES = (1_000, 10_000)
GROWTH, LARGEST, MEMORY = 13.0, 5.0, 250.0
# A process of its own, since a child's memory counts from when it was a copy of its parent.
MEASURED = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


def shown(text: str) -> tuple[float, float]:
    """The CPU seconds that a dry run of a trace takes at least, of three, and the MB of memory that it has at most."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.trace"
        path.write_text(text, encoding="utf-8")
        play: list[str | Path] = [Path(sys.executable).with_name("awstrace-play"), "--trace-file", path, "--dryrun"]
        told = [subprocess.check_output([sys.executable, "-c", MEASURED, *play], text=True).split() for _ in range(3)]
    return min(float(spent) for spent, _ in told), max(int(memory) for _, memory in told) / 1000


def main() -> int:
    found = []
    for size in SIZES:
        trace = made(size)
        known = noting.noted(trace, queries.query, catalog.Catalog, catalog.VERSION)
        found.append(shown(tracefile.dumps(replace(trace, known=known))))
        print(f"{size:6} commands: dry run {found[-1][0]:7.3f} s, {found[-1][1]:4.0f} MB")
    growth, (seconds, memory) = found[-1][0] / found[0][0], found[-1]
    print(
        f"growth for ten times the commands: {growth:.1f} (aim {GROWTH:.0f}); the largest: {seconds:.2f} s "
        f"(aim {LARGEST:.0f} s), {memory:.0f} MB (aim {MEMORY:.0f} MB)"
    )
    return 0 if growth <= GROWTH and seconds <= LARGEST and memory <= MEMORY else 1


if __name__ == "__main__":
    sys.exit(main())
