"""Is a command ever lost when a recording session is killed?

Types a script of cheap commands, with `:undo` and `:save` among them, to `awstrace-rec`, against a moto server,
and kills the session with SIGKILL at a random moment: while it starts, between and during commands, while it
saves. Then the trace file has to be absent, whole and old, or whole and saved at one of the two moments for that;
and a session that goes on has to save each command exactly once of which the following prompt was seen, and none
that was dropped before a prompt that was seen.

    python -m benchmarks.kill_sessions [KILLS]

Prints what was lost or torn, if anything was; the last line has the figures. Exit code 0 if nothing was, 1 if not.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from awstracer.errors import TraceError
from awstracer.trace import store
from awstracer.trace.journal import parse
from tests.programs import BIN, PATIENCE, PROMPT, moto, rec

KILLS, COMMANDS = 200, 5
SCRIPT = (0, 1, ":undo", 2, ":save", 3, 4)  # commands by number, and what the session is told
KEPT = ((), (0,), (0, 1), (0,), (0, 2), (0, 2), (0, 2, 3), (0, 2, 3, 4))  # after so many lines
SAVED = (KEPT[0], KEPT[5], KEPT[-1])
STARTING, WORKING, SAVING = 1.0, 0.06, 0.012  # seconds that these take, or a bit more


@dataclass(frozen=True)
class Moment:
    """When a session is killed: some time after it has shown so many prompts; after the last one it saves."""

    prompts: int
    seconds: float

    @classmethod
    def drawn(cls, dice: random.Random) -> Moment:
        """One in three while it saves."""
        prompts = dice.choice([*range(len(SCRIPT) + 1), *[len(SCRIPT) + 1] * 4])
        longest = STARTING if prompts == 0 else SAVING if prompts > len(SCRIPT) else WORKING
        return cls(prompts, dice.uniform(0, longest))


@dataclass(frozen=True)
class Finding:
    """What one kill left; `faults` says what is wrong with that."""

    stage: str
    accepted: int
    found: int
    faults: tuple[str, ...]


def killed(path: Path, lines: Sequence[str], moment: Moment) -> int:
    """Run a session on a trace file, kill it, and tell how many prompts it has shown."""
    process = subprocess.Popen(
        [BIN / "awstrace-rec", "--append", "--trace-file", path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin and process.stdout
    process.stdin.write("".join(f"{line}\n" for line in lines).encode())
    process.stdin.close()
    shown = b""
    while shown.count(PROMPT.encode()) < moment.prompts:
        some = os.read(process.stdout.fileno(), 1 << 16)
        assert some, shown
        shown += some
    time.sleep(moment.seconds)
    process.kill()
    shown += process.stdout.read()
    process.stdout.close()
    process.wait(PATIENCE)
    return shown.count(PROMPT.encode())


def typed(names: Sequence[str]) -> list[str]:
    """The script, with these users in it, and the answers to what is asked."""
    made = [f"aws iam create-user --user-name {name}" for name in names]
    return [text for line in SCRIPT for text in ([line] if isinstance(line, str) else [made[line], "y"])] + [
        "exit",
        "y",
    ]


def check(folder: Path, names: Sequence[str], moment: Moment) -> Finding:
    """Kill a session that makes these users, and look at what it left."""
    path, journal = folder / "t.trace", folder / "t.trace.journal"
    before = _made(path)
    prompts = killed(path, typed(names), moment)
    done = min(max(prompts - 1, 0), len(SCRIPT))
    kept = [[names[each] for each in numbers] for numbers in KEPT[done : done + 2]]
    faults = []

    saved = _made(path)
    if saved not in [before + [names[each] for each in numbers] for numbers in SAVED]:
        faults.append(f"the trace file has {saved}")
    has_journal = journal.exists() and bool(parse(journal.read_bytes()).commands)

    again = rec("-n", "--append", "--trace-file", path)
    found = _made(path)[len(before) :]
    if again.code != 0 or journal.exists() or found not in kept:
        faults.append(f"after {done} lines the next session ends with {again.code} {again.err!r} and has saved {found}")
    is_saved = saved == before + [names[each] for each in SAVED[-1]]
    return Finding(_stage(prompts, is_saved, journal_was=has_journal), len(kept[0]), len(found), tuple(faults))


def _stage(prompts: int, is_saved: bool, *, journal_was: bool) -> str:
    if is_saved:
        return "between saving and tidying up" if journal_was else "after all"
    if prompts > len(SCRIPT):
        return "before the trace was in place"
    return "during the commands" if prompts else "before the first prompt"


def _made(path: Path) -> list[str]:
    """The users that the commands in a trace file made."""
    if not path.exists():
        return []
    try:
        return [command.argv[-1] for command in store.load_trace(path).commands]
    except TraceError as error:
        raise SystemExit(f"{path} is torn: {error.reason}") from error


def kill(kills: int, folder: Path, seed: int) -> list[Finding]:
    """What so many kills leave, on new trace files and on some that have commands already."""
    dice = random.Random(seed)
    findings = []
    for number in range(kills):
        names = [f"u{number * COMMANDS + each}" for each in range(COMMANDS)]
        findings.append(check(folder, names, Moment.drawn(dice)))
        if dice.random() < 0.5:
            (folder / "t.trace").unlink(missing_ok=True)
    return findings


def main() -> int:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else KILLS
    with tempfile.TemporaryDirectory() as home, moto() as url:
        os.environ.update(
            HOME=home,
            AWS_ENDPOINT_URL=url,
            AWS_ACCESS_KEY_ID="testing",
            AWS_SECRET_ACCESS_KEY="testing",
            AWS_DEFAULT_REGION="us-east-1",
        )
        findings = kill(kills, Path(home), seed=kills)
    for number, finding in enumerate(findings, 1):
        for fault in finding.faults:
            print(f"kill {number}, {finding.stage}: {fault}")
    for stage, count in Counter(finding.stage for finding in findings).most_common():
        print(f"{count:6} kills {stage}")
    accepted, found = sum(each.accepted for each in findings), sum(each.found for each in findings)
    faults = sum(len(each.faults) for each in findings)
    told = f"{accepted} commands accepted, {found} found; {2 * len(findings)} times a trace file was checked"
    print(f"{len(findings)} kills, {told}; {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
