"""Signals that are to end the waiting for a key do so.

Python's own code for terminals only looks for signals when the system stops its waiting for one: a signal that
came right before, when the prompt was shown already, was heard of at the next key.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

ENDING = frozenset(getattr(signal, name) for name in ("SIGINT", "SIGHUP", "SIGTERM") if hasattr(signal, name))
MOMENT, TIMES = 0.1, 10  # seconds in which a signal has ended the waiting, if it does; how often it is sent again


@contextmanager
def heeding() -> Iterator[None]:
    """While this lasts, a signal that should have ended it is sent again; for the main thread only."""
    if not hasattr(signal, "pthread_kill"):
        yield
        return
    receiver, sender = os.pipe()
    os.set_blocking(sender, False)
    over, lock = threading.Event(), threading.Lock()
    watching = threading.Thread(target=_watch, args=(receiver, over, lock, threading.get_ident()), daemon=True)
    before = signal.set_wakeup_fd(sender, warn_on_full_buffer=False)
    try:
        watching.start()
        yield
    finally:
        with lock:
            over.set()
        signal.set_wakeup_fd(before)  # at first, or numbers of signals could go into another file
        os.close(sender)
        watching.join()
        os.close(receiver)


def _watch(receiver: int, over: threading.Event, lock: threading.Lock, waiting: int) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # one that came here would wake nobody
    while (number := os.read(receiver, 1)) and number[0] not in ENDING:
        pass
    for _ in range(TIMES if number else 0):
        if over.wait(MOMENT):
            return
        with lock:
            if not over.is_set():
                signal.pthread_kill(waiting, number[0])
