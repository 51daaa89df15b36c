"""A signal that comes after the prompt was shown, and before there is anybody who waits for keys."""

from __future__ import annotations

import pytest

from .programs import Terminal

pytestmark = pytest.mark.once

# readline's hook runs at just that moment, and forgets what is raised in it
SESSION = """
import os, readline, signal
from awstracer.console import Console
from awstracer.styles import PLAIN

class Ended(BaseException):
    pass

def end(number, _):
    raise Ended(signal.Signals(number).name)

def signal_once():
    readline.set_pre_input_hook(None)
    os.kill(os.getpid(), signal.{name})

signal.signal(signal.{name}, end)
readline.set_pre_input_hook(signal_once)
console = Console(styles=PLAIN, complete=lambda _: [])
try:
    console.read("(rec) ")
except Ended as ended:
    print("ended by", ended)
for _ in range(2):
    print("read", console.read("(rec) "))
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGHUP", "SIGTERM"])
def test_a_signal_that_comes_before_anybody_waits_ends_the_waiting_once(name: str) -> None:
    pytest.importorskip("readline")
    with Terminal("python", "-c", SESSION.format(name=name)) as terminal:
        terminal.wait(f"ended by {name}")
        for word in ("one", "two"):
            terminal.type(f"{word}\n")
            terminal.wait(f"read {word}")
