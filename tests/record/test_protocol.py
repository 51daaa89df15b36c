"""The messages between a recorded script's processes and the recorder."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

import awstracer
from awstracer import plugin
from awstracer.aws import settings
from awstracer.record import aws_cli_v2, plugin_recorder, protocol, shim
from awstracer.record.protocol import Channel, Message

pytestmark = pytest.mark.once

REQUEST = protocol.RunRequest(
    argv=["iam", "list-users", "\udcff"],
    started=1.5,
    environment={"HOME": "/"},
    descriptors=[0, 1],
    umask=0o22,
    group=7,
    ignored=[],
)
MESSAGES = [
    REQUEST,
    protocol.RunDeclined(),
    protocol.RunStarted(17),
    protocol.RunEnded(exit_code=0),
    protocol.RunEnded(signal=15),
    protocol.SleepStarted(),
    protocol.SessionRequest(),
    protocol.SessionInfo(key="00ff", secrets=["s"], environment={"AWS_PROFILE": "p"}, keep_secrets=True),
    protocol.CommandReport(command={"argv": []}, secrets=["s"]),
    protocol.NoteReport("a\nb"),
    protocol.Acknowledgement(),
]


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Channel]]:
    """Both ends of a connection."""
    one, other = socket.socketpair(socket.AF_UNIX)
    with Channel(one) as client, Channel(other) as server:
        yield client, server


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_a_message_is_one_line(message: Message) -> None:
    line = protocol.encode(message)
    assert line.count(b"\n") == 1
    assert protocol.decode(line) == message


def test_every_kind_of_message_is_tested() -> None:
    assert {type(message) for message in MESSAGES} == set(protocol.MESSAGES.values())


@pytest.mark.parametrize(
    "line", [b"", b"{", b"[]", b"{}", b'{"message": "None"}', b'{"message": "RunStarted"}', b'{"message": []}']
)
def test_another_line_is_a_value_error(line: bytes) -> None:
    with pytest.raises(ValueError):
        protocol.decode(line)


def test_messages_arrive_whole_and_in_order_however_they_are_cut(ends: tuple[Channel, Channel]) -> None:
    client, server = ends
    content = b"".join(map(protocol.encode, MESSAGES))
    received: list[Message] = []
    for at in range(0, len(content), 50):
        client.socket.sendall(content[at : at + 50])
        received += server.receive_available()
    assert received == MESSAGES


def test_messages_that_arrive_at_once_are_received_one_by_one(ends: tuple[Channel, Channel]) -> None:
    client, server = ends
    client.send(protocol.RunStarted(1))
    client.send(protocol.RunEnded(exit_code=3))
    assert server.receive(protocol.RunStarted) == protocol.RunStarted(1)
    assert server.receive(protocol.RunEnded) == protocol.RunEnded(exit_code=3)


def test_open_files_come_along(ends: tuple[Channel, Channel], tmp_path: Path) -> None:
    client, server = ends
    with (tmp_path / "file").open("w") as file:
        client.send(REQUEST, [file.fileno()])
    assert server.receive(protocol.RunRequest) == REQUEST
    [number] = server.descriptors
    with os.fdopen(number, "w") as file:
        file.write("x")
    assert (tmp_path / "file").read_text() == "x"


def test_too_many_open_files_are_not_sent(ends: tuple[Channel, Channel]) -> None:
    with pytest.raises(OSError, match="too many"):
        ends[0].send(REQUEST, [0] * (protocol.MAX_DESCRIPTORS + 1))


def test_a_message_of_another_kind_and_the_end_are_told_apart(ends: tuple[Channel, Channel]) -> None:
    client, server = ends
    client.send(protocol.Acknowledgement())
    client.socket.close()
    with pytest.raises(ValueError, match="Acknowledgement"):
        server.receive(protocol.SessionInfo)
    with pytest.raises(ConnectionError):
        server.receive(protocol.SessionInfo)


def test_nobody_listens(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        protocol.connect(tmp_path)


# --- what runs inside other Pythons


@pytest.mark.parametrize("module", [plugin, plugin_recorder, shim, aws_cli_v2], ids=lambda module: module.__name__)
def test_the_plugin_and_the_shim_need_the_standard_library_alone(module: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "awstracer").symlink_to(Path(awstracer.__file__).parent)
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import {module.__name__}"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_shim_imports_little(tmp_path: Path) -> None:
    """Each `aws` and `sleep` of a script starts one."""
    (tmp_path / "awstracer").symlink_to(Path(awstracer.__file__).parent)
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import {shim.__name__}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    own = {name for name in done.stdout.split() if name.startswith("awstracer.") and name.count(".") > 1}
    assert own == {shim.__name__, protocol.__name__, settings.__name__}


def test_the_plugin_asks_for_a_module_that_there_is() -> None:
    assert find_spec(plugin.DRIVER) is not None
