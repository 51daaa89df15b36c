"""The programs as a person meets them: commands in processes of their own, sessions at a terminal, servers to talk to.

Everything takes its environment and its folder from the test, which gets both from `aws_home` in conftest.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from xml.sax.saxutils import escape

import pexpect

BIN = Path(sys.executable).parent
PATIENCE = 30
PROMPT, CONTINUATION = "(rec) ", "> "
INTERRUPT = "\x03"
ADD = "Add command to trace cache? [y/N]: "
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


# --- commands


@dataclass(frozen=True)
class Result:
    """How a program ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """The commands that a replay showed."""
        return [line for line in self.out.splitlines() if line.startswith("(play) ")]

    @property
    def answers(self) -> list[Any]:
        """What the commands of a replay printed, in order; None for nothing."""
        texts = re.split(r"^\(play\) .*\n", self.out, flags=re.MULTILINE)[1:]
        return [json.loads(text) if text.strip() else None for text in texts]


def run(program: str, *args: str | Path, typed: str = "") -> Result:
    """Run a program that stands beside this Python, its input from a file."""
    with tempfile.TemporaryFile() as file:
        file.write(typed.encode())
        file.seek(0)
        done = subprocess.run([BIN / program, *args], stdin=file, capture_output=True, timeout=PATIENCE, check=False)
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


def rec(*args: str | Path, lines: Iterable[str] = ()) -> Result:
    """Run `awstrace-rec` with these lines as its input."""
    return run("awstrace-rec", *args, typed="".join(f"{line}\n" for line in lines))


def play(*args: str | Path) -> Result:
    """Run `awstrace-play`."""
    return run("awstrace-play", *args)


def aws(*args: str | Path) -> Any:
    """What the real `aws` answers."""
    result = run("aws", *args)
    assert result.code == 0, result.err
    return json.loads(result.out) if result.out.strip() else None


def recorded(path: str | Path) -> list[dict[str, Any]]:
    """The commands in a trace file, as the file has them."""
    commands: list[dict[str, Any]] = json.loads(Path(path).read_text(encoding="utf-8"))["commands"]
    return commands


# --- terminals


def _heed_interrupts() -> None:
    """A shell starts what runs in its background with SIGINT ignored, and that is inherited."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Terminal:
    """A program at a terminal of its own, which is ended with the `with` block."""

    def __init__(self, program: str | Path, *args: str | Path) -> None:
        self._child = pexpect.spawn(
            str(BIN / program),
            [str(arg) for arg in args],
            encoding="utf-8",
            dimensions=(50, 400),
            timeout=PATIENCE,
            preexec_fn=_heed_interrupts,
        )

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._child.close(force=True)

    def wait(self, text: str) -> str:
        """Wait until a text is shown; what was shown before it, since the last wait."""
        self._child.expect_exact(text)
        return str(self._child.before)

    def type(self, text: str) -> None:
        """Press these keys."""
        self._child.send(text)

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self._child.send(INTERRUPT)

    def end_of_input(self) -> None:
        """Press Ctrl-D."""
        self._child.sendeof()

    def send_signal(self, number: int) -> None:
        """Send the program a signal, as a closed terminal or a shutdown does."""
        self._child.kill(number)

    def rest(self) -> str:
        """Wait until the program ends; what was shown since the last wait."""
        self._child.expect(pexpect.EOF)
        self._child.close()
        return str(self._child.before)

    @property
    def code(self) -> int | None:
        """The exit code of a program that has ended; None if a signal ended it."""
        return self._child.exitstatus


class Session(Terminal):
    """`awstrace-rec` at a terminal, from its first prompt on."""

    def __init__(self, *args: str | Path) -> None:
        super().__init__("awstrace-rec", *args)

    def __enter__(self) -> Session:
        return self

    def run(self, line: str) -> str:
        """Type a line at the prompt, and see what happens until the next one: nothing is asked."""
        self.type(f"{line}\n")
        shown = self.wait(PROMPT)
        assert "[y/N]" not in shown
        return shown

    def answer(self, question: str, reply: str) -> str:
        """Wait for a question and answer it; what was shown before the question."""
        shown = self.wait(question)
        self.type(f"{reply}\n")
        return shown

    def keep(self, line: str) -> str:
        """Type a line whose command succeeds, and keep the command."""
        self.type(f"{line}\n")
        shown = self.answer(ADD, "y")
        self.wait(PROMPT)
        return shown

    def save(self, path: str | Path, reply: str = "y") -> int | None:
        """End the session and say whether the trace is saved; the exit code."""
        self.type("exit\n")
        self.answer(f"Save cached trace to {path}? [y/N]: ", reply)
        self.rest()
        return self.code


# --- servers


def _is_up(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except (urllib.error.URLError, ConnectionError):
        return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextmanager
def moto() -> Iterator[str]:
    """A cloud of one's own: the URL of a moto server."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-p", str(port)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            while not _is_up(f"{url}/moto-api/data.json"):
                assert process.poll() is None, "moto ended"
                time.sleep(0.05)
            yield url
        finally:
            process.terminate()
            process.wait(PATIENCE)


def reset(url: str) -> None:
    """Empty a moto server."""
    with urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset", method="POST"), timeout=PATIENCE):
        pass


def users() -> list[str]:
    """The users that there are in the cloud at hand."""
    with urllib.request.urlopen(f"{os.environ['AWS_ENDPOINT_URL']}/moto-api/data.json", timeout=PATIENCE) as response:
        cloud = json.load(response)
    return [user["name"] for user in cloud.get("iam", {}).get("User", [])]


class Silent:
    """An endpoint that takes connections and never answers."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(PATIENCE)
        self._connections: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def wait(self) -> None:
        """Wait until somebody has asked something."""
        connection, _ = self._socket.accept()
        self._connections.append(connection)
        connection.settimeout(PATIENCE)
        assert connection.recv(1)

    def was_asked(self) -> bool:
        """Whether anybody has connected, of whom `wait` does not know."""
        self._socket.setblocking(False)
        try:
            self._connections.append(self._socket.accept()[0])
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Hang up."""
        for each in (self._socket, *self._connections):
            each.close()


# What two requests for the same may differ in: when, by whom and at which attempt they were sent.
PASSING = ("authorization", "x-amz-date", "user-agent", "amz-sdk-invocation-id", "amz-sdk-request", "host")


@dataclass(frozen=True)
class Http:
    """A request on the wire, without the headers that tell nothing of what is asked."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Trouble:
    """What a relay answers by itself; with no status it hangs up.

    heard   whether the server hears of the request all the same
    delay   seconds that the server's own answer is kept back; then there is no other trouble
    """

    status: int | None = None
    body: bytes = b""
    heard: bool = False
    delay: float = 0.0


def refusal(protocol: str, code: str, message: str = "", status: int = 400) -> Trouble:
    """A service's error, as services of a protocol (`json`, `query`, `ec2`, `s3`) spell it."""
    if protocol == "json":
        return Trouble(status, json.dumps({"__type": code, "message": message}).encode())
    error = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    around = {
        "query": f"<ErrorResponse>{error}<RequestId>r</RequestId></ErrorResponse>",
        "ec2": f"<Response><Errors>{error}</Errors><RequestID>r</RequestID></Response>",
        "s3": error,
    }
    return Trouble(status, around[protocol].encode())


@dataclass(frozen=True)
class Request:
    """What was asked through a relay: which operation, under which access key, in which region, and its members.

    Members are those of a JSON body, or the fields of a form. `http` is the request as it came.
    """

    operation: str
    key: str
    region: str
    members: dict[str, Any]
    http: Http


class Relay:
    """An endpoint that hands everything on to a server, and notes it, and what the server said.

    While there is `trouble`, requests meet with that instead, each with the next; `faults` are the same for the
    requests of operations whose names are like a pattern. Those for an operation that is `canned` always meet
    with its answer, and the server doesn't hear of them. With `tls` it speaks HTTPS.
    """

    def __init__(self, url: str, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.answers: list[bytes] = []
        self.trouble: list[Trouble] = []
        self.faults: dict[str, list[Trouble]] = {}
        self.canned: dict[str, Trouble] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _relaying(url, self))
        self._server.daemon_threads = True
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._server.server_port}"
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def played(self) -> list[Request]:
        """What commands asked for, in order; a replay's own question, which account this is, is left out."""
        return [request for request in self.requests if request.operation != "GetCallerIdentity"]

    @property
    def operations(self) -> list[str]:
        """The operations that commands asked for."""
        return [request.operation for request in self.played]

    def close(self) -> None:
        """Serve nobody any more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE)


def _relaying(url: str, relay: Relay) -> type[BaseHTTPRequestHandler]:
    target = urllib.parse.urlsplit(url)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # whoever asks before sending a body is told to go on
        disable_nagle_algorithm = True  # or a body waits 40 ms behind its headers

        def _relay(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = _noted(self, body)
            relay.requests.append(request)
            trouble = _trouble(relay, request.operation)
            if trouble is not None and not trouble.heard and not trouble.delay:
                self._fail(trouble)
                return
            connection = http.client.HTTPConnection(str(target.hostname), target.port, timeout=PATIENCE)
            connection.request(self.command, self.path, body, dict(self.headers))
            response = connection.getresponse()
            content = response.read()
            relay.answers.append(content)
            connection.close()
            if trouble is not None and trouble.heard:
                self._fail(trouble)
                return
            threading.Event().wait(trouble.delay if trouble is not None else 0)
            length = response.headers.get("Content-Length") if self.command == "HEAD" else None
            self._answer(response.status, response.getheaders(), content, length)

        def _answer(
            self, status: int, headers: Sequence[tuple[str, str]], content: bytes, length: str | None = None
        ) -> None:
            self.send_response(status)
            for name, value in headers:
                if name.lower() not in ("connection", "content-length", "transfer-encoding", "server", "date"):
                    self.send_header(name, value)
            self.send_header("Content-Length", length or str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _fail(self, trouble: Trouble) -> None:
            if trouble.status is None:
                self.close_connection = True
            else:
                self._answer(trouble.status, (), trouble.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _relay  # noqa: N815 - http.server's names

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


def _trouble(relay: Relay, operation: str) -> Trouble | None:
    """What the next request for an operation meets with."""
    if relay.trouble:
        return relay.trouble.pop(0)
    for pattern, waiting in relay.faults.items():
        if waiting and fnmatchcase(operation, pattern):
            return waiting.pop(0)
    return relay.canned.get(operation)


def _noted(handler: BaseHTTPRequestHandler, body: bytes) -> Request:
    scope = re.search(r"Credential=([^/]+)/\d+/([^/]+)/", handler.headers.get("Authorization", ""))
    key, region = scope.groups() if scope else ("", "")
    named = handler.headers.get("X-Amz-Target")
    members = (
        json.loads(body) if body.startswith(b"{") else dict(urllib.parse.parse_qsl(body.decode("utf-8", "replace")))
    )
    operation = named.rpartition(".")[2] if named else members.get("Action", f"{handler.command} {handler.path}")
    headers = {name: value for name, value in handler.headers.items() if name.lower() not in PASSING}
    return Request(operation, key, region, members, Http(handler.command, handler.path, headers, body))
