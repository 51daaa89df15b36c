"""Plays foreign traces, each in a process of its own, and notes what they do on this machine; for `hostile_traces`.

A case is the line `s3 cp ../outside/canary.json s3://bkt/x`. Its process has a home folder of its own with a canary in
it, and plays the trace with `awstrace-play`'s own code. An audit hook of Python sees what is opened, changed, started
and connected to; requests are answered in the process. What comes back is an `Ending`: whether the line was played,
asked about or refused, and what it did that it must not do unasked.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from awstracer.aws import catalog, driver  # before botocore: it brings the botocore that is meant
from awstracer.cli import play_command, replay_view  # noqa: F401 - once, and not in each process
from awstracer.cli.main import play_main
from benchmarks.fuzz_traces import custom, one_awscli, operation

import botocore.awsrequest  # isort: skip
import botocore.compat  # isort: skip
import botocore.httpsession  # isort: skip

CLOUD, LISTENER = "http://cloud.test", "http://listener.test"
CANARY, RECORDED, SECONDS = "canary-5c1e", "part-0f3a9c", 20
PROGRAMS = ("ssh", "scp", "less", "groff", "session-manager-plugin", "npm", "pip", "dotnet", "nuget", "swift")
CHANGES = ("os.remove", "os.rmdir", "os.rename", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod")
STARTS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "pty.spawn")
CONNECTS = ("socket.connect", "socket.getaddrinfo")
PARTIAL = re.compile(r"\.[0-9A-Fa-f]{8}")  # s3transfer's name of what is downloaded to a key that is its prefix
Words = tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """A line of a command, what its `file://` words hold, and what an earlier command is answered; HOME is the home."""

    command: Words
    argv: Words
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    answer: str | None = None
    endpoint: bool = True

    def trace(self, home: Path) -> str:
        """The text of a foreign trace."""
        line = custom("", files={word: _json(value, home) for word, value in self.files.items()})
        line["argv"] = [word.replace("HOME", str(home)) if "$HOME" not in word else word for word in self.argv]
        asked = operation(
            "ssm get-parameter --name p", "ssm.GetParameter", {"Name": "p"}, {"Parameter": {"Value": RECORDED}}
        )
        commands = [line] if self.answer is None else [asked, line]
        return json.dumps({"version": 2, "recorded": {"region": "us-east-1"}, "commands": commands})

    def __str__(self) -> str:
        more = {"files": self.files, "answer": self.answer}
        return " ".join(self.argv) + "".join(f"  [{name}: {value}]" for name, value in more.items() if value)


def _json(content: str | bytes, home: Path) -> Any:
    if isinstance(content, str):
        return content.replace("HOME", str(home))
    return {"$bytes": base64.b64encode(content.replace(b"HOME", str(home).encode())).decode()}


# --- the machine


def make_home(home: Path) -> None:
    """Make a home folder, in it a current folder `work` with ordinary files, and what must not be touched."""
    contents = {
        **dict.fromkeys(["outside/canary.json", "work/.hidden/canary.json"], json.dumps({"x": CANARY})),
        **dict.fromkeys(["work/site/x", "work/site/v1/x", "work/template.json", "work/other/x"], '{"Resources": {}}'),
        "work/site/appspec.yml": "version: 0.0",
        ".aws/credentials": "[default]\naws_access_key_id=EVIL\naws_secret_access_key=x\n"
        "[evil]\naws_access_key_id=EVIL\naws_secret_access_key=x\n",
        **{f"bin/{name}": "#!/bin/sh\nexit 1\n" for name in PROGRAMS},
    }
    for name, content in contents.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(content, encoding="utf-8")
        (home / name).chmod(0o755)
    (home / "tmp").mkdir()
    links = {"link": "../outside", "deep": "site/v1", "chained/on": "../other", "other/out": "../../outside"}
    for name, target in links.items():
        (home / "work" / name).parent.mkdir(exist_ok=True)
        (home / "work" / name).symlink_to(target)


def _environment(home: Path) -> dict[str, str]:
    keep = {name: value for name, value in os.environ.items() if name in ("AWS_DATA_PATH", "LANG", "TERM")}
    own = {"HOME": str(home), "PATH": str(home / "bin"), "TMPDIR": str(home / "tmp"), "AWS_MAX_ATTEMPTS": "1"}
    key = {"AWS_ACCESS_KEY_ID": "MINE", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}
    return {**keep, **own, **key, "AWS_ENDPOINT_URL": CLOUD, "AWS_EC2_METADATA_DISABLED": "true"}


class Watch:
    """Notes what this process does that it must not do unasked."""

    def __init__(self, home: Path) -> None:
        self.effects: list[str] = []
        self._home, self._work = home, home / "work"
        self._files = {str(path) for path in self._work.rglob("*") if path.is_file()}

    def hook(self, event: str, args: tuple[Any, ...]) -> None:
        """An audit hook (`sys.addaudithook`); nothing is started, and nobody reached."""
        if event == "open" and isinstance(args[0], (str, bytes)):
            is_written = bool(args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC))
            if self._is_guarded(args[0], is_written=is_written):
                self.effects.append(f"{'wrote' if is_written else 'read'} {os.fsdecode(args[0])}")
        elif event in CHANGES:
            self._note_change(event, [each for each in args[:2] if isinstance(each, (str, bytes))])
        elif event in (*STARTS, *CONNECTS):
            self.effects.append(f"{event} {args[:2]}")
            raise PermissionError(event)

    def _note_change(self, event: str, paths: Sequence[str | bytes]) -> None:
        for path in map(os.fsdecode, paths):
            is_deleted = event == "os.remove" and os.path.realpath(path) in self._files
            if is_deleted or self._is_guarded(path, is_written=True):
                self.effects.append(f"{event} {path}")

    def _is_guarded(self, path: str | bytes, *, is_written: bool) -> bool:
        real = Path(os.path.realpath(os.fsdecode(path)))
        if not real.is_relative_to(self._home):
            return is_written and not str(real).startswith(("/dev/", "/proc/"))
        if real.is_relative_to(self._work):
            parts = real.relative_to(self._work).parts
            return any(part.startswith(".") and not PARTIAL.fullmatch(part) for part in parts)
        is_own = real.is_relative_to(self._home / "tmp")  # of awscli's own temporary files
        return not is_own and (is_written or not real.relative_to(self._home).parts[0].startswith((".aws", ".local")))


class Answers:
    """Answers what is sent, in place of botocore's HTTP session, and notes what reaches somebody else."""

    def __init__(self, watch: Watch, case: Case, home: Path) -> None:
        self._watch, self._case = watch, case
        self._parameter = (case.answer or "").replace("HOME", str(home))

    def send(self, request: Any) -> Any:
        """The answer to a request."""
        signature = str(request.headers.get("Authorization", ""))
        body = request.body.read() if hasattr(request.body, "read") else request.body or b""
        content = body if isinstance(body, bytes) else str(body).encode()
        is_elsewhere = self._case.endpoint and not str(urlsplit(request.url).hostname).endswith("cloud.test")
        if is_elsewhere or request.url.startswith(LISTENER) or "EVIL" in signature + request.url:
            self._watch.effects.append(f"reached {request.url}")
        if CANARY.encode() in content or CANARY in request.url + str(request.headers):
            self._watch.effects.append(f"sent the canary to {request.url}")
        if not self._case.endpoint and not signature and "Signature" not in request.url:
            self._watch.effects.append(f"sent without a signature {request.url}")
        return self._answer(request, signature)

    def _answer(self, request: Any, signature: str) -> Any:
        target = request.headers.get("X-Amz-Target", b"")
        name = (target.decode() if isinstance(target, bytes) else str(target)).rpartition(".")[2]
        location = {"Bucket": "bkt", "Key": "k"}
        credentials = {"AccessKeyId": "BUILD", "SecretAccessKey": "x", "SessionToken": "x"}
        known: dict[str, Any] = {
            "GetParameter": {"Parameter": {"Name": "p", "Type": "String", "Value": self._parameter}},
            "CreateBuild": {"Build": {"BuildId": "b"}},
            "DescribeCluster": {"Cluster": {"Status": {"State": "RUNNING"}, "MasterPublicDnsName": "master.test"}},
            "RequestUploadCredentials": {"UploadCredentials": credentials, "StorageLocation": location},
        }
        body = json.dumps(known.get(name, {})).encode() if name else b"<Response/>"
        if "/s3/" in signature and request.method == "GET":
            entry = "<Key>{}</Key><Size>1</Size><LastModified>2026-01-01T00:00:00Z</LastModified><ETag>x</ETag>"
            listed = "".join(f"<Contents>{entry.format(key)}</Contents>" for key in ("a", "b/c", "../up", "x/../../up"))
            body = f"<ListBucketResult>{listed}</ListBucketResult>".encode() if "list-type" in request.url else b"x"
        headers = botocore.compat.HTTPHeaders()
        named = {"ETag": '"x"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT", "Content-Length": str(len(body))}
        for header in named.items():
            headers[header[0]] = header[1]
        return botocore.awsrequest.AWSResponse(request.url, 200, headers, _Raw(body))


class _Raw(io.BytesIO):
    def stream(self, amount: int = 1024, decode_content: bool | None = None) -> Iterator[bytes]:  # noqa: ARG002
        yield from iter(lambda: self.read(amount), b"")


# --- playing


@dataclass(frozen=True)
class Ending:
    """How a replay ended (played, asked, refused), and what it did that it must not do unasked."""

    how: str
    effects: Sequence[str]
    said: str


def play(case: Case, *switches: str) -> Ending:
    """Play a case in a process of its own, with a home folder of its own."""
    home = Path(os.path.realpath(tempfile.mkdtemp()))
    make_home(home)
    receiving, sending = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(receiving)
        with contextlib.suppress(BaseException), os.fdopen(sending, "w", encoding="utf-8") as file:
            json.dump(_play_here(case, home, switches), file)
        os._exit(0)
    os.close(sending)
    with os.fdopen(receiving, encoding="utf-8") as file:
        text = file.read()
    os.waitpid(process, 0)
    shutil.rmtree(home)
    return Ending(*json.loads(text)) if text else Ending("died", ["the process died"], "")


def _play_here(case: Case, home: Path, switches: Sequence[str]) -> tuple[str, Sequence[str], str]:
    """Play a case in this process, which can do nothing else afterwards."""
    environment = _environment(home)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(home / "work")
    Path("t.trace").write_text(case.trace(home), encoding="utf-8")
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace") for _ in range(2))
    watch = Watch(home)
    answers = Answers(watch, case, home)
    botocore.httpsession.URLLib3Session.send = lambda _, request: answers.send(request)
    time.sleep = lambda _: None
    sys.stdin, tempfile.tempdir = io.StringIO(""), None
    signal.signal(signal.SIGALRM, lambda *_: sys.exit(9))
    signal.alarm(SECONDS)
    sys.addaudithook(watch.hook)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            endpoint = ["--endpoint", CLOUD] if case.endpoint else []
            code: Any = play_main(["--trace-file", "t.trace", *endpoint, *switches])
        except SystemExit as error:
            code = error.code
    effects = list(watch.effects)
    err.seek(0)
    return _how(code, said := err.read()), effects, said[-1000:]


def _how(code: Any, said: str) -> str:
    if code == 2:
        return "asked" if "nothing was sent" in said else "refused"
    return "refused" if "is not sent" in said else "played"


@contextlib.contextmanager
def prepared() -> Iterator[catalog.Catalog]:
    """Give what awscli offers, and have what reads awscli's models made once, before any case is played."""
    with one_awscli():
        aws = driver.AwsCli()
        aws.preload()
        yield aws.catalog
