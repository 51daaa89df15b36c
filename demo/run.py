"""The demo: a script and two sessions with awstrace-rec and awstrace-play, against a simulated AWS on this machine.

A moto server takes the place of AWS, so nothing here needs an account or reaches one. The commands are typed at a
pseudo-terminal, as a person would type them, and what the terminal shows is passed on. The results that matter are
checked: the demo ends with exit code 0 only if all are as they should be.

`make demo` runs it in an environment of its own. `--record FILE` keeps the run as an asciicast, from which `draw.py`
draws the picture in the README; the server's generated identifiers are the same in each run.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

import pexpect

SEED = 3  # for the identifiers that the server generates
TIMEOUT = 60  # seconds; far more than any step takes
CAST_SIZE = (100, 40)  # columns and rows of the recorded terminal
PTY_SIZE = (40, 200)  # rows and columns: wider than any typed line, so that readline never wraps one itself
KEPT_VARIABLES = ("LANG", "LC_ALL", "LC_CTYPE", "TMPDIR")
ESCAPE_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLOURS = r"(?:\x1b\[[0-9;]*m)*"
PROMPT, CONTINUATION = "(rec) ", "> "
ADD, SAVE = "Add command to trace cache? [y/N]: ", "Save cached trace to {}? [y/N]: "

POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
}

SETUP = """\
#!/bin/bash
vpc=$(aws ec2 create-vpc --cidr-block 10.0.0.0/16 --query Vpc.VpcId --output text)
for zone in a b; do
    cidr="10.0.$((n++)).0/24"
    aws ec2 create-subnet --vpc-id "$vpc" --availability-zone "us-east-1$zone" --cidr-block "$cidr" > /dev/null
done
aws ec2 create-security-group --vpc-id "$vpc" --group-name web --description web --query GroupId
"""

PLAY_SCRIPT = "awstrace-play --trace-file web.trace --region eu-west-1 -p group-name shop"

CREATE_TABLE = r"""
aws dynamodb create-table --table-name Music \
    --attribute-definitions AttributeName=Artist,AttributeType=S AttributeName=SongTitle,AttributeType=S \
    --key-schema AttributeName=Artist,KeyType=HASH AttributeName=SongTitle,KeyType=RANGE \
    --provisioned-throughput ReadCapacityUnits=10,WriteCapacityUnits=5
""".strip()

ITEM = {
    "Artist": {"S": "No One You Know"},
    "SongTitle": {"S": "Call Me Today"},
    "AlbumTitle": {"S": "Somewhat Famous"},
    "Awards": {"N": "1"},
}
KEY = {name: ITEM[name] for name in ("Artist", "SongTitle")}

PUT_ITEM = rf"""
aws dynamodb put-item --table-name Music \
    --item '{json.dumps(ITEM)}'
""".strip()

GET_ITEM = rf"""
aws dynamodb get-item --consistent-read --table-name test-table \
    --key '{json.dumps(KEY)}'
""".strip()

CREATE_POLICY = "aws iam create-policy --policy-name test-policy-1 --policy-document file://policy.json"

ATTACH_POLICY = r"""
aws iam attach-user-policy --user-name test-user-1 \
    --policy-arn {arn}
""".strip()

PLAY_USER = (
    "awstrace-play --trace-file trace-iam.trace -p user-name tu -p policy-name tp policy-document file://policy.json"
)

SCRIPT_LINES = [
    "(play) aws ec2 create-vpc ",
    "(play) aws ec2 create-subnet ",
    "(play) aws ec2 create-subnet ",
    "(play) aws ec2 create-security-group ",
]
USER_LINES = [
    "(play) aws iam create-user ",
    "(play) aws iam create-policy ",
    "(play) aws iam attach-user-policy ",
    "(play) aws iam list-attached-user-policies ",
]


class DemoFailed(Exception):
    """Something is not as it should be; says what, in one line."""


def check(holds: bool, complaint: str) -> None:
    """Fail with the complaint unless all is well."""
    if not holds:
        raise DemoFailed(complaint)


def plain(text: str) -> str:
    """What a terminal would show of a text, without its colours."""
    return ESCAPE_SEQUENCE.sub("", text).replace("\r", "")


# --- what is shown


class Screen:
    """The demo's output, and the recording of it.

    What a pseudo-terminal says is written as it comes. A pipe gets plain line ends.
    """

    def __init__(self, *, coloured: bool) -> None:
        self.coloured = coloured
        self.events: list[tuple[float, str]] = []
        self._started = time.monotonic()
        self._terminal = sys.stdout.isatty()

    def write(self, text: str) -> None:
        """Show and keep a piece of terminal output."""
        self.events.append((round(time.monotonic() - self._started, 6), text))
        sys.stdout.write(text if self._terminal else text.replace("\r", ""))

    def flush(self) -> None:
        """Let everything be seen."""
        sys.stdout.flush()

    def remark(self, text: str) -> None:
        """Say what comes next, as a comment in the shell."""
        self._say(f"\r\n\x1b[1m# {text}\x1b[0m\r\n" if self.coloured else f"\r\n# {text}\r\n")

    def shell_line(self, line: str) -> None:
        """Show a line as it would be typed at a shell."""
        self._say("$ " + line.replace("\n", "\r\n> ") + "\r\n")

    def _say(self, text: str) -> None:
        self.write(text)
        self.flush()


def save_cast(screen: Screen, path: Path) -> None:
    """Write everything that was shown as an asciicast, version 2."""
    width, height = CAST_SIZE
    header = {"version": 2, "width": width, "height": height, "timestamp": int(time.time()), "title": "awstracer"}
    lines = [json.dumps(header), *(json.dumps([moment, "o", text]) for moment, text in screen.events)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


# --- what is typed


@dataclass(frozen=True)
class Shell:
    """Runs programs at a pseudo-terminal in the scratch directory, and shows what comes of it."""

    screen: Screen
    directory: Path
    environment: Mapping[str, str]

    def run(self, line: str, *, exit_code: int = 0) -> str:
        """Run a shell line to its end and give back what it said, without colours."""
        with self._started(line, exit_code) as child:
            return _end(child, line)

    def record_script(self, trace_file: str, script: str) -> str:
        """Record a script, have its trace saved, and return what was printed."""
        line = f"awstrace-rec --trace-file {trace_file} -- {script}"
        with self._started(line, 0) as child:
            said = _until(child, SAVE.format(trace_file), line)
            child.sendline("y")
            _end(child, "y")
        check((self.directory / trace_file).is_file(), f"{line} left no trace file")
        return said

    @contextmanager
    def recording(self, trace_file: str) -> Iterator[Recording]:
        """A session with awstrace-rec, ended with Ctrl-D and saved."""
        line = f"awstrace-rec --trace-file {trace_file}"
        with self._started(line, 0) as child:
            _until(child, PROMPT, line)
            recording = Recording(child)
            yield recording
            recording.end(trace_file)
        check((self.directory / trace_file).is_file(), f"{line} left no trace file")

    @contextmanager
    def _started(self, line: str, exit_code: int) -> Iterator[pexpect.spawn[str]]:
        """A program at a terminal of its own, that has to end with this exit code."""
        self.screen.shell_line(line)
        program, *arguments = shlex.split(line.replace("\\\n", ""))
        child = pexpect.spawn(
            program,
            arguments,
            timeout=TIMEOUT,
            cwd=self.directory,
            env=dict(self.environment),
            encoding="utf-8",
            dimensions=PTY_SIZE,
        )
        child.logfile_read = self.screen
        child.delaybeforesend = None  # type is only sent when it was asked for
        try:
            yield child
            child.wait()
        finally:
            child.close(force=True)
        check(child.exitstatus == exit_code, f"{line!r} ended with {child.exitstatus}, not {exit_code}")


class Recording:
    """A running awstrace-rec that waits at its prompt."""

    def __init__(self, child: pexpect.spawn[str]) -> None:
        self._child = child

    def keep(self, command: str) -> str:
        """Type a command, perhaps over several lines, and have it added; gives back what it said."""
        *lines, last = command.split("\n")
        for line in lines:
            self._child.sendline(line)
            _until(self._child, CONTINUATION, line)
        self._child.sendline(last)
        said = _until(self._child, ADD, command)
        self._child.sendline("y")
        _until(self._child, PROMPT, "y")
        return said

    def end(self, trace_file: str) -> None:
        """Leave the session, and have the trace saved."""
        self._child.sendeof()
        _until(self._child, SAVE.format(trace_file), "Ctrl-D")
        self._child.sendline("y")
        _end(self._child, "y")


def _until(child: pexpect.spawn[str], prompt: str, typed: str) -> str:
    """What is said, without colours, until the program asks at the beginning of a line."""
    try:
        child.expect(rf"(?:^|\n){COLOURS}{re.escape(prompt)}{COLOURS}")
    except pexpect.EOF:
        raise DemoFailed(f"after {typed!r} the program ended, without asking {prompt!r}") from None
    except pexpect.TIMEOUT:
        raise DemoFailed(f"after {typed!r} the program did not ask {prompt!r} within {TIMEOUT} s") from None
    return plain(str(child.before))


def _end(child: pexpect.spawn[str], typed: str) -> str:
    """What is said, without colours, until the program ends."""
    try:
        child.expect(pexpect.EOF)
    except pexpect.TIMEOUT:
        raise DemoFailed(f"after {typed!r} the program did not end within {TIMEOUT} s") from None
    return plain(str(child.before))


# --- where it all happens


def environment(home: Path, endpoint: str, *, coloured: bool) -> dict[str, str]:
    """What the programs see: the simulated AWS and the scratch directory, none of the person's own settings."""
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    colours = {"TERM": "xterm-256color"} if coloured else {"TERM": "dumb", "NO_COLOR": "1"}
    return {
        **kept,
        **colours,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "HOME": str(home),
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


@contextmanager
def scratch_directory() -> Iterator[Path]:
    """A home that is gone afterwards; readline is told there to write nothing but what is typed."""
    with TemporaryDirectory(prefix="awstracer-demo-") as name:
        directory = Path(name)
        (directory / ".inputrc").write_text("set enable-bracketed-paste off\n", encoding="utf-8")
        (directory / "setup.sh").write_text(SETUP, encoding="utf-8")
        (directory / "setup.sh").chmod(0o755)
        (directory / "policy.json").write_text(json.dumps(POLICY, indent=4) + "\n", encoding="utf-8")
        yield directory


@contextmanager
def moto_server() -> Iterator[str]:
    """Run a simulated AWS on a free port of this machine, with the same generated values each time; yield its URL."""
    command = [sys.executable, "-u", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    server = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        endpoint = _endpoint(server)
        with urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/seed?a={SEED}", method="POST")):
            pass
        yield endpoint
    finally:
        server.terminate()
        server.wait()


def _endpoint(server: subprocess.Popen[str]) -> str:
    """Where the server listens, as soon as it says so."""
    assert server.stderr is not None
    said = ""
    too_late = threading.Timer(TIMEOUT, server.kill)
    too_late.start()
    for said in server.stderr:
        found = re.search(r"Running on (http://127\.0\.0\.1:\d+)", said)
        if found:
            too_late.cancel()
            threading.Thread(target=deque, args=(server.stderr, 0), daemon=True).start()  # so that its log never blocks
            return found[1]
    too_late.cancel()
    raise DemoFailed(f"the moto server did not start; it last said {said.strip()!r}")


# --- what is recorded and played


def show_script(shell: Shell) -> None:
    """EC2: a script with a network, played again in another region with another group name."""
    shell.screen.remark("Record a script")
    shell.run("cat setup.sh")
    shell.record_script("web.trace", "./setup.sh")

    shell.screen.remark("What would be played in another region, with another name? Nothing is sent yet")
    said = shell.run(f"{PLAY_SCRIPT} --dryrun")
    check_lines(said, SCRIPT_LINES)
    check("eu-west-1a" in said and "shop" in said, "the dry run does not show the new zone and the new name")

    shell.screen.remark("Play it")
    said = shell.run(PLAY_SCRIPT)
    vpcs = re.findall(r"vpc-[0-9a-f]+", said)
    check(len(vpcs) >= 4 and len(set(vpcs)) == 1, "the subnets and the group are not in the new VPC")


def show_table(shell: Shell) -> None:
    """DynamoDB: a table and an item, played again under another table name."""
    shell.screen.remark("Record how a table is made and filled")
    with shell.recording("create_table.trace") as recording:
        recording.keep(CREATE_TABLE)
        recording.keep(PUT_ITEM)

    shell.screen.remark("Played as it is, it stops at once: there is such a table now")
    said = shell.run("awstrace-play --trace-file create_table.trace", exit_code=1)
    check("ResourceInUseException" in said, "playing create_table.trace again did not meet the existing table")

    shell.screen.remark("Play it under another table name, and look for the item there")
    shell.run("awstrace-play --trace-file create_table.trace -p table-name test-table")
    said = shell.run(GET_ITEM)
    check("Somewhat Famous" in said, "the item is not in the table test-table")


def show_user(shell: Shell) -> None:
    """IAM: a user with a policy, whose ARN comes from a response; explained, then played under other names."""
    shell.screen.remark("Record how a user gets a policy; its ARN is pasted from what create-policy says")
    shell.run("cat policy.json")
    with shell.recording("trace-iam.trace") as recording:
        recording.keep("aws iam create-user --user-name test-user-1")
        recording.keep(ATTACH_POLICY.format(arn=printed_arn(recording.keep(CREATE_POLICY))))
        recording.keep("aws iam list-attached-user-policies --user-name test-user-1")

    shell.screen.remark("What would be played under other names? Nothing is sent yet")
    said = shell.run(f"{PLAY_USER} --dryrun")
    check_lines(said, USER_LINES)

    shell.screen.remark("And where do the values come from?")
    said = shell.run(f"{PLAY_USER} --dryrun --explain")
    check_lines([line for line in said.splitlines() if not line.startswith(" ")], USER_LINES)
    check("Policy.Arn" in said, "--explain does not tell that the ARN comes from create-policy's response")

    shell.screen.remark("Play it")
    said = shell.run(PLAY_USER)
    attached = re.search(r'"AttachedPolicies": \[\s*\{\s*"PolicyName": "(.*)"', said)
    check(attached is not None and attached[1] == "tp", "the policy tp is not attached to the user tu")


def printed_arn(said: str) -> str:
    """The ARN in what create-policy printed."""
    found = re.search(r'"Arn": "(arn:[^"]+)"', said)
    check(found is not None, "create-policy printed no ARN")
    return found[1] if found else ""


def check_lines(said: str | Sequence[str], beginnings: Sequence[str]) -> None:
    """The lines are these, one for each beginning."""
    lines = said.splitlines() if isinstance(said, str) else said
    right = len(lines) == len(beginnings) and all(map(str.startswith, lines, beginnings))
    check(right, f"the dry run does not show the {len(beginnings)} commands of the trace, but {list(lines)}")


# --- the command


def parser() -> argparse.ArgumentParser:
    """The parser of the demo's options."""
    made = argparse.ArgumentParser(description="Record a script and two sessions, and replay them, on a simulated AWS.")
    made.add_argument(
        "--color",
        action=argparse.BooleanOptionalAction,
        default=sys.stdout.isatty() and not os.environ.get("NO_COLOR"),
        help="show colours, or don't (default: in a terminal)",
    )
    made.add_argument("--record", type=Path, metavar="FILE", help="keep the run as an asciicast in FILE")
    return made


def run(screen: Screen) -> None:
    """Show the script and both sessions."""
    with moto_server() as endpoint, scratch_directory() as directory:
        shell = Shell(screen, directory, environment(directory, endpoint, coloured=screen.coloured))
        show_script(shell)
        show_table(shell)
        show_user(shell)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; 0 if all was as it should be."""
    args = parser().parse_args(argv)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    screen = Screen(coloured=args.color)
    try:
        run(screen)
        if args.record:
            save_cast(screen, args.record)
    except (DemoFailed, pexpect.ExceptionPexpect, OSError) as failure:
        screen.flush()
        print(f"\ndemo: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    print("\ndemo: all as it should be")
    return 0


def _leave(number: int, _: object) -> NoReturn:
    """End in an orderly way, so that the server ends too."""
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
